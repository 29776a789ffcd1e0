"""Routes with which the bot answers interactions; their token is all the right they need."""

from sandbox.discord import messages, payloads
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.protocol import JsonObject
from sandbox.discord.ratelimits import WEBHOOK
from sandbox.discord.rest.request import Answer, Call, Route

CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
WEBHOOKS = "/webhooks/{webhook_id}/{webhook_token}"
ORIGINAL = WEBHOOKS + "/messages/@original"
MESSAGE = WEBHOOKS + "/messages/{message_id}"


def _respond(call: Call) -> Answer:
    number, token = call.id("interaction_id"), call.params["interaction_token"]
    interaction = call.site.interactions.respond(number, token, call.json, call.files)
    if call.query.get("with_response", "").lower() not in {"true", "1"}:
        return None
    return _callback_response(call, interaction)


def _callback_response(call: Call, interaction: Interaction) -> JsonObject:
    told: JsonObject = {"id": str(interaction.id), "type": interaction.type}
    told["channel_id"] = str(interaction.channel.id)
    if interaction.channel.guild is not None:
        told["guild_id"] = str(interaction.channel.guild.id)
    answer: JsonObject = {"interaction": told}
    if interaction.answer is not None:
        resource: JsonObject = {"type": int(interaction.answer)}
        answer["resource"] = resource
    if interaction.message is not None:
        told["response_message_id"] = str(interaction.message.id)
        told["response_message_loading"] = interaction.message.loading
        told["response_message_ephemeral"] = interaction.message.ephemeral
        message = payloads.message(interaction.message, call.world.bot)
        answer["resource"]["message"] = message
    return answer


def _living(call: Call) -> Interaction:
    token = call.params["webhook_token"]
    return call.site.interactions.living(call.id("webhook_id"), token)


def _follow_up(call: Call) -> Answer:
    interactions = call.site.interactions
    message = interactions.follow_up(_living(call), call.body(), call.files)
    return payloads.message(message, call.world.bot)


def _name(call: Call) -> str:
    return call.params.get("message_id", "@original")


def _one(call: Call) -> Answer:
    message = call.site.interactions.message_of(_living(call), _name(call))
    return payloads.message(message, call.world.bot)


def _edit(call: Call) -> Answer:
    interaction = _living(call)
    interactions = call.site.interactions
    message = interactions.edit(interaction, _name(call), call.body(), call.files)
    return payloads.message(message, call.world.bot)


def _remove(call: Call) -> Answer:
    message = call.site.interactions.message_of(_living(call), _name(call))
    messages.delete_message(call.world, message)


ROUTES = [
    Route("POST", CALLBACK, _respond, limit=None, public=True),
    Route("POST", WEBHOOKS, _follow_up, WEBHOOK, "webhook", public=True),
    *(
        route
        for template in (ORIGINAL, MESSAGE)
        for route in (
            Route("GET", template, _one, WEBHOOK, "webhook", public=True),
            Route("PATCH", template, _edit, WEBHOOK, "webhook", public=True),
            Route("DELETE", template, _remove, WEBHOOK, "webhook", public=True),
        )
    ),
]
