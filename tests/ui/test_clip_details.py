"""A clip's details: its request, how it can be heard, and its lineage."""

import datetime as dt
from dataclasses import replace

import discord
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain import failures
from bot.domain.models import Clip, ClipStatus, ReplyRef, Status
from bot.services.library import ClipDetails, LineageEntry
from bot.ui.clip_details import clip_embeds, clip_view
from bot.ui.library_page import kept_embed, removal_question, removed_embed
from bot.ui.theme import BLURPLE, GREEN, GREY
from tests.support.hostile_texts import assert_can_be_sent, clips, long_texts
from tests.support.library_samples import (
    URL,
    assert_only_text,
    details,
    known,
    last,
    own,
    song,
    source,
)
from tests.support.ui_samples import (
    MEMBER,
    NOW,
    SOURCE_URL,
    STAMP,
    all_text,
    asked,
    assert_within_limits,
    extension,
    failed,
    heard,
    playable,
    withdrawn,
)

INDENT = "\u2003"


def said(shown: ClipDetails, **options: bool) -> str:
    return all_text(clip_embeds(shown, **options))


def of(**parts: object) -> ClipDetails:
    """Return a clip of an extension with parts of its request changed."""
    return details(extension=asked(details().extension, **parts))


def tree(shown: ClipDetails) -> list[str]:
    """Return the lines of the lineage."""
    lines = said(shown).splitlines()
    start = lines.index("**History**") + 1
    return [line for line in lines[start:] if not line.startswith(("**Sib", "**Cont"))]


def labels(view: discord.ui.View | None) -> list[list[str]]:
    rows = view.to_components() if view else []
    return [[button["label"] for button in row["components"]] for row in rows]


def test_details_show_the_whole_request() -> None:
    shown = of(exclude=("metal", "noise"), model="v3_5")
    card, _ = clip_embeds(replace(shown, known=known(playable(style="folk, dark"))))
    assert (card.title, card.footer.text) == ("Electric Dreams · A", "AIML API")
    assert card.description.splitlines() == [
        "**Length** 1:37",
        "**Style** folk, dark",
        "**Excluded styles** metal, noise",
        r"**Model** v3\_5",
        f"from [Electric Dreams]({SOURCE_URL}) at 2:04",
        "> Silver cities",
        "> shine brightly",
        f"asked by <@{MEMBER}> <t:{STAMP}:R> · [reply]({URL})",
        "id `a`",
    ]


def test_details_omit_unknown_facts() -> None:
    bare = details(
        known(playable(duration=None), reply_url=None),
        extension=asked(
            extension(source_url=None, source_title=""), style=(), lyrics="", clip_id="x"
        ),
        lineage=(),
    )
    [card] = clip_embeds(bare)
    assert card.description.splitlines() == [
        "from a clip at 2:04",
        "*Instrumental*",
        f"asked by <@{MEMBER}> <t:{STAMP}:R>",
        "id `a`",
    ]
    assert card.thumbnail.url is None


def test_requested_style_is_shown_for_a_clip_without_style() -> None:
    assert "**Style** synthpop, dreamy" in said(details())


def test_cover_is_the_thumbnail() -> None:
    card, _ = clip_embeds(details(known(playable(image_url="https://i.example/a.png"))))
    assert card.thumbnail.url == "https://i.example/a.png"


def test_clip_without_title_is_named_by_its_extension_if_it_has_one() -> None:
    untitled = known(playable(title=""))
    assert clip_embeds(details(untitled))[0].title == "Electric Dreams · A"
    from_elsewhere = replace(source(), clip=playable("x-1", title=""))
    assert clip_embeds(details(from_elsewhere, extension=None, lineage=()))[0].title == "Untitled"


def test_source_made_elsewhere_is_described() -> None:
    shown = details(source(), extension=None, lineage=(last(source()),))
    [card] = clip_embeds(shown)
    assert card.title == "Root Song"
    assert card.description.splitlines()[1:] == [
        "made elsewhere, continued here",
        f"id `{source().clip.id}`",
    ]


def test_full_song_is_described() -> None:
    whole = known(letter="")
    shown = details(whole, extension=asked(song(), lyrics=""), lineage=(last(whole),))
    [card] = clip_embeds(shown)
    assert card.title == "Electric Dreams · full song"
    assert f"the full song up to [Electric Dreams]({SOURCE_URL})\n" in card.description
    assert "Instrumental" not in card.description


@pytest.mark.parametrize(
    ("ancestor", "words"),
    [
        (None, "from a clip made elsewhere at 2:04"),
        (source(is_removed=True), "from a clip that was removed from the library at 2:04"),
    ],
)
def test_hidden_source_is_neither_named_nor_linked(ancestor: object, words: str) -> None:
    shown = details(
        lineage=(LineageEntry(ancestor, is_continued=True, continued_at=124), last(known()))
    )
    assert words in said(shown)
    assert SOURCE_URL not in said(shown)
    assert "Root Song" not in said(shown)


def test_continuation_from_the_end_says_its_end() -> None:
    assert "at the end" in said(of(continue_at=None))


# how it can be heard


@pytest.mark.parametrize(
    ("clip", "colour", "words"),
    [
        (playable(), GREEN, ""),
        (withdrawn(), GREY, "**It can't be played any more:** Suno withdrew the link."),
        (heard(), BLURPLE, "[▶ Listen while it streams](https://audio.example/a.mp3)"),
        (Clip(id="a", status=ClipStatus.QUEUED), BLURPLE, "Not finished."),
        (Clip(id="a", status=ClipStatus.FAILED, error="*no*"), GREY, r"Failed: *\*no\**"),
    ],
)
def test_details_say_how_the_clip_can_be_heard(clip: Clip, colour: object, words: str) -> None:
    card = clip_embeds(details(known(clip)))[0]
    assert card.colour == colour
    assert words in card.description


def test_unconfirmed_link_is_marked() -> None:
    sentence = "*AIML API didn't say whether its link still works.*"
    assert sentence in said(details(is_confirmed=False))
    assert sentence not in said(details())
    assert "did not tell" not in said(details(known(heard()), is_confirmed=False))


def test_source_without_known_link_is_not_called_withdrawn() -> None:
    unheard = replace(source(), clip=withdrawn())
    words = "gave no link to it"
    assert words in said(details(unheard, extension=None, is_confirmed=False, lineage=()))
    assert "withdrew" in said(details(unheard, extension=None, is_confirmed=True, lineage=()))


def test_clip_that_is_kept_for_a_while_says_how_long() -> None:
    shown = details(kept_until=NOW + dt.timedelta(days=14))
    until = f"AIML API keeps it until <t:{STAMP + 14 * 86_400}:D>"
    assert f"{until}.\n" in said(shown)
    attached = replace(shown, is_attached=True)
    assert f"{until}; the file attached to the reply stays.\n" in said(attached)
    assert "keeps it" not in said(details())


@pytest.mark.parametrize(("length", "is_button"), [(512, True), (513, False), (1100, False)])
def test_link_too_long_for_a_button_is_in_the_text(length: int, *, is_button: bool) -> None:
    url = "https://audio.example/".ljust(length, "x")
    shown = details(known(playable(audio_url=url)))
    assert (["▶ Listen"] in labels(clip_view(shown))) == is_button
    assert (f"[▶ Listen]({url})" in said(shown)) == (not is_button and length < 1000)


# lyrics


def test_short_lyrics_are_quoted_whole() -> None:
    lyrics = "\n\n".join(f"line *{number}*" for number in range(16))
    shown = said(of(lyrics=lyrics))
    assert shown.count("\n> line ") == 16
    assert r"\*15\*" in shown
    assert "lyrics.txt" not in shown


@pytest.mark.parametrize("lyrics", ["la\n" * 17, "x" * 601, "🎵" * 301, "la la\n" * 600])
def test_long_lyrics_are_truncated_with_a_pointer_to_the_rest(lyrics: str) -> None:
    assert "> …\nAll lyrics: `lyrics.txt`" in said(of(lyrics=lyrics))
    assert "> …\nAll lyrics are below." in said(of(lyrics=lyrics), with_file=False)


# where it comes from, and goes on


def test_lineage_is_an_indented_tree() -> None:
    onward = ", continued from the end"
    middle = known(
        playable("b", title="Second *Part*", duration=74.0),
        letter="B",
        part_number=2,
        lyrics="[Verse]\nNeon on the *water*",
    )
    shown = details(
        lineage=(
            LineageEntry(source(), is_continued=True, continued_at=124.34),
            LineageEntry(middle, is_continued=True, continued_at=None),
            LineageEntry(None, is_continued=True, continued_at=10),
            LineageEntry(known(is_removed=True), is_continued=True, continued_at=3600),
            last(known()),
        )
    )
    assert tree(shown) == [
        "Root Song 3:12, continued from 2:04.3",
        rf"└ [Second \*Part\* · part 2 · B]({URL}) 1:14 · “Neon on the \*water\*”{onward}",
        f"{INDENT}└ *(made elsewhere)*, continued from 0:10",
        f"{INDENT * 2}└ *(removed)*, continued from 1:00:00",
        f"{INDENT * 3}└ **Electric Dreams · A** 1:37",
    ]


def test_ancestor_without_title_is_untitled() -> None:
    nameless = known(playable("b", title=""), letter="", reply_url=None)
    shown = details(
        lineage=(LineageEntry(nameless, is_continued=True, continued_at=1), last(known()))
    )
    assert tree(shown)[0] == "Untitled · full song 1:37, continued from 0:01"


def test_root_clip_has_no_lineage() -> None:
    assert len(clip_embeds(details(lineage=(last(known()),)))) == 1


def test_long_lineage_shows_its_root_and_its_latest_clips() -> None:
    steps = [
        LineageEntry(
            known(playable("b", title=f"Part {number}")), is_continued=True, continued_at=number
        )
        for number in range(199)
    ]
    root, between, *latest = tree(details(lineage=(*steps, last(known()))))
    assert root.startswith("[Part 0 · A]")
    assert between == f"└ *{198 - len(latest) + 1} more between*"
    assert len(latest) > 10
    assert latest[-1] == f"{INDENT * 6}└ **Electric Dreams · A** 1:37"
    assert latest[-2].startswith(f"{INDENT * 6}└ [Part 198 · A]")


def test_siblings_are_named_and_have_show_buttons() -> None:
    twin = known(playable("b", title="Twin *Song*"), letter="B")
    bare = known(playable("c", title="", duration=None), letter="C")
    shown = details(siblings=(twin, bare))
    assert r"**Other versions** B · Twin \*Song\* 1:37, C · Untitled" in said(shown).splitlines()
    assert labels(clip_view(shown))[-1] == ["Show B", "Show C"]


def test_latest_continuations_are_linked() -> None:
    following = tuple(
        extension(
            id=number,
            source_title=f"Next {number}",
            reply=ReplyRef(channel_id=1, guild_id=2, message_id=number),
        )
        for number in range(1, 8)
    )
    line = next(
        each for each in said(details(continuations=following)).splitlines() if "Continued" in each
    )
    assert line.startswith(
        "**Continued here** "
        "[Next 3 · part 2 · “Silver cities”](https://discord.com/channels/2/1/3), "
        "[Next 4 · part 2 · “Silver cities”]"
    )
    assert line.endswith("](https://discord.com/channels/2/1/7), and 2 earlier")
    assert "before" not in said(details(continuations=following[:5]))


# buttons


def test_clip_view_has_the_buttons_of_its_status() -> None:
    assert labels(clip_view(details())) == [["▶ Listen"], ["Extend"]]
    mine = clip_view(details(is_own=True))
    assert labels(mine) == [["▶ Listen"], ["Extend", "🗑️ Remove from library"]]
    assert mine.timeout is None


def test_unplayable_clip_has_remove_but_no_extend_button() -> None:
    gone = known(withdrawn())
    assert clip_view(details(gone)) is None
    assert labels(clip_view(details(gone, is_own=True))) == [["🗑️ Remove from library"]]


def test_clip_whose_id_fits_no_custom_id_has_only_a_link() -> None:
    odd = known(playable("a`b", audio_url="https://audio.example/a.mp3"))
    shown = details(odd, is_own=True, siblings=(odd,))
    assert labels(clip_view(shown)) == [["▶ Listen"]]


# whatever it is called


@settings(max_examples=200)
@given(data=st.data(), clip=clips, text=long_texts, tags=st.lists(long_texts, max_size=4))
def test_details_of_any_texts_fit_into_a_message(
    data: st.DataObject, clip: Clip, text: str, tags: list[str]
) -> None:
    shown = known(clip)
    ext = asked(
        extension(Status.COMPLETE, clip, source_title=text),
        lyrics=text,
        style=tuple(tags),
        exclude=tuple(tags),
        model=text,
        title=text,
    )
    ancestors = data.draw(st.lists(st.sampled_from((shown, None, source())), max_size=200))
    drawn = details(
        shown,
        extension=data.draw(st.sampled_from((ext, None))),
        is_confirmed=data.draw(st.booleans()),
        is_own=True,
        lineage=(
            *(LineageEntry(each, is_continued=True, continued_at=1.5) for each in ancestors),
            last(shown),
        ),
        siblings=tuple(replace(shown, clip=replace(clip, id=f"{clip.id}{n}")) for n in range(5)),
        continuations=(ext,) * 9,
    )
    embeds = clip_embeds(drawn)
    assert_within_limits(embeds)
    assert_only_text(embeds)
    if (view := clip_view(drawn)) is not None:
        assert_can_be_sent(view)
    answers = [removal_question(own(shown))[0], removed_embed(own(shown)), kept_embed(own(shown))]
    assert_within_limits(answers)
    assert_only_text(answers)


def test_clip_of_a_failed_extension_has_details() -> None:
    broken = Clip(id="a", status=ClipStatus.FAILED)
    ext = failed(failures.GenerationFailed(), broken)
    assert "Failed." in said(details(known(broken), extension=ext))
