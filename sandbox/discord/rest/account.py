"""Routes about the application itself, the gateway, and users."""

from sandbox.discord import payloads
from sandbox.discord.errors import ApiError
from sandbox.discord.protocol import Intent, JsonObject
from sandbox.discord.rest.request import ResponseBody, RestRequest, Route
from sandbox.discord.state import DiscordState

# the application flag of each privileged intent
INTENT_FLAGS = {
    Intent.GUILD_PRESENCES: 1 << 13,
    Intent.GUILD_MEMBERS: 1 << 15,
    Intent.MESSAGE_CONTENT: 1 << 19,
}
MAX_SESSION_STARTS = 1000


def application_flags(state: DiscordState) -> int:
    """The application's flags: which privileged intents it may ask for."""
    return sum(flag for intent, flag in INTENT_FLAGS.items() if state.privileged_intents & intent)


def _application(request: RestRequest) -> ResponseBody:
    bot = request.state.bot
    owner = payloads.user(request.state.owner)
    payload: JsonObject = {
        "id": str(request.state.application_id),
        "name": bot.name,
        "icon": None,
        "description": "",
        "summary": "",
        "type": None,
        "bot": payloads.user(bot),
        "bot_public": True,
        "bot_require_code_grant": False,
        "integration_types_config": {"0": {}, "1": {}},
        "verify_key": "0" * 64,
        "flags": application_flags(request.state),
        "flags_new": str(application_flags(request.state)),
        "hook": True,
        "is_monetized": False,
        "owner": owner,
        "team": None,
        "redirect_uris": [],
        "interactions_endpoint_url": None,
        "role_connections_verification_url": None,
        "approximate_guild_count": 1,
        "approximate_user_install_count": 1,
        "approximate_user_authorization_count": 1,
        "explicit_content_filter": 0,
        "eligible_oauth2_scopes": ["bot", "applications.commands"],
        "rpc_origins": [],
    }
    return payload


def _gateway(request: RestRequest) -> ResponseBody:
    return {"url": request.context.gateway_url}


def _gateway_bot(request: RestRequest) -> ResponseBody:
    return {
        "url": request.context.gateway_url,
        "shards": request.context.shards,
        "session_start_limit": {
            "total": MAX_SESSION_STARTS,
            "remaining": MAX_SESSION_STARTS - 1,
            "reset_after": 14_400_000,
            "max_concurrency": 1,
        },
    }


def _own_user(request: RestRequest) -> ResponseBody:
    return payloads.own_user(request.state.bot)


def _user(request: RestRequest) -> ResponseBody:
    found = request.state.users.get(request.id("user_id"))
    if found is None:
        raise ApiError(10013)
    return payloads.user(found)


def _guilds(request: RestRequest) -> ResponseBody:
    state = request.state
    return [
        {
            "id": str(guild.id),
            "name": guild.name,
            "icon": None,
            "banner": None,
            "owner": False,
            "permissions": str(guild.roles[guild.id].permissions),
            "features": [],
        }
        for guild in state.guilds.values()
        if state.bot.id in guild.members
    ]


def _direct_channel(request: RestRequest) -> ResponseBody:
    number = str(request.body().get("recipient_id") or "")
    found = request.state.users.get(int(number)) if number.isdigit() else None
    if found is None:
        raise ApiError(10013)
    if found.bot:
        raise ApiError(50007)
    return payloads.channel(request.state.dm_channel(found))


ROUTES = [
    Route("GET", "/gateway", _gateway, public=True),
    Route("GET", "/gateway/bot", _gateway_bot),
    Route("GET", "/users/@me", _own_user),
    Route("GET", "/users/@me/guilds", _guilds),
    Route("POST", "/users/@me/channels", _direct_channel),
    Route("GET", "/users/{user_id}", _user),
    Route("GET", "/applications/@me", _application),
    Route("GET", "/oauth2/applications/@me", _application),
]
