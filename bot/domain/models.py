"""The values that Encore keeps: clips, extensions, and the replies that show them.

All are frozen; `transitions` returns changed ones. Times are aware `datetime`s, `continue_at` and
durations of audio are seconds.
"""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from bot.domain.clip_reference import SongReference
from bot.domain.failures import NOT_CHARGED, Failure


class Kind(StrEnum):
    """What an extension asks for: a new part, or the full song up to a clip.

    A full song is accepted, shown and stored like any extension, so it is one.
    """

    PART = "part"
    CONCAT = "concat"  # the lineage joined by its provider, as a new clip
    SPLICE = "splice"  # the lineage joined by Encore, as a file; no provider is called

    @property
    def is_song(self) -> bool:
        """Whether it asks for a full song."""
        return self is not Kind.PART


class Status(StrEnum):
    """The status of an extension."""

    WAITING = "waiting"  # accepted by Encore, not yet sent
    SUBMITTING = "submitting"  # being sent, outcome unknown
    SUBMITTED = "submitted"  # the provider has it
    STREAMING = "streaming"  # a clip can be heard
    COMPLETE = "complete"
    FAILED = "failed"
    UNCONFIRMED = "unconfirmed"  # sent, never answered: it may have been charged
    EXPIRED = "expired"  # the provider never finished
    CANCELLED = "cancelled"  # by the member, while it was waiting

    @property
    def is_final(self) -> bool:
        """Whether the status can't change any more, except by *Check again*."""
        return self in FINAL

    @property
    def is_tracked(self) -> bool:
        """Whether its result is still to come."""
        return self in (Status.SUBMITTED, Status.STREAMING)


FINAL = frozenset(
    {Status.COMPLETE, Status.FAILED, Status.UNCONFIRMED, Status.EXPIRED, Status.CANCELLED}
)


class ClipStatus(StrEnum):
    """The status of a clip at its provider, in our words."""

    SUBMITTED = "submitted"
    QUEUED = "queued"
    STREAMING = "streaming"
    COMPLETE = "complete"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        """Whether the provider has finished the clip, or given it up."""
        return self in (ClipStatus.COMPLETE, ClipStatus.FAILED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clip:
    """A piece of audio with an id at a provider.

    Attributes:
        audio_url: the stream while the clip is streaming, the file once it is complete; None if
            there is nothing playable. That of a service which only Encore can
            reach begins with the provider's name in place of ``https``.
        duration: seconds of the whole file, known once the clip is complete.
        contains_source: whether the audio begins with the source's audio up to ``continue_at``,
            so that the new part begins there; otherwise the audio is the new part alone.
        error: why the provider failed to make it, fit to be shown.
    """

    id: str
    status: ClipStatus
    title: str = ""
    style: str = ""
    audio_url: str | None = None
    image_url: str | None = None
    duration: float | None = None
    error: str = ""
    contains_source: bool = False

    @property
    def is_playable(self) -> bool:
        """Whether it is complete and has audio."""
        return self.status is ClipStatus.COMPLETE and self.audio_url is not None

    @property
    def public_url(self) -> str | None:
        """The link that a member can open; None without audio, or where only Encore reaches it."""
        is_public = self.audio_url is not None and self.audio_url.startswith(("https:", "http:"))
        return self.audio_url if is_public else None


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtendRequest:
    """What a member asks a provider for.

    Attributes:
        provider: name of the provider; empty for a splice, which Encore makes itself.
        clip_id: the source clip; of a full song, the clip that it ends with.
        continue_at: seconds into the source at which the new part begins; None is its end.
        lyrics: empty for an instrumental continuation.
        style: style tags, in order.
        exclude: style tags to avoid, where the provider supports that.
        model: the provider's own name of a model; None is its default.
        length: seconds of the new part, where the provider can be told; None is its default.
    """

    provider: str
    clip_id: str
    continue_at: float | None = None
    lyrics: str = ""
    style: tuple[str, ...] = ()
    title: str = ""
    exclude: tuple[str, ...] = ()
    model: str | None = None
    length: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Handle:
    """What a provider gave us to fetch the result with: the id of a task, or of the new clips."""

    task_id: str | None = None
    clip_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """What a provider reports about one extension in one response.

    Attributes:
        clips: those in this response; a known clip that is missing is pending, not deleted.
        is_open: whether more clips may still appear (the task is running).
        error: why the whole extension failed at the provider, fit to be shown; None if it didn't.
        is_forgotten: whether the provider does not know the extension any more.
    """

    clips: tuple[Clip, ...] = ()
    is_open: bool = False
    error: str | None = None
    is_forgotten: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyRef:
    """The Discord message that shows an extension, and the routes by which it can be edited.

    Attributes:
        message_id: None until Discord has created the message.
        token: of the interaction that made it; never shown or logged.
        token_expires_at: when the token expires; None once it is invalid, or if there is none.
        editable_by_bot: whether the bot may edit it in its channel, which a user-installed app
            may not.
        attachment_limit: bytes that a file may have, as the interaction said; None if unknown.
        files_allowed: whether the token may attach files. Where a member brought Encore along,
            their own permission decides; elsewhere it may.
        reply_to_id: id of the message that it replies to; None for a command or a button.
        final_shown: whether it has shown a final status, so that no direct message is needed.
        unreachable: whether it can't be edited by any route any more.
        is_ephemeral: whether only the member who asked sees it, until they restart Discord. A
            server decides that where a member brought Encore along.
    """

    channel_id: int
    guild_id: int | None = None
    message_id: int | None = None
    token: str = field(default="", repr=False)
    token_expires_at: dt.datetime | None = None
    editable_by_bot: bool = True
    attachment_limit: int | None = None
    files_allowed: bool = True
    reply_to_id: int | None = None
    final_shown: bool = False
    unreachable: bool = False
    is_ephemeral: bool = False

    @property
    def home_guild_id(self) -> int | None:
        """The server that Encore is a member of; None elsewhere, as in direct messages.

        It is the answer for a new reply: later, one that Encore lost is not editable either.
        """
        return self.guild_id if self.editable_by_bot else None

    @property
    def url(self) -> str | None:
        """The link to the message; None until it has an id, and if it leads nowhere."""
        if self.message_id is None or self.is_ephemeral:
            return None
        place = self.guild_id or "@me"
        return f"https://discord.com/channels/{place}/{self.channel_id}/{self.message_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """One request to continue a clip, from its acceptance to its final status.

    Attributes:
        id: 0 until the store has accepted it.
        idempotency_key: the event that asked for it; unique, so that a repeated event can't pay
            twice.
        due_at: when to submit it or to fetch its result; while it is submitting, when that lease
            expires. Without meaning for a splice.
        deadline_at: when it expires if its provider has not finished it; None for a splice.
        kind: what is asked for.
        source_title: title of the source clip, as far as it was known.
        source_url: link to the reply that shows the source, if Encore made it.
        source_letter: the letter of the source clip; empty if it has none.
        part_number: the place of its clips in their lineage; a root is 1, and so is a full song.
        song_time: the second of a full song at which it continues, if the member named that; then
            ``continue_at`` is the same second of one part.
        member_name: how the member was called when they asked; empty if unknown.
        retake_of: id of the extension whose request this repeats.
        failure: why it ended without audio; while it is waiting, why it was postponed; while it
            is submitting, why its outcome is looked for.
        polled_at: the last time at which the provider reported that it was unfinished.
        no_audio_at: the last time at which the provider reported that no clip had audio.
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
    deadline_at: dt.datetime | None
    kind: Kind = Kind.PART
    source_title: str = ""
    source_url: str | None = None
    source_letter: str = ""
    part_number: int = 2
    song_time: float | None = None
    member_name: str = ""
    retake_of: int | None = None
    status: Status = Status.WAITING
    failure: Failure | None = None
    handle: Handle | None = None
    clips: tuple[Clip, ...] = ()
    submitted_at: dt.datetime | None = None
    streaming_at: dt.datetime | None = None
    finished_at: dt.datetime | None = None
    polled_at: dt.datetime | None = None
    no_audio_at: dt.datetime | None = None
    failures: int = 0
    revision: int = 1
    published: int = 0
    publish_failures: int = 0

    @property
    def title(self) -> str:
        """The title of the result."""
        titles = (clip.title for clip in self.clips if clip.title)
        return self.request.title or next(titles, "") or self.source_title or "Untitled"

    def new_part_start(self, clip: Clip) -> float:
        """Return the second of the audio of ``clip`` at which the part that it adds begins."""
        return (self.request.continue_at or 0.0) if clip.contains_source else 0.0

    def new_length(self, clip: Clip) -> float | None:
        """Return the seconds that ``clip`` adds to its source; None if they are unknown."""
        if clip.duration is None:
            return None
        return max(clip.duration - self.new_part_start(clip), 0.0)

    @property
    def may_be_charged(self) -> bool:
        """Whether it was charged, may have been, or may still be.

        What the provider took counts, even if it fails afterwards: not all of them refund that. A
        full song costs nothing.
        """
        if self.kind.is_song or self.status is Status.CANCELLED:
            return False
        is_refused = self.status is Status.FAILED and isinstance(self.failure, NOT_CHARGED)
        return self.handle is not None or not is_refused

    @property
    def is_without_audio(self) -> bool:
        """Whether it has ended and there is nothing to hear."""
        return self.status.is_final and self.status is not Status.COMPLETE

    @property
    def extendable_clip_ids(self) -> tuple[str, ...]:
        """The clips that can be extended: the playable ones; of a splice, the one it ends with."""
        if self.kind is Kind.SPLICE:
            return (self.request.clip_id,) if self.status is Status.COMPLETE else ()
        return tuple(clip.id for clip in self.clips if clip.is_playable)

    @property
    def extendable_references(self) -> tuple[str, ...]:
        """What the form takes to extend it: its clips, or the full song with its own clock."""
        if self.kind is Kind.SPLICE and self.extendable_clip_ids:
            return (str(SongReference(self.id)),)
        return self.extendable_clip_ids


@dataclass(frozen=True, slots=True, kw_only=True)
class ClipRecord:
    """A clip that an extension made or used, and where it comes from.

    Attributes:
        provider: name of the provider that has the clip.
        known_at: when the store last learned of it; in suggestions, when it was last made or used.
        letter: ``A``, ``B`` … among the clips of its extension; empty for a full song, and for a
            source clip that Encore did not make.
        extension_id: of the extension that made it; None for a source clip from elsewhere.
        reply_url: link to the reply that shows it, if Encore made it.
        is_removed: whether its member removed it from the library.
        part_number: its place in its lineage; a root is 1.
        member_name: who asked for it; empty if unknown.
        lyrics: of the new part; empty for an instrumental one, and if Encore did not make it.
        model: the one that its provider was asked for; None if Encore named none.
    """

    clip: Clip
    provider: str
    known_at: dt.datetime
    letter: str = ""
    extension_id: int | None = None
    reply_url: str | None = None
    is_removed: bool = False
    part_number: int = 1
    member_name: str = ""
    lyrics: str = field(default="", repr=False)
    model: str | None = None
