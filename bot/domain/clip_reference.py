"""References to a clip that a member may type: an id, a Suno link, a link to a reply of Encore."""

import re
from dataclasses import dataclass

_UUID = r"(?:m_)?[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-z])"
_CLIP_ID = re.compile(rf"(?<![0-9a-z]){_UUID}", re.IGNORECASE)
# of a file that a member uploaded: the beginning of its SHA-256
_FILE_ID = re.compile(r"file-[0-9a-f]{32}")
_SUNO_LINK = re.compile(
    rf"(?:https?://)?(?:www\.|app\.)?suno\.(?:com|ai)/(?:song|s|embed)/(?P<id>{_UUID})",
    re.IGNORECASE,
)
_SUNO_ID = re.compile(_UUID.removeprefix("(?:m_)?"), re.IGNORECASE)
_SHORT_LINK = re.compile(r"(?:https?://)?(?:www\.)?suno\.com/s/[\w-]+", re.IGNORECASE)
_MESSAGE_LINK = re.compile(
    r"(?:https?://)?(?:\w+\.)?discord(?:app)?\.com/channels/(?:\d+|@me)/\d+/(?P<message>\d{15,20})",
    re.IGNORECASE | re.ASCII,
)
_SONG = re.compile(r"song-(?P<extension>\d{1,18})", re.ASCII)
_QUERY_OR_FRAGMENT = re.compile(r"[?#].*", re.DOTALL)
_MAX_SNOWFLAKE = 2**63 - 1


@dataclass(frozen=True, slots=True)
class ClipId:
    """A reference by the clip's own id."""

    value: str


@dataclass(frozen=True, slots=True)
class MessageLink:
    """A link to a message, which may be a reply of Encore."""

    message_id: int


@dataclass(frozen=True, slots=True)
class ShortLink:
    """A shortened Suno link, which only Suno can resolve."""


@dataclass(frozen=True, slots=True)
class SongReference:
    """A full song that Encore joined, which has no id at a provider."""

    extension_id: int

    def __str__(self) -> str:
        """Return the text that `parse_clip_reference` understands."""
        return f"song-{self.extension_id}"


def parse_clip_reference(text: str) -> ClipId | MessageLink | ShortLink | SongReference | None:
    """Return what ``text`` refers to, or None if it is no reference.

    The whole text has to be the reference; spaces, ``<…>`` around a link and its query or fragment
    are ignored.
    """
    text = _QUERY_OR_FRAGMENT.sub("", text.strip().strip("<>").strip()).rstrip("/")
    if _CLIP_ID.fullmatch(text) or is_file_id(text.lower()):
        return ClipId(text.lower())
    if found := _SUNO_LINK.fullmatch(text):
        return ClipId(found["id"].lower())
    if found := _MESSAGE_LINK.fullmatch(text):
        message_id = int(found["message"])
        return MessageLink(message_id) if message_id <= _MAX_SNOWFLAKE else None
    if _SHORT_LINK.fullmatch(text):
        return ShortLink()
    if found := _SONG.fullmatch(text):
        return SongReference(int(found["extension"]))
    return None


def suno_url(clip_id: str) -> str | None:
    """Return the link to a clip on Suno's own site; None if ``clip_id`` is none of Suno's."""
    return f"https://suno.com/song/{clip_id}" if _SUNO_ID.fullmatch(clip_id) else None


def file_id(digest: str) -> str:
    """Return the clip id of an uploaded file, by the SHA-256 of its content in hex."""
    return f"file-{digest[:32]}"


def is_file_id(clip_id: str) -> bool:
    """Whether a clip is a file that a member uploaded, which no provider knows by its id."""
    return _FILE_ID.fullmatch(clip_id) is not None


def find_clip_id(text: str) -> str | None:
    """Return the clip id of the first Suno link in ``text``, otherwise the first clip id.

    A part of a longer word is no id, but file names such as ``image_<id>.jpeg`` contain one.
    """
    link = _SUNO_LINK.search(text)
    if link:
        return link["id"].lower()
    clip_id = _CLIP_ID.search(text)
    return clip_id[0].lower() if clip_id else None
