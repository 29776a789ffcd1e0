"""Limits of embeds. Discord counts code points."""

from sandbox.discord.protocol import Json, JsonArray, JsonObject, is_array, is_object, objects
from sandbox.discord.rules.errors import Form

MOST_EMBEDS = 10
MOST_TOTAL = 6000
TITLE, DESCRIPTION, FOOTER, AUTHOR, FIELD_NAME, FIELD_VALUE = 256, 4096, 2048, 256, 256, 1024
MOST_FIELDS = 25
MOST_COLOR = 0xFFFFFF
SCHEMES = ("http://", "https://")
PICTURES = ("image", "thumbnail")


def check_embeds(form: Form, embeds: Json) -> None:
    """Note what is wrong with the ``embeds`` of a message."""
    if embeds is None:
        return
    if not is_array(embeds):
        form.wrong(("embeds",), "LIST_TYPE_CONVERT", "Only iterables may be used in a ListType")
        return
    form.count(("embeds",), len(embeds), MOST_EMBEDS)
    for index, embed in enumerate(embeds):
        place = ("embeds", index)
        if is_object(embed):
            _check_embed(form, place, embed)
        else:
            form.wrong(place, "MODEL_TYPE_CONVERT", "Only dictionaries may be used in a ModelType")
    if sum(_length(embed) for embed in objects(embeds)) > MOST_TOTAL:
        message = f"Embed size exceeds maximum size of {MOST_TOTAL}"
        form.wrong(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", message)


def _check_embed(form: Form, place: tuple[str | int, ...], embed: JsonObject) -> None:
    form.text((*place, "title"), embed.get("title"), TITLE)
    form.text((*place, "description"), embed.get("description"), DESCRIPTION)
    form.number((*place, "color"), embed.get("color"), 0, MOST_COLOR)
    _check_url(form, (*place, "url"), embed.get("url"), SCHEMES)
    _check_part(form, (*place, "footer"), embed.get("footer"), "text", FOOTER)
    _check_part(form, (*place, "author"), embed.get("author"), "name", AUTHOR)
    for picture in PICTURES:
        part = embed.get(picture)
        if is_object(part):
            where = (*place, picture, "url")
            _check_url(form, where, part.get("url"), (*SCHEMES, "attachment://"))
    fields: JsonArray = embed.get("fields") or []
    form.count((*place, "fields"), len(fields), MOST_FIELDS)
    for index, field in enumerate(objects(fields)):
        where = (*place, "fields", index)
        form.text((*where, "name"), field.get("name"), FIELD_NAME, shortest=1, required=True)
        form.text((*where, "value"), field.get("value"), FIELD_VALUE, shortest=1, required=True)


def _check_part(
    form: Form, place: tuple[str | int, ...], part: Json, key: str, longest: int
) -> None:
    if is_object(part):
        form.text((*place, key), part.get(key), longest, required=True)
        for url in ("url", "icon_url"):
            _check_url(form, (*place, url), part.get(url), (*SCHEMES, "attachment://"))


def _check_url(
    form: Form, place: tuple[str | int, ...], url: Json, schemes: tuple[str, ...]
) -> None:
    if url and not (isinstance(url, str) and url.lower().startswith(schemes) and " " not in url):
        form.wrong(place, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def _length(embed: JsonObject) -> int:
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
    """Whether a member would see nothing of ``embed``."""
    shown = ("title", "description", "fields", "footer", "author", "image", "thumbnail", "url")
    return not any(embed.get(key) for key in shown)
