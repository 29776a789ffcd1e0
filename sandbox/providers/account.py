"""The account at a provider: clips, credits, planned faults and logs, the same for all."""

import collections
import dataclasses
import datetime as dt
import random
from typing import Final

from sandbox.providers import sample_clips
from sandbox.providers.clips import Clip, LinkKind
from sandbox.providers.clock import Clock
from sandbox.providers.faults import CLIP_FAULTS, Fault, FaultPlan, On
from sandbox.providers.json_values import JsonObject
from sandbox.providers.music import Segment
from sandbox.providers.request_log import LoggedRequest, Submission, Violation, Work
from sandbox.providers.timeline import Status, Timeline

COST: Final = 10
MODERATION_TEXT: Final = "Prompt contained inappropriate material"
_LINK_KINDS: Final = {
    Fault.NONE_MP3: LinkKind.NONE_MP3,
    Fault.FORBIDDEN_LINK: LinkKind.FORBIDDEN,
    Fault.EMPTY_AUDIO_URL: LinkKind.EMPTY,
}


class AccountError(Exception):
    """The account refuses a request; nothing was created or charged."""


class NoCreditsError(AccountError):
    """The account has too few credits."""


class NoSuchClipError(AccountError):
    """The account has no such clip, or it is not complete."""


class BeyondEndError(AccountError):
    """``continue_at`` is outside the source clip."""


@dataclasses.dataclass(frozen=True, slots=True)
class ExtendParameters:
    """The parameters of an extension; without ``continue_at`` it begins at the clip's end."""

    clip_id: str
    continue_at: float | None
    prompt: str = ""
    title: str = ""
    tags: str = ""
    negative_tags: str = ""
    model: str = "chirp-v3"
    instrumental: bool = False


class ProviderAccount:
    """An account at one provider.

    Tests read ``requests`` (the latest 20 000), ``submissions`` (all accepted work), ``violations``
    and ``clips`` (by id, oldest first). They may set ``credits``, ``timeline`` and
    ``enforce_rate_limits`` at any time.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        timeline: Timeline,
        seed: int,
        has_sample_clips: bool = True,
    ) -> None:
        self.name = name
        self.clock = clock
        self.timeline = timeline
        self.credits = 10_000
        self.error_text = MODERATION_TEXT  # of clips that fail
        self.restarts = 0  # of a self-hosted service, which forgets its tasks
        self.enforce_rate_limits = True
        self.faults = FaultPlan()
        self.requests: collections.deque[LoggedRequest] = collections.deque(maxlen=20_000)
        self.submissions: list[Submission] = []
        self.violations: list[Violation] = []
        self._rng = random.Random(f"{seed} {name}")
        self._source_clips = sample_clips.create_sample_clips(self._rng) if has_sample_clips else []
        self.clips = {clip.id: clip for clip in self._source_clips}

    def source_clips(self) -> list[Clip]:
        """Return the clips that exist from the start; the first is *Electric Dreams* A."""
        return list(self._source_clips)

    def clip(self, clip_id: str) -> Clip:
        """Return a clip.

        Raises:
            NoSuchClipError: There is none with this id.
        """
        if clip_id not in self.clips:
            raise NoSuchClipError
        return self.clips[clip_id]

    def status(self, clip: Clip) -> Status:
        """Return the status of ``clip`` now."""
        return clip.status(self.clock.now())

    def fail_next(
        self,
        fault: Fault,
        *,
        on: On | None = None,
        count: int = 1,
        accepted: bool | None = None,
        retry_after: int = 2,
    ) -> None:
        """Inject a fault into the next ``count`` requests; see :meth:`FaultPlan.add`."""
        self.faults.add(fault, on=on, count=count, accepted=accepted, retry_after=retry_after)

    def advance(self, clip_id: str, status: Status, error_message: str | None = None) -> None:
        """Set the status of a clip at once."""
        clip = self.clip(clip_id)
        clip.milestones = clip.milestones.advanced(status, self.clock.now())
        if status is Status.ERROR:
            clip.error_message = error_message or self.error_text
        self.clock.wake_waiters()

    def restart(self) -> None:
        """Have the service forget its tasks, as one does that keeps them in memory only."""
        self.restarts += 1

    def new_id(self) -> str:
        """Return a new UUID."""
        return sample_clips.random_uuid(self._rng)

    def extend(self, parameters: ExtendParameters, request: JsonObject) -> list[Clip]:
        """Accept an extension: charge it and return its two clips, A and B.

        Raises:
            NoSuchClipError: The source is unknown or not complete.
            BeyondEndError: ``continue_at`` is outside it.
            NoCreditsError: Fewer than ten credits are left.
        """
        source = self._complete_clip(parameters.clip_id)
        continue_at = source.duration if parameters.continue_at is None else parameters.continue_at
        if not 0 < continue_at <= source.duration:
            raise BeyondEndError
        if self.credits < COST:
            raise NoCreditsError
        self.credits -= COST
        length = round(self._rng.uniform(*self.timeline.length), 2)
        clips: list[Clip] = []
        for milestones in self.timeline.draw_milestones(self._rng, self.clock.now(), 2):
            clip = Clip(
                id=self.new_id(),
                title=parameters.title or source.title,
                tags=parameters.tags or source.tags,
                prompt=parameters.prompt,
                created_at=dt.datetime.now(dt.UTC),
                milestones=milestones,
                segments=(
                    Segment(
                        song=source.segments[0].song,
                        take=self._rng.getrandbits(32),
                        start=source.start + continue_at,
                        length=length if not clips else self._twin_length(length),
                        voice=not (parameters.instrumental or _is_instrumental(parameters.prompt)),
                    ),
                ),
                source=source,
                continue_at=continue_at,
                negative_tags=parameters.negative_tags,
                model=parameters.model,
            )
            clips.append(clip)
        self._apply_clip_fault(clips)
        self._record_submission("extend", request, clips, COST)
        return clips

    def continue_audio(
        self,
        *,
        start: float,
        length: float,
        takes: int,
        song: int,
        prompt: str,
        tags: str,
        request: JsonObject,
    ) -> list[Clip]:
        """Accept to continue audio that came with the request; this is free.

        The clips have the new parts alone, of ``length`` seconds each, which may be 0. ``song``
        seeds what they have in common.
        """
        drawn = self.timeline.draw_milestones(self._rng, self.clock.now(), takes)
        clips = [
            Clip(
                id=self.new_id(),
                title="Continued audio",
                tags=tags,
                prompt=prompt,
                created_at=dt.datetime.now(dt.UTC),
                milestones=milestones,
                segments=(
                    Segment(
                        song=song,
                        take=self._rng.getrandbits(32),
                        start=start,
                        length=length,
                        voice=not _is_instrumental(prompt),
                    ),
                ),
                continue_at=start,
                model="acestep-v15-turbo",
            )
            for milestones in drawn
        ]
        self._apply_clip_fault(clips)
        self._record_submission("extend", request, clips, 0)
        return clips

    def concat(self, clip_id: str, request: JsonObject) -> Clip:
        """Accept to join a clip with all that precedes it; this is free.

        Raises:
            NoSuchClipError: The clip is unknown, not complete, or no extension.
        """
        part = self._complete_clip(clip_id)
        if part.source is None:
            raise NoSuchClipError
        (milestones,) = self.timeline.draw_milestones(self._rng, self.clock.now(), 1)
        clip = dataclasses.replace(
            part,
            id=self.new_id(),
            created_at=dt.datetime.now(dt.UTC),
            milestones=milestones,
            segments=part.full_song_segments(),
            link_kind=LinkKind.PLAYABLE,
            is_full_song=True,
        )
        self._apply_clip_fault([clip])
        self._record_submission("concat", request, [clip], 0)
        return clip

    def _complete_clip(self, clip_id: str) -> Clip:
        clip = self.clip(clip_id)
        if self.status(clip) is not Status.COMPLETE:
            raise NoSuchClipError
        return clip

    def _twin_length(self, length: float) -> float:
        """Return B's length: slightly different from A's, within the same range."""
        low, high = self.timeline.length
        return round(min(high, max(low, length + self._rng.uniform(-0.1, 0.1) * (high - low))), 2)

    def _record_submission(
        self, work: Work, request: JsonObject, clips: list[Clip], charged: int
    ) -> None:
        self.clips.update((clip.id, clip) for clip in clips)
        ids = tuple(clip.id for clip in clips)
        self.submissions.append(
            Submission(self.name, work, request, ids, charged, self.clock.now())
        )

    def _apply_clip_fault(self, clips: list[Clip]) -> None:
        """Apply the planned fault, if there is one, to new clips."""
        planned = self.faults.take("submit", CLIP_FAULTS)
        if planned is None:
            return
        fault = planned.fault
        doomed = clips[1:] if fault is Fault.TWIN_FAILS and len(clips) > 1 else clips
        for clip in doomed:
            times = clip.milestones
            if fault in {Fault.ERROR_CLIPS, Fault.TWIN_FAILS}:
                clip.milestones = dataclasses.replace(times, failed=times.streaming)
                clip.error_message = self.error_text
            elif fault is Fault.NEVER_FINISHES:
                clip.milestones = dataclasses.replace(times, complete=float("inf"))
            else:
                clip.link_kind = _LINK_KINDS[fault]


def _is_instrumental(prompt: str) -> bool:
    return prompt.strip().casefold() in {"", "[instrumental]"}
