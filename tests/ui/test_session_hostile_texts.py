"""Texts of members and providers are shown as text in a session, within Discord's limits."""

import re
from collections.abc import Sequence
from dataclasses import replace

import discord
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.failures import Failure
from bot.domain.models import Clip, Extension, ReplyRef, Status
from bot.domain.sessions.models import (
    DropReason,
    EndReason,
    Proposal,
    ProposalStatus,
    Round,
    RoundStatus,
    SessionStatus,
    Totals,
)
from bot.services.session_view import SessionView
from bot.ui.session_board import board_embeds, board_view
from bot.ui.session_card import card_embed, card_view
from bot.ui.session_list import running_embed, sessions_embed
from bot.ui.session_menu import more
from bot.ui.session_posts import overview
from bot.ui.session_proposal import (
    choice_over_embed,
    proposal_embed,
    proposal_file,
    proposal_view,
    vote_confirmation,
    vote_over_embed,
    vote_over_view,
)
from bot.ui.session_recap import (
    recap_embed,
    recap_file,
    recap_view,
    song_so_far_embed,
    song_so_far_file,
    song_so_far_view,
)
from bot.ui.session_result import result_embed, result_view
from tests.support.hostile_texts import (
    CODE,
    ESCAPED,
    UNSEEN,
    assert_can_be_sent,
    clips,
    failure_values,
    long_texts,
)
from tests.support.session_samples import (
    back,
    end,
    part,
    proposal,
    record,
    session_round,
    session_view,
    tally,
)
from tests.support.ui_samples import NOW, all_text, assert_within_limits, playable

MAX_ID = 2**63 - 1
LINK = f"https://discord.com/channels/{MAX_ID}/{MAX_ID}/{MAX_ID}"
_URL = (
    rf"(?:{LINK}|https://suno\.com/song/[0-9a-f-]+|https://audio\.example/[^\s()<>]*"
    r"|https://discord\.com/channels/[\d/]+)"
)
OURS = re.compile(
    rf"<@\d+>|<t:\d+:R>|\[(?=[^\[\]\n]*\]\({_URL}\))|\]\({_URL}\)|^> |^-# |~~(?=Proposal|\ )"
    r"|(?<=\d)~~",
    re.MULTILINE,
)
WIDE = "*_~`|<>[]()#@:" * 80
ALL = 25


def assert_only_text(embeds: Sequence[discord.Embed]) -> None:
    """Check that no text from outside is anything but text; ids are inline code."""
    whole = all_text([*embeds])
    assert UNSEEN.search(whole) is None
    left = OURS.sub("", CODE.sub("", ESCAPED.sub("", whole)))
    assert not set(left) & set("_~`|<>[]#@"), left
    assert "://" not in left
    assert left.count("*") % 2 == 0


def assert_posts_can_be_sent(view: SessionView) -> None:
    """Draw all posts and answers of a session, and check each."""
    state = view.state
    messages: list[tuple[Sequence[discord.Embed], discord.ui.View | None]] = [
        ([card_embed(view)], card_view(view)),
        ([recap_embed(view)], recap_view(view)),
        ([song_so_far_embed(view)], song_so_far_view(view)),
        ([song_so_far_embed(view, with_file=False)], None),
        ([sessions_embed([view] * 10, number=1, page_count=1, total=10)], None),
        ([running_embed([view] * 30)], None),
    ]
    shown = overview(view, state.proposals[-1].member_id)
    messages.append((shown.embeds, shown.view))
    menu, choices = more(view, is_host_or_moderator=True)
    messages.append(([menu], choices))
    for each in state.rounds:
        messages += [
            (board_embeds(view, each), board_view(view, each)),
            ([result_embed(view, each)], result_view(view, each)),
            ([vote_over_embed(view, each)], None),
            ([choice_over_embed(view, each)], None),
        ]
    for known in (*state.proposals[:2], *state.proposals[-2:]):
        messages += [
            ([proposal_embed(view, known)], proposal_view(known)),
            ([proposal_embed(view, known, with_file=False)], vote_over_view(view, known)),
            ([vote_confirmation(known, NOW)], None),
        ]
        proposal_file(known)
    for embeds, buttons in messages:
        assert_within_limits([*embeds])
        assert_only_text(embeds)
        if buttons is not None:
            assert_can_be_sent(buttons)
    recap_file(view)
    song_so_far_file(view)


def with_wide_ids(view: SessionView) -> SessionView:
    """Return ``view`` with ids and links as long as Discord's may be."""
    wide = replace(view.state.session, guild_id=MAX_ID, channel_id=MAX_ID, host_id=MAX_ID)
    proposals = tuple(replace(each, member_id=MAX_ID) for each in view.state.proposals)
    parts = tuple(replace(each, clip=replace(each.clip, reply_url=LINK)) for each in view.parts)
    return replace(
        view,
        state=replace(view.state, session=wide, proposals=proposals),
        links=dict.fromkeys(view.links, LINK),
        parts=parts,
        totals=Totals(members=10**9, proposals=10**9, votes=10**9),
    )


def full_round(number: int, lyrics: str, **parts: object) -> tuple[Proposal, ...]:
    """Return as many proposals as a round can have."""
    written = (
        proposal(each, number, lyrics=lyrics, style=(lyrics,), member_name=lyrics, **parts)
        for each in range(1, ALL - 1)
    )
    return (*written, end(ALL - 1, number), back(ALL, number))


@st.composite
def evenings(draw: st.DrawFn) -> SessionView:
    lyrics = draw(st.lists(long_texts, min_size=1, max_size=4))
    made: list[Clip] = draw(st.lists(clips, max_size=5, unique_by=lambda clip: clip.id))
    status = draw(st.sampled_from(RoundStatus))
    failure: Failure | None = draw(st.none() | failure_values)
    ext: Extension = part(draw(st.sampled_from(Status)), *made, failure=failure)
    first = session_round(
        1,
        status=RoundStatus.CHOSEN,
        winner=1,
        clip_id="c",
        tally=tally((1, 5), (2, 1)),
        clip_tally=tally(("A", 2), ("", 0)),
    )
    second: Round = session_round(
        2,
        status=RoundStatus.MAKING if status is RoundStatus.OPEN else status,
        winner=draw(st.none() | st.sampled_from((1, ALL - 1, ALL))),
        extension_id=ext.id,
        drop_reason=draw(st.sampled_from(DropReason)) if status is RoundStatus.DROPPED else None,
        tally=tally(*((number, 9) for number in range(1, ALL + 1))),
        tie_broken=draw(st.booleans()),
        voters=draw(st.integers(0, 10**9)),
    )
    proposals = [
        *full_round(1, lyrics[0]),
        *full_round(2, lyrics[-1]),
        *(
            proposal(number, 3, lyrics=text, member_name=text, style=tuple(lyrics))
            for number, text in enumerate(lyrics, start=1)
        ),
        proposal(9, 3, lyrics=lyrics[0], listed_from=2),
        proposal(10, 3, lyrics=lyrics[0], status=ProposalStatus.WITHDRAWN),
    ]
    over = draw(st.sampled_from(SessionStatus))
    view = session_view(
        first,
        second,
        session_round(3, voters=draw(st.integers(0, 2))),
        proposals=proposals,
        extensions=[ext],
        in_session={
            "title": draw(long_texts),
            "status": over,
            "end_reason": draw(st.none() | st.sampled_from(EndReason)),
            "parts_left": draw(st.integers(0, 10**6)),
        },
        song=draw(st.none() | st.just(ext)),
    )
    source: Clip | None = draw(st.none() | clips)
    if source is not None:
        known = record(replace(source, style=draw(long_texts)))
        view = replace(view, parts=(replace(view.parts[0], clip=known), *view.parts[1:]))
    return view


@settings(max_examples=30, deadline=None)
@given(view=evenings())
def test_hostile_texts_are_escaped_and_truncated(view: SessionView) -> None:
    assert_posts_can_be_sent(view)


@settings(max_examples=10, deadline=None)
@given(view=evenings())
def test_hostile_texts_fit_with_the_longest_links(view: SessionView) -> None:
    assert_posts_can_be_sent(with_wide_ids(view))


def test_longest_texts_together_fit_into_their_messages() -> None:
    lyrics = f"[{WIDE}]\n{(WIDE + chr(10)) * 6}"
    first, last = (f"[{'*' * 99}]\n{'_' * 99}", lyrics)
    rounds = [
        session_round(number, status=RoundStatus.CHOSEN, winner=1, clip_id=f"c{number}")
        for number in range(1, 20)
    ]
    sung = [proposal(1, each.number, lyrics=last, member_name=WIDE) for each in rounds]
    dropped = session_round(
        20,
        status=RoundStatus.DROPPED,
        drop_reason=DropReason.FAILED,
        winner=1,
        extension_id=7,
        tally=tally(*((number, 10**9) for number in range(1, ALL + 1))),
        tie_broken=True,
        closed_by=MAX_ID,
    )
    wide = playable(title=WIDE, style=WIDE, audio_url=f"https://audio.example/{'x' * 560}")
    for text in (first, lyrics):
        view = session_view(
            *rounds,
            dropped,
            session_round(21),
            proposals=[*sung, *full_round(20, text), *full_round(21, text)],
            extensions=[part(Status.UNCONFIRMED, *[wide] * 4)],
            in_session={"title": WIDE, "parts_left": 10**9},
            song=part(reply=ReplyRef(channel_id=MAX_ID, guild_id=MAX_ID, message_id=MAX_ID)),
        )
        shown = with_wide_ids(view)
        assert_posts_can_be_sent(shown)
        choosing = replace(
            dropped, status=RoundStatus.CHOOSING, drop_reason=None, voters=10**9, ends_at=NOW
        )
        part_of_wide = part(Status.COMPLETE, *[wide] * 4)
        busy = (*shown.state.rounds[:-2], choosing, shown.state.rounds[-1])
        state = replace(shown.state, rounds=busy, extensions={7: part_of_wide})
        assert_posts_can_be_sent(replace(shown, state=state))
        _, listing = board_embeds(shown, shown.state.rounds[-1])
        assert len(listing.description.splitlines()) == ALL
        finished = replace(shown.state.session, status=SessionStatus.FINISHED)
        assert_posts_can_be_sent(replace(shown, state=replace(shown.state, session=finished)))
