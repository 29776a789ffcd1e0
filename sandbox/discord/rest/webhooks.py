"""Routes with which the bot responds to interactions, authorized by the interaction's token."""

from sandbox.discord import messages, payloads
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.protocol import JsonObject
from sandbox.discord.ratelimits import WEBHOOK_LIMIT
from sandbox.discord.rest.request import ResponseBody, RestRequest, Route

CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
WEBHOOKS = "/webhooks/{webhook_id}/{webhook_token}"
ORIGINAL = WEBHOOKS + "/messages/@original"
MESSAGE = WEBHOOKS + "/messages/{message_id}"


def _create_response(request: RestRequest) -> ResponseBody:
    number, token = request.id("interaction_id"), request.params["interaction_token"]
    interaction = request.context.interactions.respond(number, token, request.json, request.files)
    if request.query.get("with_response", "").lower() not in {"true", "1"}:
        return None
    return _callback_response(request, interaction)


def _callback_response(request: RestRequest, interaction: Interaction) -> JsonObject:
    info: JsonObject = {"id": str(interaction.id), "type": interaction.type}
    info["channel_id"] = str(interaction.channel.id)
    if interaction.channel.guild is not None:
        info["guild_id"] = str(interaction.channel.guild.id)
    answer: JsonObject = {"interaction": info}
    if interaction.callback_type is not None:
        resource: JsonObject = {"type": int(interaction.callback_type)}
        answer["resource"] = resource
    if interaction.message is not None:
        info["response_message_id"] = str(interaction.message.id)
        info["response_message_loading"] = interaction.message.is_loading
        info["response_message_ephemeral"] = interaction.message.is_ephemeral
        message = payloads.message(interaction.message, request.state.bot)
        answer["resource"]["message"] = message
    return answer


def _valid_interaction(request: RestRequest) -> Interaction:
    token = request.params["webhook_token"]
    return request.context.interactions.by_valid_token(request.id("webhook_id"), token)


def _create_followup(request: RestRequest) -> ResponseBody:
    interactions = request.context.interactions
    message = interactions.send_followup(_valid_interaction(request), request.body(), request.files)
    return payloads.message(message, request.state.bot)


def _message_name(request: RestRequest) -> str:
    return request.params.get("message_id", "@original")


def _get_message(request: RestRequest) -> ResponseBody:
    message = request.context.interactions.find_message(
        _valid_interaction(request), _message_name(request)
    )
    return payloads.message(message, request.state.bot)


def _edit_message(request: RestRequest) -> ResponseBody:
    interaction = _valid_interaction(request)
    interactions = request.context.interactions
    message = interactions.edit_message(
        interaction, _message_name(request), request.body(), request.files
    )
    return payloads.message(message, request.state.bot)


def _delete_message(request: RestRequest) -> ResponseBody:
    message = request.context.interactions.find_message(
        _valid_interaction(request), _message_name(request)
    )
    messages.delete_message(request.state, message)


ROUTES = [
    Route("POST", CALLBACK, _create_response, limit=None, public=True),
    Route("POST", WEBHOOKS, _create_followup, WEBHOOK_LIMIT, "webhook", public=True),
    *(
        route
        for template in (ORIGINAL, MESSAGE)
        for route in (
            Route("GET", template, _get_message, WEBHOOK_LIMIT, "webhook", public=True),
            Route("PATCH", template, _edit_message, WEBHOOK_LIMIT, "webhook", public=True),
            Route("DELETE", template, _delete_message, WEBHOOK_LIMIT, "webhook", public=True),
        )
    ),
]
