"""The values Encore is about: clips, extensions, and the reply that shows one.

All are frozen; `transitions` makes new ones. Times are aware `datetime`s, `continue_at` and
durations of audio are seconds.
"""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum


class Kind(StrEnum):
    """What an extension asks for: a new part, or the song as it is, in one piece.

    A full song is asked for, waited for, shown and kept like any extension, so it is one.
    """

    PART = "part"
    CONCAT = "concat"  # the lineage joined by its provider, as a new clip
    SPLICE = "splice"  # the lineage joined by Encore, as a file

    @property
    def is_song(self) -> bool:
        """Whether it is the whole lineage in one piece."""
        return self is not Kind.PART


LOCAL_PROVIDER = "Encore"  # stands in place of the provider of a splice, and is nobody to be asked


class Status(StrEnum):
    """Where an extension stands (architecture §1)."""

    WAITING = "waiting"  # accepted by Encore, not yet sent
    SUBMITTING = "submitting"  # being sent, outcome unknown
    SUBMITTED = "submitted"  # the provider has it
    STREAMING = "streaming"  # something can be heard
    COMPLETE = "complete"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"  # sent, never answered: it may have been charged
    EXPIRED = "expired"  # the provider never finished
    CANCELLED = "cancelled"  # by the member, while it waited

    @property
    def is_final(self) -> bool:
        """Whether no news can move it any more."""
        return self in FINAL

    @property
    def is_tracked(self) -> bool:
        """Whether the provider is to be asked for it."""
        return self in (Status.SUBMITTED, Status.STREAMING)


FINAL = frozenset(
    {Status.COMPLETE, Status.FAILED, Status.UNCONFIRMED, Status.EXPIRED, Status.CANCELLED}
)


class ClipStatus(StrEnum):
    """Where a clip stands at its provider, in our words."""

    SUBMITTED = "submitted"
    QUEUED = "queued"
    STREAMING = "streaming"
    COMPLETE = "complete"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether the provider is done with the clip."""
        return self in (ClipStatus.COMPLETE, ClipStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A piece of audio with an id at a provider.

    Attributes:
        audio_url: where it can be heard now: the stream while it is streaming, the file once it
            is complete. None when there is nothing playable (providers.md §6.5).
        duration: seconds, known once the clip is complete.
        error: the provider's reason for a failed clip, fit to be shown.
    """

    id: str
    status: ClipStatus
    title: str = ""
    style: str = ""
    audio_url: str | None = None
    image_url: str | None = None
    duration: float | None = None
    error: str = ""

    @property
    def is_playable(self) -> bool:
        """Whether it is finished and can be heard."""
        return self.status is ClipStatus.COMPLETE and self.audio_url is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendRequest:
    """What a member asks a provider for.

    Attributes:
        clip_id: the source clip.
        continue_at: seconds into the source at which the new part begins; None is its end.
        lyrics: empty for an instrumental continuation.
        style: style tags, in order.
        exclude: style tags to keep out, where the provider takes them.
        model: the provider's own word for a model; None is its default.
    """

    provider: str
    clip_id: str
    continue_at: float | None = None
    lyrics: str = ""
    style: tuple[str, ...] = ()
    title: str = ""
    exclude: tuple[str, ...] = ()
    model: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """What a provider gave us to ask for the result with: a task, or the new clips themselves."""

    task_id: str | None = None
    clip_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a provider says of one extension right now.

    Attributes:
        clips: those it named in this answer; one that is missing is pending, not gone.
        is_open: whether more clips may still be named (a task that runs).
        error: why the whole extension failed at the provider, fit to be shown; None if it didn't.
    """

    clips: tuple[Clip, ...] = ()
    is_open: bool = False
    error: str | None = None


class ReasonKind(StrEnum):
    """Why an extension ended without audio, or waits longer than its place in line."""

    REJECTED = "rejected"
    OUT_OF_CREDITS = "out_of_credits"
    UNAUTHORIZED = "unauthorized"
    RATE_LIMITED = "rate_limited"
    UNAVAILABLE = "unavailable"
    UNCONFIRMED = "unconfirmed"
    GENERATION_FAILED = "generation_failed"
    NOT_PLAYABLE = "not_playable"
    LENGTH_UNKNOWN = "length_unknown"
    PAST_THE_END = "past_the_end"
    # of a song that Encore joins itself
    PART_UNAVAILABLE = "part_unavailable"  # text: the part's number, and its clip's id
    TOO_LARGE = "too_large"  # text: seconds of the song, bytes that a file may have
    NOT_ALLOWED = "not_allowed"  # to attach files
    UNEXPECTED = "unexpected"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """A kind, and the provider's own text where it is fit to be shown."""

    kind: ReasonKind
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRef:
    """The Discord message in which an extension is shown, and the ways that lead to it.

    Attributes:
        message_id: None until Discord has named it.
        token: of the interaction that made it; never shown or logged.
        token_expires_at: when the token dies; None once it is dead, or where there never was one.
        editable_by_bot: whether the bot may edit it as itself (not as a user-installed app).
        attachment_limit: bytes that a file may have, as the interaction told; None if none did.
        reply_to_id: id of the message that it answers; None if it answers a command or a button.
        final_shown: a final status has been shown, so that nobody has to be told by other ways.
        unreachable: no way leads to it any more.
    """

    channel_id: int
    guild_id: int | None = None
    message_id: int | None = None
    token: str = field(default="", repr=False)
    token_expires_at: dt.datetime | None = None
    editable_by_bot: bool = True
    attachment_limit: int | None = None
    reply_to_id: int | None = None
    final_shown: bool = False
    unreachable: bool = False

    @property
    def url(self) -> str | None:
        """The link to the message, once it has an id."""
        if self.message_id is None:
            return None
        place = self.guild_id or "@me"
        return f"https://discord.com/channels/{place}/{self.channel_id}/{self.message_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One request to continue a clip, from the moment it is accepted until its final status.

    Attributes:
        id: 0 until the store has accepted it.
        trigger: what asked for it; unique, so that a repeated event can't pay twice.
        kind: what is asked for; the request of a song names the clip that it ends with.
        source_title: of the clip that is continued, as far as it was known.
        source_url: link to the reply that shows the source, if Encore made it.
        retake_of: id of the extension whose request this asks for again.
        due_at: when its loop should look at it next: to submit, to fetch, or, while it is
            submitting, when that claim lapses.
        failures: attempts that failed in a row.
        revision: number of changes that a member can see.
        published: the revision that the reply shows; 0 is none.
        publish_failures: edits that failed in a row.
    """

    id: int = 0
    idempotency_key: str
    member_id: int
    request: ExtendRequest
    reply: ReplyRef
    created_at: dt.datetime
    due_at: dt.datetime
    deadline_at: dt.datetime
    kind: Kind = Kind.PART
    source_title: str = ""
    source_url: str | None = None
    retake_of: int | None = None
    status: Status = Status.WAITING
    reason: Reason | None = None
    handle: Handle | None = None
    clips: tuple[Clip, ...] = ()
    submitted_at: dt.datetime | None = None
    streaming_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    failures: int = 0
    revision: int = 1
    published: int = 0
    publish_failures: int = 0

    @property
    def title(self) -> str:
        """What to call the result."""
        titles = (clip.title for clip in self.clips if clip.title)
        return self.request.title or next(titles, "") or self.source_title or "Untitled"

    @property
    def extendable_clip_ids(self) -> tuple[str, ...]:
        """The ids of the clips from which the song can go on; of a splice, the one it ends with."""
        if self.kind is Kind.SPLICE:
            return (self.request.clip_id,) if self.status is Status.COMPLETE else ()
        return tuple(clip.id for clip in self.clips if clip.is_playable)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRecord:
    """A clip that was made or used here, with where it came from.

    Attributes:
        letter: ``A``, ``B`` … among the clips of its extension; empty for a full song, and for a
            source clip that Encore did not make.
        reply_url: link to the reply that shows it, if Encore made it.
        is_removed: whether its member took it out of the library.
    """

    clip: Clip
    provider: str
    known_at: dt.datetime
    letter: str = ""
    extension_id: int | None = None
    reply_url: str | None = None
    is_removed: bool = False
