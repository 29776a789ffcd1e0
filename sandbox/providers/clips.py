"""Clips, and the URLs of their audio and covers."""

import dataclasses
import datetime as dt
import enum
from typing import Final

from sandbox.providers.music import Segment, truncate_segments
from sandbox.providers.timeline import Milestones, Status

FORBIDDEN_LINK: Final = "https://studio-api.prod.suno.com/api/forbidden"


class LinkKind(enum.Enum):
    """The kind of audio URL that a complete clip has."""

    PLAYABLE = enum.auto()
    NONE_MP3 = enum.auto()
    FORBIDDEN = enum.auto()
    EMPTY = enum.auto()


@dataclasses.dataclass(slots=True, kw_only=True)
class Clip:
    """A clip at a provider. Its status is a function of time."""

    id: str
    title: str
    tags: str
    prompt: str
    created_at: dt.datetime
    milestones: Milestones
    segments: tuple[Segment, ...]
    source: "Clip | None" = None
    continue_at: float | None = None
    negative_tags: str = ""
    model: str = "chirp-v3"
    link_kind: LinkKind = LinkKind.PLAYABLE
    is_full_song: bool = False
    error_message: str | None = None

    @property
    def start(self) -> float:
        """The second of the song at which the clip begins."""
        return self.segments[0].start

    @property
    def duration(self) -> float:
        """The length of the audio in seconds, independent of the status."""
        return round(sum(segment.length for segment in self.segments), 3)

    def status(self, now: float) -> Status:
        """Return the status at ``now`` (seconds of the sandbox's clock)."""
        return self.milestones.status(now)

    def error_text(self, now: float) -> str | None:
        """Return why the clip failed; None unless it has."""
        return self.error_message if self.status(now) is Status.ERROR else None

    def full_song_segments(self) -> tuple[Segment, ...]:
        """Return the segments of the clip's lineage, each cut where the next one begins."""
        segments, clip = self.segments, self
        while clip.source is not None and clip.continue_at is not None and not clip.is_full_song:
            segments = truncate_segments(clip.source.segments, clip.continue_at) + segments
            clip = clip.source
        return segments


class Links:
    """The URLs of audio and covers below ``root``."""

    def __init__(self, root: str) -> None:
        self.root = root.rstrip("/")

    def audio_url(self, clip: Clip, now: float) -> str:
        """Return the audio URL for the clip's status."""
        match clip.status(now):
            case Status.SUBMITTED | Status.QUEUED:
                return ""
            case Status.STREAMING:
                return self.stream_url(clip)
            case Status.ERROR:
                return f"{self.root}/audio/None.mp3"
            case Status.COMPLETE:
                return self._final_link(clip)

    def stream_url(self, clip: Clip) -> str:
        """Return the URL of the stream in progress."""
        return f"{self.root}/audio/stream?item_id={clip.id}"

    def _final_link(self, clip: Clip) -> str:
        match clip.link_kind:
            case LinkKind.PLAYABLE:
                return f"{self.root}/audio/{clip.id}.mp3"
            case LinkKind.NONE_MP3:
                return f"{self.root}/audio/None.mp3"
            case LinkKind.FORBIDDEN:
                return FORBIDDEN_LINK
            case LinkKind.EMPTY:
                return ""

    def image_url(self, clip: Clip, now: float) -> str | None:
        """Return the cover's URL; None before ``streaming``."""
        if clip.status(now) not in {Status.STREAMING, Status.COMPLETE}:
            return None
        return f"{self.root}/audio/image_{clip.id}.png"
