"""Extensions and sessions come out of the store as they went in."""

import datetime as dt
import itertools
from dataclasses import replace
from typing import get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.failures import Failure, PastTheEnd, TooLarge
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
    DropReason,
    EndReason,
    Proposal,
    ProposalKind,
    ProposalStatus,
    RestReason,
    Round,
    RoundStatus,
    Session,
    SessionState,
    SessionStatus,
    Totals,
    Vote,
)
from bot.domain.sessions.posts import CARD
from bot.store.store import Store
from tests.support.store_samples import accept, asked
from tests.support.stored_sessions import start

texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=12)
words = st.lists(texts, max_size=3).map(tuple)
moments = st.datetimes(timezones=st.just(dt.UTC))
snowflakes = st.integers(1, 2**63 - 1)
counts = st.integers(0, 2**31 - 1)
seconds = st.floats(allow_nan=False, allow_infinity=False)
clip_lists = st.lists(
    st.builds(
        Clip,
        id=texts,
        status=st.sampled_from(ClipStatus),
        title=texts,
        style=texts,
        audio_url=st.none() | texts,
        image_url=st.none() | texts,
        duration=st.none() | seconds,
        error=texts,
    ),
    max_size=3,
    unique_by=lambda clip: clip.id,
).map(tuple)
requests = st.builds(
    ExtendRequest,
    provider=texts,
    clip_id=texts,
    continue_at=st.none() | seconds,
    lyrics=texts,
    style=words,
    title=texts,
    exclude=words,
    model=st.none() | texts,
)
replies = st.builds(
    ReplyRef,
    channel_id=snowflakes,
    guild_id=st.none() | snowflakes,
    message_id=st.none() | snowflakes,
    token=texts,
    token_expires_at=st.none() | moments,
    editable_by_bot=st.booleans(),
    attachment_limit=st.none() | snowflakes,
    reply_to_id=st.none() | snowflakes,
    final_shown=st.booleans(),
    unreachable=st.booleans(),
    is_ephemeral=st.booleans(),
    files_allowed=st.booleans(),
)
lengths = st.floats(min_value=0, max_value=1e9)
with_lengths = {
    PastTheEnd: st.builds(PastTheEnd, lengths),
    TooLarge: st.builds(TooLarge, lengths, counts),
}
failure_values = st.one_of(
    [with_lengths.get(failure, st.from_type(failure)) for failure in get_args(Failure)]
)
extensions = st.builds(
    Extension,
    idempotency_key=st.just(""),
    kind=st.sampled_from(Kind),
    member_id=snowflakes,
    request=requests,
    reply=replies,
    created_at=moments,
    due_at=moments,
    deadline_at=moments,
    source_title=texts,
    source_url=st.none() | texts,
    source_letter=texts,
    part_number=counts,
    song_time=st.none() | seconds,
    member_name=texts,
    status=st.sampled_from(Status),
    failure=st.none() | failure_values,
    handle=st.none() | st.builds(Handle, task_id=st.none() | texts, clip_ids=words),
    clips=clip_lists,
    submitted_at=st.none() | moments,
    streaming_at=st.none() | moments,
    finished_at=st.none() | moments,
    polled_at=st.none() | moments,
    no_audio_at=st.none() | moments,
    failures=counts,
    revision=counts,
    published=counts,
    publish_failures=counts,
)

tallies = st.lists(st.builds(Count, choice=texts, votes=counts), max_size=3).map(tuple)
sessions = st.builds(
    Session,
    idempotency_key=st.just(""),
    guild_id=snowflakes,
    card_channel_id=snowflakes,
    channel_id=st.none(),
    has_own_thread=st.booleans(),
    host_id=snowflakes,
    host_name=texts,
    title=texts,
    provider=texts,
    source_clip_id=texts,
    latest_clip_id=texts,
    vote_seconds=counts,
    parts_left=counts,
    status=st.sampled_from(SessionStatus),
    end_reason=st.none() | st.sampled_from(EndReason),
    rests_since=st.none() | moments,
    rest_reason=st.none() | st.sampled_from(RestReason),
    totals=st.builds(Totals, members=counts, proposals=counts, votes=counts),
    version=counts,
    created_at=moments,
    active_at=moments,
    finished_at=st.none() | moments,
    due_at=moments,
)
rounds = st.builds(
    Round,
    number=st.just(1),
    status=st.sampled_from(RoundStatus),
    base_clip_id=st.none() | texts,
    winner=st.none() | counts,
    clip_id=st.none() | texts,
    clock_started_at=st.none() | moments,
    last_proposal_at=st.none() | moments,
    ends_at=st.none() | moments,
    voters=counts,
    tally=tallies,
    clip_tally=tallies,
    tie_broken=st.booleans(),
    closed_by=st.none() | snowflakes,
    clip_closed_by=st.none() | snowflakes,
    drop_reason=st.none() | st.sampled_from(DropReason),
    opened_at=moments,
    ended_at=st.none() | moments,
)
proposals = st.builds(
    Proposal,
    round_number=st.just(1),
    number=st.integers(1, 25),
    kind=st.sampled_from(ProposalKind),
    member_id=snowflakes,
    member_name=texts,
    idempotency_key=st.just(""),
    lyrics=texts,
    style=words,
    continue_at=st.none() | seconds,
    for_clip_id=st.none() | texts,
    listed_from=st.none() | counts,
    status=st.sampled_from(ProposalStatus),
    removed_by=st.none() | snowflakes,
    created_at=moments,
    changed_at=st.none() | moments,
)
votes = st.builds(
    Vote,
    round_number=st.just(1),
    ballot=st.sampled_from(Ballot),
    member_id=snowflakes,
    choice=texts,
    interaction_id=snowflakes,
    at=moments,
)

numbers = itertools.count()
thorough = settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@thorough
@given(ext=extensions)
async def test_accepted_extension_round_trips(store: Store, ext: Extension) -> None:
    # a song of the same clip in the same channel would be a repetition
    number = next(numbers)
    request = replace(ext.request, clip_id=f"{number} {ext.request.clip_id}")
    new = replace(ext, idempotency_key=f"accepted {number}", request=request)
    stored, is_new, _ = await accept(store, new)
    assert is_new
    assert await store.extension(stored.id) == stored


@thorough
@given(ext=extensions)
async def test_saved_extension_round_trips(store: Store, ext: Extension) -> None:
    was = (await accept(store, asked(f"saved {next(numbers)}"))).extension
    new = replace(
        ext,
        id=was.id,
        idempotency_key=was.idempotency_key,
        kind=was.kind,
        member_id=was.member_id,
        member_name=was.member_name,
        source_letter=was.source_letter,
        part_number=was.part_number,
        song_time=was.song_time,
        reply=was.reply,
        created_at=was.created_at,
        published=was.published,
        publish_failures=was.publish_failures,
    )
    assert await store.save(new, was=was)
    assert await store.extension(was.id) == new


@thorough
@given(session=sessions, each=rounds, proposal=proposals, vote=votes, reply=replies)
async def test_started_session_round_trips(
    store: Store, session: Session, each: Round, proposal: Proposal, vote: Vote, reply: ReplyRef
) -> None:
    key = f"session {next(numbers)}"
    wanted = SessionState(
        session=replace(session, idempotency_key=key),
        rounds=(each,),
        proposals=(replace(proposal, idempotency_key=key),),
        votes=(vote,),
        extensions={},
    )
    stored = (await start(store, Change(state=wanted, replies={CARD: reply}))).state
    assert await store.session_state(stored.session.id) == stored
    assert (await store.card_of(stored.session.id)).reply == reply
    assert wanted == replace(
        stored,
        session=replace(stored.session, id=0),
        rounds=tuple(replace(known, id=0) for known in stored.rounds),
        proposals=tuple(replace(known, id=0) for known in stored.proposals),
        latest_clip=None,
    )
