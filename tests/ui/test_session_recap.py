"""The song of a session: as far as it goes, and whole at the end."""

from dataclasses import replace

from bot.domain.sessions.models import EndReason, SessionStatus, Totals
from bot.services.session_view import SessionView
from bot.ui.session_recap import (
    recap_embed,
    recap_file,
    recap_view,
    song_lyrics,
    song_so_far_embed,
    song_so_far_file,
    song_so_far_view,
)
from bot.ui.theme import BLURPLE, GREEN, GREY
from tests.support.session_samples import (
    BO,
    CY,
    NEON,
    RUN,
    THREAD,
    chosen,
    part,
    proposal,
    second_round,
    session_round,
    session_view,
    tally,
    url,
)
from tests.support.ui_samples import SOURCE, buttons

LONG = "\n".join(f"[Verse {number}]\nLine {number}" for number in range(40))


def finished(lyrics: str = NEON, **parts: object) -> SessionView:
    proposals = (proposal(lyrics=lyrics), proposal(1, 2, lyrics=RUN, member_id=CY))
    second = chosen(2, tally=tally((1, 6), (2, 2)))
    ended = {"status": SessionStatus.FINISHED, "end_reason": EndReason.VOTED}
    return session_view(chosen(1), second, proposals=proposals, in_session=ended, **parts)


def test_recap_names_all_parts_and_writers() -> None:
    view = finished(song=part())
    embed = recap_embed(view)
    assert (embed.colour, embed.title) == (GREEN, "🏁 Electric Dreams is finished")
    assert embed.description.splitlines() == [
        f"[💿 The full song]({url(500)}) · 2 parts · 4:51",
        "",
        "0:00 source",
        f"1:37 [**Verse**]({url(401)}) · <@{BO}> · 5 of 6 votes",
        f"3:14 [**Chorus**]({url(402)}) · <@{CY}> · 6 of 8 votes",
        "",
        f"7 members wrote 19 proposals and cast 74 votes. Most parts: <@{BO}> 1 · <@{CY}> 1.",
    ]
    assert buttons(recap_view(view)) == [[("💿 The full song", url(500))]]


def test_recap_before_the_song_is_asked_for() -> None:
    view = finished(duration=None, totals=Totals(members=1, proposals=1, votes=1))
    said = recap_embed(view).description.splitlines()
    assert said[0] == "2 parts"
    assert said[-1].startswith("1 member wrote 1 proposal and cast 1 vote.")
    assert recap_view(view) is None


def test_recap_omits_what_is_unknown() -> None:
    view = finished()
    bare = [replace(each, starts_at=None, proposal=None) for each in view.parts]
    bare[1] = replace(bare[1], round=replace(bare[1].round, tally=()))
    bare[2] = replace(bare[2], clip=replace(bare[2].clip, reply_url=url(1, 99)))
    state = replace(view.state, proposals=())
    said = recap_embed(replace(view, parts=tuple(bare), state=state)).description.splitlines()
    assert said == [
        "2 parts · 4:51",
        "",
        "source",
        f"[**part 1**]({url(401)})",
        "**part 2** · 6 of 8 votes",
        "",
        "7 members wrote 19 proposals and cast 74 votes.",
    ]


def test_recap_of_many_parts_leaves_out_the_middle() -> None:
    rounds = [chosen(number) for number in range(1, 101)]
    proposals = [proposal(1, number) for number in range(1, 101)]
    said = recap_embed(session_view(*rounds, proposals=proposals)).description
    assert "\n… 7" in said
    assert said.count("**Verse**") > 20


def test_session_without_a_part_ends_grey() -> None:
    ended = {"status": SessionStatus.ENDED, "end_reason": EndReason.IDLE}
    embed = recap_embed(session_view(in_session=ended))
    assert (embed.colour, embed.title) == (GREY, "🎶 Electric Dreams")
    assert embed.description == "**Ended without a part.** Nobody wrote for three days."


def test_lyrics_file_has_time_writer_and_words_of_each_part() -> None:
    assert recap_file(finished()).fp.read().decode() == (
        f"0:00 · source\n\n1:37 · part 1 · Bo\n\n{NEON}\n\n3:14 · part 2 · Cy\n\n{RUN}\n"
    )
    assert "1:37 · part 1 · Bo\n\n(Instrumental)\n" in song_lyrics(finished(lyrics=""))
    unknown = finished()
    untimed = tuple(replace(each, starts_at=None) for each in unknown.parts)
    assert song_lyrics(replace(unknown, parts=untimed)).startswith("source\n\npart 1 · Bo\n")


def test_instrumental_song_has_no_lyrics_file() -> None:
    view = session_view(chosen(1), proposals=[proposal(lyrics="")])
    assert recap_file(view) is None
    assert song_so_far_file(view) is None
    assert song_so_far_embed(view).description.splitlines()[-1].startswith("1:37 [**Instrumental**")


def test_song_so_far_quotes_short_lyrics() -> None:
    view = second_round()
    embed = song_so_far_embed(view)
    assert (embed.colour, embed.title) == (BLURPLE, "Electric Dreams · 3:14 so far")
    assert embed.description.splitlines() == [
        "0:00 source",
        f"1:37 [**Chorus**]({url(401)}) · <@{BO}>",
        "",
        r"> \[Chorus\]",
        "> Run, run",
        "> Nobody is chasing us",
    ]
    assert song_so_far_file(view) is None


def test_long_song_so_far_has_a_file() -> None:
    view = finished(lyrics=LONG)
    assert song_so_far_embed(view).description.endswith("\n\nAll lyrics: `lyrics.txt`")
    assert LONG.encode() in song_so_far_file(view).fp.read()
    shown = song_so_far_embed(view, with_file=False).description
    assert "lyrics.txt" not in shown
    assert shown.endswith("> …")


def test_song_so_far_can_be_joined_once_it_has_a_part() -> None:
    view = second_round()
    assert buttons(song_so_far_view(view)) == [
        [("▶ The last part", url(401)), ("💿 Join it so far", f"clip:song:{SOURCE}")]
    ]
    assert song_so_far_view(session_view()) is None
    odd = session_view(
        chosen(1), session_round(2), proposals=[proposal()], in_session={"latest_clip_id": "a:b"}
    )
    assert buttons(song_so_far_view(odd)) == [[("▶ The last part", url(401))]]


def test_unknown_song_so_far_says_so() -> None:
    view = session_view(parts=(), duration=None)
    embed = song_so_far_embed(view)
    assert embed.title == "Electric Dreams so far"
    assert embed.description == "Nothing is known about the clip that it starts from."
    assert song_so_far_view(view) is None
    assert view.state.session.channel_id == THREAD
