"""Rules for embeds. Discord counts code points."""

from sandbox.discord.protocol import Json, JsonArray, JsonObject, is_array, is_object, objects
from sandbox.discord.rules.errors import FormErrors

MAX_EMBEDS = 10
MAX_TOTAL_TEXT = 6000
MAX_TITLE, MAX_DESCRIPTION, MAX_FOOTER, MAX_AUTHOR, MAX_FIELD_NAME, MAX_FIELD_VALUE = (
    256,
    4096,
    2048,
    256,
    256,
    1024,
)
MAX_FIELDS = 25
MAX_COLOR = 0xFFFFFF
SCHEMES = ("http://", "https://")
IMAGE_KEYS = ("image", "thumbnail")


def check_embeds(errors: FormErrors, embeds: Json) -> None:
    """Add the errors in ``embeds`` of a message."""
    if embeds is None:
        return
    if not is_array(embeds):
        errors.add(("embeds",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    errors.check_count(("embeds",), len(embeds), MAX_EMBEDS)
    for index, embed in enumerate(embeds):
        path = ("embeds", index)
        if is_object(embed):
            _check_embed(errors, path, embed)
        else:
            errors.add(path, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    if sum(_total_text(embed) for embed in objects(embeds)) > MAX_TOTAL_TEXT:
        message = f"Embed size exceeds maximum size of {MAX_TOTAL_TEXT}"
        errors.add(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", message)


def _check_embed(errors: FormErrors, path: tuple[str | int, ...], embed: JsonObject) -> None:
    errors.check_text((*path, "title"), embed.get("title"), MAX_TITLE)
    errors.check_text((*path, "description"), embed.get("description"), MAX_DESCRIPTION)
    errors.check_number((*path, "color"), embed.get("color"), 0, MAX_COLOR)
    _check_url(errors, (*path, "url"), embed.get("url"), SCHEMES)
    _check_part(errors, (*path, "footer"), embed.get("footer"), "text", MAX_FOOTER)
    _check_part(errors, (*path, "author"), embed.get("author"), "name", MAX_AUTHOR)
    for key in IMAGE_KEYS:
        part = embed.get(key)
        if is_object(part):
            url_path = (*path, key, "url")
            _check_url(errors, url_path, part.get("url"), (*SCHEMES, "attachment://"))
    fields: JsonArray = embed.get("fields") or []
    errors.check_count((*path, "fields"), len(fields), MAX_FIELDS)
    for index, field in enumerate(objects(fields)):
        name_path, value_path = (*path, "fields", index, "name"), (*path, "fields", index, "value")
        errors.check_text(name_path, field.get("name"), MAX_FIELD_NAME, min_length=1, required=True)
        errors.check_text(
            value_path, field.get("value"), MAX_FIELD_VALUE, min_length=1, required=True
        )


def _check_part(
    errors: FormErrors, path: tuple[str | int, ...], part: Json, key: str, max_length: int
) -> None:
    if is_object(part):
        errors.check_text((*path, key), part.get(key), max_length, required=True)
        for url in ("url", "icon_url"):
            _check_url(errors, (*path, url), part.get(url), (*SCHEMES, "attachment://"))


def _check_url(
    errors: FormErrors, path: tuple[str | int, ...], url: Json, schemes: tuple[str, ...]
) -> None:
    if url and not (isinstance(url, str) and url.lower().startswith(schemes) and " " not in url):
        errors.add(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def _total_text(embed: JsonObject) -> int:
    footer, author = embed.get("footer"), embed.get("author")
    texts = [
        embed.get("title"),
        embed.get("description"),
        footer.get("text") if is_object(footer) else None,
        author.get("name") if is_object(author) else None,
    ]
    for field in objects(embed.get("fields")):
        texts += [field.get("name"), field.get("value")]
    return sum(len(text) for text in texts if isinstance(text, str))


def is_empty(embed: JsonObject) -> bool:
    """Whether ``embed`` has nothing to show."""
    shown = ("title", "description", "fields", "footer", "author", "image", "thumbnail", "url")
    return not any(embed.get(key) for key in shown)
