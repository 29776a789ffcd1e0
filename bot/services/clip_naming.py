"""Which clip a member names: by an id, a Suno link, or a link to one of Encore's replies."""

from typing import NamedTuple

from bot.domain.clip_reference import (
    ClipId,
    MessageLink,
    ShortLink,
    SongReference,
    parse_clip_reference,
)
from bot.domain.errors import ClipNotFoundError, UserError
from bot.domain.models import Extension, Kind
from bot.domain.text import collapse_whitespace, escape_line, sanitize
from bot.store.store import Store

# Offered where there is no clip to pick; a member may send it as it is.
PASTE_HINT = "Paste a song link: on suno.com, Share → Copy link"
WAIT_OR_PICK = "Wait until it turns green, or pick another one."
UNKNOWN_CLIP = "I don't know that clip."
QUOTE_LENGTH = 60  # UTF-16 units of a member's own text that an answer repeats


class NamedClip(NamedTuple):
    """A clip that a member named.

    Attributes:
        clip_id: of a full song, the clip that it ends with.
        song: the full song that was named, if it is one that Encore joined.
    """

    clip_id: str
    song: Extension | None = None


class ClipNames:
    """Resolves what members type for a clip."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def resolve(self, text: str) -> NamedClip:
        """Return the clip that ``text`` names.

        Raises:
            ClipNotFoundError: it is no id and no link, but perhaps words of a clip.
            UserError: it names none.
        """
        text = collapse_whitespace(sanitize(text))
        match parse_clip_reference(text):
            case ClipId(value):
                return NamedClip(value)
            case ShortLink():
                raise UserError(
                    "That's a shortened link.", "Open it, and copy the link with `/song/` in it."
                )
            case MessageLink(message_id):
                ext = await self._store.find_by_reply(message_id)
                return NamedClip(_clip_id_of_reply(ext), _joined(ext))
            case SongReference(extension_id):
                # its reply may show it a moment before the store says that it is complete
                song = _joined(await self._store.extension(extension_id))
                clip_id = song.request.clip_id if song is not None else _clip_id_of_reply(None)
                return NamedClip(clip_id, song)
            case _ if text in ("", PASTE_HINT):
                raise UserError("You haven't picked a song yet.", f"{PASTE_HINT}.")
            case _:
                raise ClipNotFoundError(
                    f"I can't find “{escape_line(text, QUOTE_LENGTH)}”.",
                    "Paste a song link from suno.com, or pick from the list.",
                    text=text,
                )


def no_reply_of_encore() -> UserError:
    """Return the refusal of a message that shows no extension."""
    return UserError(
        "That's not a link to one of my replies.",
        "Open the reply's menu and choose *Copy Message Link*.",
    )


def no_finished_clip() -> UserError:
    """Return the refusal of a reply without a clip to continue or to join."""
    return UserError("That reply has no finished clip yet.", WAIT_OR_PICK)


def _joined(ext: Extension | None) -> Extension | None:
    """Return a full song that Encore joined; None for anything else."""
    return ext if ext is not None and ext.kind is Kind.SPLICE else None


def _clip_id_of_reply(ext: Extension | None) -> str:
    """Return the first clip of a reply that can be extended, else its first one."""
    if ext is None:
        raise no_reply_of_encore()
    if ext.extendable_clip_ids:
        return ext.extendable_clip_ids[0]
    if not ext.clips:
        raise no_finished_clip()
    return ext.clips[0].id
