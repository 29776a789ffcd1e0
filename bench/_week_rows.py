"""What members of a busy server leave in the database in a day, as the bot itself writes it."""

import datetime as dt
import json
import random
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace

from sqlalchemy import Table

from bot.domain.attachments import Attachment, AttachmentStatus
from bot.domain.failures import Failure, GenerationFailed, Unconfirmed
from bot.domain.form import Form
from bot.domain.models import (
    Clip,
    ClipStatus,
    ExtendRequest,
    Extension,
    Handle,
    Kind,
    ReplyRef,
    Status,
)
from bot.domain.sessions.models import (
    Ballot,
    Change,
    Count,
    Proposal,
    Round,
    RoundStatus,
    Session,
    SessionState,
    Vote,
)
from bot.domain.sessions.steps import IDLE, opened
from bot.store.rows import accepted_row, clip_row
from bot.store.schema import audio, clips, extensions

PROVIDERS = ("suno_api", "sunoapi_org", "aimlapi", "acestep")
PROVIDER_SHARES = (50, 25, 15, 10)
MAX_PARTS = 8  # of a song
DAY = dt.timedelta(days=1)
TOKEN_LIFETIME = dt.timedelta(minutes=15)
DEADLINE = dt.timedelta(minutes=15)
CHUNK = 1000  # extensions inserted at once

Insert = tuple[Table, list[dict[str, object]]]

_WORDS = (
    *("neon", "water", "engine", "rain", "mile", "refrain", "carry", "river", "midnight"),
    *("lantern", "harbour", "silver", "echo", "window", "thunder", "paper", "summer", "velvet"),
    *("horizon", "ember", "shadow", "garden", "signal", "winter", "mirror", "ocean", "copper"),
)
# parts of all extensions
_SONGS = 0.05
_RETAKES = 0.1
_REFUSED_TOKENS = 0.03
_FROM_ELSEWHERE = 0.15  # go on from a clip that Encore did not make
_ATTACHED = asdict(Attachment(clip_id="", outcome=AttachmentStatus.ATTACHED, duration=151.2))
_FAILURES: dict[Status, Callable[[], Failure | None]] = {
    Status.FAILED: lambda: GenerationFailed("The service could not finish it."),
    Status.UNCONFIRMED: Unconfirmed,
    Status.EXPIRED: lambda: None,
    Status.CANCELLED: lambda: None,
}


@dataclass(frozen=True)
class Guild:
    """A server; with the id None, all direct messages.

    Attributes:
        share: of all extensions, in percent.
    """

    id: int | None
    channels: tuple[int, ...]
    share: int


@dataclass
class Source:
    """A clip that members go on from, at a place in its lineage."""

    clip_id: str
    title: str
    provider: str
    part_number: int = 1


@dataclass
class Community:
    """The members of some servers, and what they do; the same seed gives the same."""

    members: Sequence[int]
    rng: random.Random = field(default_factory=lambda: random.Random(7))  # noqa: S311 - no secrets

    def __post_init__(self) -> None:
        """Make the servers: one with most of what is asked for, most of that in one channel."""
        shares = {10**18 + 1: 70, 10**18 + 2: 15, 10**18 + 3: 9, 10**18 + 4: 4, None: 2}
        self.guilds = [
            Guild(guild_id, tuple(10**18 + 1000 * number + n for n in range(1, 13)), share)
            for number, (guild_id, share) in enumerate(shares.items(), start=1)
        ]
        self._sources: dict[int | None, deque[Source]] = {
            guild.id: deque(maxlen=300) for guild in self.guilds
        }
        self._lyrics = [self._made_lyrics() for _ in range(2000)]
        self._latest: deque[Extension] = deque(maxlen=300)

    @property
    def busiest(self) -> Guild:
        """The server in which most is asked for."""
        return self.guilds[0]

    def rows_of_day(self, day: dt.datetime, count: int, first_id: int) -> Iterator[list[Insert]]:
        """Yield what is inserted for ``count`` extensions that were asked for and have ended."""
        for begin in range(0, count, CHUNK):
            numbers = range(begin, min(begin + CHUNK, count))
            inserts: dict[Table, list[dict[str, object]]] = {extensions: [], clips: [], audio: []}
            for number in numbers:
                # the last of them an hour before midnight
                at = day + (DAY - dt.timedelta(hours=1)) * number / count
                self._add_extension(inserts, first_id + number, at)
            yield [(table, rows) for table, rows in inserts.items() if rows]

    def asked_for(self, key: str, at: dt.datetime, **parts: object) -> Extension:
        """Return an extension that a member asks for now, in the busiest channel."""
        source = self.rng.choice(self._sources[self.busiest.id])
        ext = self._asked(0, at, self.busiest, self.busiest.channels[0], source)
        return replace(ext, idempotency_key=key, **parts)

    def ended(self, guild_id: int | None) -> Source:
        """Return one of the latest clips of a server."""
        return self.rng.choice(self._sources[guild_id])

    def latest_extension(self) -> Extension:
        """Return one of the latest that are complete."""
        return self.rng.choice(self._latest)

    def member(self) -> int:
        """Return a member; some ask much more often than others."""
        return self.members[int(len(self.members) * self.rng.random() ** 2)]

    def form(self) -> Form:
        """Return a form that a member filled in and could not send."""
        lyrics = self.rng.choice(self._lyrics)
        return Form(clip=str(uuid.UUID(int=self.rng.getrandbits(128))), at="1:00", lyrics=lyrics)

    def title(self) -> str:
        """Return the title of a song."""
        return " ".join(self.rng.choices(_WORDS, k=2)).title()

    def _made_lyrics(self) -> str:
        lines = [" ".join(self.rng.choices(_WORDS, k=7)) for _ in range(self.rng.randint(4, 20))]
        return "\n".join(["[Verse]", *lines])

    def _add_extension(
        self, inserts: dict[Table, list[dict[str, object]]], extension_id: int, at: dt.datetime
    ) -> None:
        [guild] = self.rng.choices(self.guilds, [each.share for each in self.guilds])
        source = self._source(inserts, guild, at)
        # the first channel has as much as half of the others
        channel = min(self.rng.choices(guild.channels, k=2))
        ext = self._ended(self._asked(extension_id, at, guild, channel, source))
        if ext.status is Status.COMPLETE:
            self._latest.append(ext)
        row = accepted_row(ext, ext.finished_at or at)
        known = {"shown_digest": f"{self.rng.getrandbits(256):064x}"}
        inserts[extensions].append(row | known | {"id": extension_id})
        for position, clip in enumerate(ext.clips):
            of_clip = clip_row(ext.request.provider, clip, ext.request.lyrics, ext.member_name)
            place = {"extension_id": extension_id, "position": position, "known_at": None}
            inserts[clips].append(of_clip | place)
            if ext.source_title and ext.part_number < MAX_PARTS:
                part_number = ext.part_number + 1
                made = Source(clip.id, clip.title, ext.request.provider, part_number - 1)
                self._sources[guild.id].append(made)
        if ext.status is Status.COMPLETE:
            inserts[audio].append(_attached_row(ext))

    def _source(
        self, inserts: dict[Table, list[dict[str, object]]], guild: Guild, at: dt.datetime
    ) -> Source:
        """Return a clip to go on from: one of the latest, or one from elsewhere."""
        known = self._sources[guild.id]
        if known and self.rng.random() > _FROM_ELSEWHERE:
            return self.rng.choice(known)
        provider = self.rng.choices(PROVIDERS, PROVIDER_SHARES)[0]
        clip = self._clip(self.title(), "synthwave, female voice")
        row = clip_row(provider, clip)
        inserts[clips].append(row | {"extension_id": None, "position": 0, "known_at": at})
        return Source(clip.id, clip.title, provider)

    def _asked(
        self, extension_id: int, at: dt.datetime, guild: Guild, channel: int, source: Source
    ) -> Extension:
        rng, member = self.rng, self.member()
        is_song = rng.random() < _SONGS
        kind = rng.choice((Kind.CONCAT, Kind.SPLICE)) if is_song else Kind.PART
        is_retake = not is_song and bool(self._latest) and rng.random() < _RETAKES
        return Extension(
            id=extension_id,
            idempotency_key=str(10**18 + rng.getrandbits(58)),
            kind=kind,
            member_id=member,
            member_name=f"Member {member % 10_000}",
            retake_of=rng.choice(self._latest).id if is_retake else None,
            request=ExtendRequest(
                provider="" if kind is Kind.SPLICE else source.provider,
                clip_id=source.clip_id,
                continue_at=None if is_song else round(rng.uniform(30, 180), 1),
                lyrics="" if is_song else rng.choice(self._lyrics),
                style=() if is_song else ("synthwave", "female voice", "dreamy"),
            ),
            source_title=source.title,
            source_url="https://discord.com/channels/" + "1" * 59,
            part_number=1 if is_song else source.part_number + 1,
            reply=ReplyRef(
                channel_id=channel,
                guild_id=guild.id,
                message_id=10**18 + rng.getrandbits(58),
                token="t" * 190,  # as long as Discord's
                token_expires_at=None if rng.random() < _REFUSED_TOKENS else at + TOKEN_LIFETIME,
                attachment_limit=10 * 1024 * 1024,
                editable_by_bot=guild.id is not None,
            ),
            created_at=at,
            due_at=at,
            deadline_at=None if kind is Kind.SPLICE else at + DEADLINE,
        )

    def _ended(self, ext: Extension) -> Extension:
        """Return ``ext`` as it is when its reply shows its end."""
        rng, at = self.rng, ext.created_at
        statuses = (Status.COMPLETE, *_FAILURES)
        [status] = rng.choices(statuses, (91, 5, 1, 1, 2))
        is_complete, second = status is Status.COMPLETE, dt.timedelta(seconds=1)
        failure = None if is_complete else _FAILURES[status]()
        made: tuple[Clip, ...] = ()
        if is_complete and ext.kind is not Kind.SPLICE:
            count = 1 if ext.kind is Kind.CONCAT else 2
            made = tuple(
                self._clip(ext.source_title, ", ".join(ext.request.style)) for _ in range(count)
            )
        handle = Handle(task_id=None, clip_ids=tuple(clip.id for clip in made)) if made else None
        return replace(
            ext,
            status=status,
            failure=failure,
            handle=handle,
            clips=made,
            submitted_at=at + 2 * second,
            no_audio_at=at + 30 * second,
            streaming_at=at + 40 * second if is_complete else None,
            polled_at=at + 118 * second,
            finished_at=at + 120 * second,
            revision=6,
            published=6,
            reply=replace(ext.reply, final_shown=True),
        )

    def _clip(self, title: str, style: str) -> Clip:
        clip_id = str(uuid.UUID(int=self.rng.getrandbits(128)))
        return Clip(
            id=clip_id,
            status=ClipStatus.COMPLETE,
            title=title,
            style=style,
            audio_url=f"https://cdn1.suno.ai/{clip_id}.mp3",
            image_url=f"https://cdn2.suno.ai/image_{clip_id}.jpeg",
            duration=round(self.rng.uniform(90, 240), 2),
        )

    # sessions

    def new_session(self, key: str, at: dt.datetime) -> Change:
        """Return what starts a session in a channel of its own, with a first round."""
        guild_id, host = self.busiest.id or 0, self.member()
        source = self.ended(guild_id)
        session = Session(
            idempotency_key=key,
            guild_id=guild_id,
            card_channel_id=self.busiest.channels[0],
            channel_id=10**18 + self.rng.getrandbits(58),
            has_own_thread=True,
            host_id=host,
            host_name=f"Member {host % 10_000}",
            title=source.title,
            provider=source.provider,
            source_clip_id=source.clip_id,
            latest_clip_id=source.clip_id,
            vote_seconds=180,
            parts_left=12,
            created_at=at,
            active_at=at,
            due_at=at + IDLE,
        )
        return Change(state=opened(SessionState(session=session, extensions={}), at))

    def with_chosen_parts(
        self, state: SessionState, part_ids: Iterable[int], at: dt.datetime, *, voters: int
    ) -> SessionState:
        """Return a session with the parts that were chosen in its rounds, by ``voters`` votes."""
        for part_id in part_ids:
            state = self.with_ballot(state, at, voters=voters)
            number = len(state.rounds)
            chosen = replace(
                state.rounds[-1],
                status=RoundStatus.CHOSEN,
                winner=1,
                extension_id=part_id,
                clip_id=state.session.latest_clip_id,
                tally=(Count(choice="1", votes=voters),),
                clip_tally=(Count(choice="A", votes=voters),),
                ended_at=at,
            )
            state = replace(state, rounds=(*state.rounds[:-1], chosen))
            following = Round(number=number + 1, opened_at=at)
            state = replace(state, rounds=(*state.rounds, following))
        return state

    def with_ballot(self, state: SessionState, at: dt.datetime, *, voters: int) -> SessionState:
        """Return a session in whose open round members have written and voted."""
        number, members = len(state.rounds), self.rng.sample(self.members, voters)
        key = f"{state.session.id}:{number}"
        written = [
            Proposal(
                round_number=number,
                number=place,
                member_id=member,
                member_name=f"Member {member % 10_000}",
                idempotency_key=f"{key}:{place}",
                lyrics=self.rng.choice(self._lyrics),
                created_at=at,
            )
            for place, member in enumerate(members[:4], start=1)
        ]
        cast = [
            Vote(
                round_number=number,
                ballot=Ballot.NEXT,
                member_id=member,
                choice=str(1 + place % len(written)),
                interaction_id=10**18 + place,
                at=at,
            )
            for place, member in enumerate(members)
        ]
        return replace(state, proposals=(*state.proposals, *written), votes=(*state.votes, *cast))


def _attached_row(ext: Extension) -> dict[str, object]:
    """Return the row of audio that is attached."""
    made = [clip.id for clip in ext.clips] or [ext.request.clip_id]
    starts = (0.0, 61.3, 121.9) if ext.kind is Kind.SPLICE else ()
    attachments = [
        _ATTACHED | {"clip_id": clip_id, "picture": f"{clip_id}.png", "starts": starts}
        for clip_id in made
    ]
    return {
        "extension_id": ext.id,
        "is_queued": False,
        "due_at": ext.finished_at,
        "failures": 0,
        "attachments": json.dumps(attachments),
    }
