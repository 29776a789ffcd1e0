"""The card of a session in each of its states."""

from dataclasses import replace

import pytest

from bot.domain.models import ReplyRef
from bot.domain.sessions.models import EndReason, SessionStatus, Totals
from bot.ui.session_card import card_embed, card_view
from bot.ui.theme import BLURPLE, GREEN, GREY
from tests.support.session_samples import (
    ADA,
    CHANNEL,
    GUILD,
    THREAD,
    chosen,
    part,
    proposal,
    record,
    second_round,
    session_round,
    session_view,
    url,
)
from tests.support.ui_samples import SOURCE, buttons, playable

IN_THREAD = f"https://discord.com/channels/{GUILD}/{THREAD}"
TERMS = f"-# started by <@{ADA}> · votes run 3 minutes · 9 more parts can be made · AIML API"


def finished(reason: EndReason = EndReason.VOTED, **parts: object) -> object:
    in_session = {"status": SessionStatus.FINISHED, "end_reason": reason}
    return session_view(
        chosen(1), chosen(2), proposals=[proposal()], in_session=in_session, **parts
    )


def test_new_session_says_what_it_is() -> None:
    embed = card_embed(session_view())
    assert embed.colour == BLURPLE
    assert embed.title == "🎶 Electric Dreams"
    assert embed.description.splitlines() == [
        (
            "**A song to write together.** Whoever can write in the thread can propose what comes "
            "next, and vote."
        ),
        f"starts from [Electric Dreams](https://suno.com/song/{SOURCE}) · 1:37 · synthpop, dreamy",
        TERMS,
    ]
    assert buttons(card_view(session_view())) == [[("Join in", IN_THREAD)]]


def test_card_tells_its_progress_from_the_second_round_on() -> None:
    lines = card_embed(second_round()).description.splitlines()
    assert lines[2:] == ["Round 2 · 1 part · 3:14 so far · 7 members", TERMS]
    unknown = replace(second_round(), duration=None, totals=Totals())
    assert "\nRound 2 · 1 part\n" in card_embed(unknown).description


@pytest.mark.parametrize(
    ("source", "text"),
    [
        (record(reply_url=url(9, CHANNEL)), f"[Electric Dreams]({url(9, CHANNEL)})"),
        (record(reply_url=url(9, 77), extension_id=4), "Electric Dreams"),
        (record(playable(f"m_{SOURCE}", duration=None)), "Electric Dreams"),
        (record(playable("odd id", duration=None)), "Electric Dreams"),
    ],
)
def test_source_is_linked_where_readers_of_the_card_can_open_it(source: object, text: str) -> None:
    view = session_view()
    view = replace(view, parts=(replace(view.parts[0], clip=source),))
    line = card_embed(view).description.splitlines()[1]
    assert line.split(" · ")[0] == f"starts from {text}"


def test_unknown_source_links_to_suno() -> None:
    link = f"[a Suno clip](https://suno.com/song/{SOURCE})"
    assert f"\nstarts from {link}\n" in card_embed(session_view(parts=())).description


def test_session_in_a_thread_of_others_links_to_its_board() -> None:
    view = session_view(in_session={"has_own_thread": False})
    assert "Whoever can write here can propose" in card_embed(view).description
    assert buttons(card_view(view)) == [[("Join in", url(201))]]
    assert card_view(replace(view, links={})) is None


def test_card_without_its_thread_yet_has_no_link() -> None:
    assert card_view(session_view(in_session={"channel_id": None})) is None


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(30, "30 seconds"), (60, "1 minute"), (90, "90 seconds"), (3600, "1 hour"), (86400, "24 h")],
)
def test_card_says_how_long_votes_run(seconds: int, words: str) -> None:
    view = session_view(in_session={"vote_seconds": seconds, "parts_left": 1})
    assert f"votes run {words}" in card_embed(view).description
    assert "1 more part can be made" in card_embed(view).description


def test_finished_session_links_to_thread_and_song() -> None:
    view = finished(song=part())
    embed = card_embed(view)
    assert (embed.colour, embed.title) == (GREEN, "🏁 Electric Dreams")
    assert embed.description.splitlines()[1:] == [
        "finished: 2 parts · 4:51 · 7 members wrote and voted",
        f"-# started by <@{ADA}> · AIML API",
    ]
    assert buttons(card_view(view)) == [[("The thread", IN_THREAD), ("💿 The full song", url(500))]]


def test_song_without_a_reply_yet_is_not_linked() -> None:
    song = part(reply=ReplyRef(channel_id=CHANNEL, guild_id=GUILD))
    assert buttons(card_view(finished(song=song))) == [[("The thread", IN_THREAD)]]


def test_finished_session_whose_thread_is_deleted_says_so() -> None:
    view = finished(EndReason.THREAD_DELETED, duration=None)
    assert "2 parts · 7 members wrote and voted\nThe thread was deleted." in (
        card_embed(view).description
    )
    assert card_view(view) is None


@pytest.mark.parametrize("reason", [None, *EndReason])
def test_session_without_a_part_says_why_it_ended(reason: EndReason | None) -> None:
    in_session = {"status": SessionStatus.ENDED, "end_reason": reason, "has_own_thread": False}
    view = session_view(session_round(), in_session=in_session)
    embed = card_embed(view)
    assert (embed.colour, embed.title) == (GREY, "🎶 Electric Dreams")
    ended = embed.description.splitlines()[1]
    assert ended.startswith("**Ended without a part.**")
    assert ended.endswith(".") == (reason is not None)
    assert card_view(view) is None
