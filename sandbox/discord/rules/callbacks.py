"""Which types of response an interaction allows."""

from sandbox.discord.interaction_models import Interaction
from sandbox.discord.protocol import CallbackType, InteractionType, Json, is_object
from sandbox.discord.rules.errors import FormErrors

ALLOWED_CALLBACKS = {
    InteractionType.COMMAND: {
        CallbackType.MESSAGE,
        CallbackType.DEFERRED_MESSAGE,
        CallbackType.MODAL,
    },
    InteractionType.AUTOCOMPLETE: {CallbackType.CHOICES},
    InteractionType.COMPONENT: {
        CallbackType.MESSAGE,
        CallbackType.DEFERRED_MESSAGE,
        CallbackType.DEFERRED_UPDATE,
        CallbackType.UPDATE,
        CallbackType.MODAL,
    },
    InteractionType.MODAL: {
        CallbackType.MESSAGE,
        CallbackType.DEFERRED_MESSAGE,
        CallbackType.DEFERRED_UPDATE,
        CallbackType.UPDATE,
    },
}
UPDATE_CALLBACKS = frozenset({CallbackType.UPDATE, CallbackType.DEFERRED_UPDATE})


def callback_type(interaction: Interaction, body: Json) -> CallbackType:
    """Return the response type in ``body``.

    Raises:
        ApiError: 50035 if the interaction does not allow it.
    """
    allowed = ALLOWED_CALLBACKS[InteractionType(interaction.type)]
    if interaction.type == InteractionType.MODAL and interaction.source is None:
        allowed = allowed - UPDATE_CALLBACKS
    kind = body.get("type") if is_object(body) else None
    if kind not in allowed:
        errors = FormErrors()
        names = ", ".join(str(int(each)) for each in sorted(allowed))
        errors.add(("type",), "BASE_TYPE_CHOICES", f"Value must be one of {{{names}}}.")
        errors.raise_if_any()
    return CallbackType(kind)
