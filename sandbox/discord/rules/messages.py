"""Rules for messages, new or edited."""

from collections.abc import Sequence

from sandbox.discord.errors import ApiError
from sandbox.discord.models import Message, Upload
from sandbox.discord.protocol import (
    Json,
    JsonArray,
    JsonObject,
    MessageFlag,
    is_array,
    is_integer,
    is_object,
    objects,
)
from sandbox.discord.rules.components import check_components
from sandbox.discord.rules.embeds import check_embeds, is_empty
from sandbox.discord.rules.errors import FormErrors

MAX_CONTENT = 2000
MAX_FILES = 10
PARSE_TYPES = frozenset({"users", "roles", "everyone"})
LAYOUT = int(MessageFlag.COMPONENTS_V2)


def check_message(
    body: JsonObject,
    files: Sequence[Upload],
    *,
    limit: int,
    existing: Message | None = None,
    path: tuple[str | int, ...] = (),
) -> None:
    """Check a message's body and ``files`` (each at most ``limit`` bytes).

    An edit keeps the fields of ``existing`` that ``body`` does not have.

    Raises:
        ApiError: 50035 for invalid fields, 50006 for an empty message, 40005 for a large file, 501
            for a poll.
    """
    if body.get("poll"):
        raise ApiError.not_modelled("polls")
    errors = FormErrors()
    flags = body.get("flags") or 0
    errors.check_number(("flags",), body.get("flags"), 0, 1 << 31)
    flags = (flags if is_integer(flags) else 0) | (existing.flags & LAYOUT if existing else 0)
    errors.check_text(("content",), body.get("content"), MAX_CONTENT)
    check_embeds(errors, body.get("embeds"))
    check_components(errors, body.get("components"), flags)
    _check_mentions(errors, body.get("allowed_mentions"))
    kept = check_attachments(errors, body.get("attachments"), files, existing)
    if flags & LAYOUT and (body.get("content") or body.get("embeds")):
        message = "The 'content' and 'embeds' fields cannot be used with IS_COMPONENTS_V2"
        errors.add(("content",), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)
    if errors.nested and path:
        for step in reversed(path):
            errors.nested = {str(step): errors.nested}
    errors.raise_if_any()
    if any(len(file.content) > limit for file in files):
        raise ApiError(40005)
    if not _is_not_empty(body, kept, existing):
        raise ApiError(50006)


def _is_not_empty(body: JsonObject, kept: int, existing: Message | None) -> bool:
    def now(key: str, before: Json) -> Json:
        return body.get(key, before)

    content = now("content", existing.content if existing else None)
    embeds: JsonArray = now("embeds", existing.embeds if existing else None) or []
    components = now("components", existing.components if existing else None)
    shown = [embed for embed in objects(embeds) if not is_empty(embed)]
    text = isinstance(content, str) and content.strip()
    return bool(text or shown or components or kept or body.get("sticker_ids"))


def check_attachments(
    errors: FormErrors, wanted: Json, files: Sequence[Upload], existing: Message | None
) -> int:
    """Add errors of attachments; return how many the message will have."""
    before = [attachment.id for attachment in existing.attachments] if existing else []
    if wanted is None:
        total = len(files) or len(before)
    else:
        total = len(files)
        for index, item in enumerate(objects(wanted)):
            number = str(item.get("id"))
            if number.isdigit() and int(number) in before:
                total += 1
            elif not (number.isdigit() and int(number) < len(files)):
                message = f"Attachment {number} is neither kept nor uploaded"
                errors.add(("attachments", index), "ATTACHMENT_NOT_FOUND", message)
    errors.check_count(("attachments",), total, MAX_FILES)
    return total


def _check_mentions(errors: FormErrors, mentions: Json) -> None:
    if not is_object(mentions):
        if mentions is not None:
            message = "Only dictionaries may be used in a ModelType"
            errors.add(("allowed_mentions",), "MODEL_TYPE_CONVERT", message)
        return
    parse: JsonArray = mentions.get("parse") or []
    if not is_array(mentions.get("parse", [])) or not PARSE_TYPES.issuperset(parse):
        message = "Value must be one of ('users', 'roles', 'everyone')."
        errors.add(("allowed_mentions", "parse"), "BASE_TYPE_CHOICES", message)
        return
    for kind in ("users", "roles"):
        if kind in parse and mentions.get(kind):
            message = f'parse:["{kind}"] and {kind}: [ids...] are mutually exclusive.'
            errors.add(("allowed_mentions",), "MESSAGE_ALLOWED_MENTIONS_PARSE_EXCLUSIVE", message)
        errors.check_count(("allowed_mentions", kind), len(mentions.get(kind) or []), 100)
