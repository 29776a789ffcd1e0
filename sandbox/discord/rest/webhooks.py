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


def _create_response(call: RestRequest) -> ResponseBody:
    number, token = call.id("interaction_id"), call.params["interaction_token"]
    interaction = call.context.interactions.respond(number, token, call.json, call.files)
    if call.query.get("with_response", "").lower() not in {"true", "1"}:
        return None
    return _callback_response(call, interaction)


def _callback_response(call: RestRequest, interaction: Interaction) -> JsonObject:
    told: JsonObject = {"id": str(interaction.id), "type": interaction.type}
    told["channel_id"] = str(interaction.channel.id)
    if interaction.channel.guild is not None:
        told["guild_id"] = str(interaction.channel.guild.id)
    answer: JsonObject = {"interaction": told}
    if interaction.callback_type is not None:
        resource: JsonObject = {"type": int(interaction.callback_type)}
        answer["resource"] = resource
    if interaction.message is not None:
        told["response_message_id"] = str(interaction.message.id)
        told["response_message_loading"] = interaction.message.is_loading
        told["response_message_ephemeral"] = interaction.message.is_ephemeral
        message = payloads.message(interaction.message, call.state.bot)
        answer["resource"]["message"] = message
    return answer


def _valid_interaction(call: RestRequest) -> Interaction:
    token = call.params["webhook_token"]
    return call.context.interactions.by_valid_token(call.id("webhook_id"), token)


def _create_followup(call: RestRequest) -> ResponseBody:
    interactions = call.context.interactions
    message = interactions.send_followup(_valid_interaction(call), call.body(), call.files)
    return payloads.message(message, call.state.bot)


def _message_name(call: RestRequest) -> str:
    return call.params.get("message_id", "@original")


def _get_message(call: RestRequest) -> ResponseBody:
    message = call.context.interactions.find_message(_valid_interaction(call), _message_name(call))
    return payloads.message(message, call.state.bot)


def _edit_message(call: RestRequest) -> ResponseBody:
    interaction = _valid_interaction(call)
    interactions = call.context.interactions
    message = interactions.edit_message(interaction, _message_name(call), call.body(), call.files)
    return payloads.message(message, call.state.bot)


def _delete_message(call: RestRequest) -> ResponseBody:
    message = call.context.interactions.find_message(_valid_interaction(call), _message_name(call))
    messages.delete_message(call.state, message)


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
