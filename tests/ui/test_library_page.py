"""A page of the library, its buttons, and removing a clip from it."""

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.library import (
    MAX_LISTED,
    MAX_SEARCH_LENGTH,
    PAGE_SIZE,
    LibraryPage,
    LibraryQuery,
    Scope,
)
from bot.domain.models import Kind
from bot.domain.text import collapse_whitespace, sanitize, truncate
from bot.ui.custom_ids import Action
from bot.ui.library_page import (
    decode_query,
    encode_query,
    kept_embed,
    page_embed,
    page_view,
    removal_question,
    removed_embed,
)
from tests.support.hostile_texts import assert_can_be_sent, long_texts
from tests.support.library_samples import (
    URL,
    assert_only_text,
    known,
    made,
    own,
    page,
    song,
)
from tests.support.ui_samples import STAMP, assert_within_limits, playable, units


def buttons(shown: LibraryPage) -> list[list[tuple[str, str, bool]]]:
    """Return the rows of buttons: of each its label, its custom id and whether it can be used."""
    view = page_view(shown)
    return [
        [
            (button["label"], button["custom_id"], not button.get("disabled"))
            for button in row["components"]
        ]
        for row in (view.to_components() if view else [])
    ]


def test_entry_line_describes_a_clip() -> None:
    clip = known(part_number=3, lyrics="[Verse]\nNeon on the *water*")
    line = r"`1` **Electric Dreams · part 3 · A** 1:37 · “Neon on the \*water\*”"
    own, others = (page_embed(page(made(known=clip), scope=scope)) for scope in list(Scope)[:2])
    assert own.description == f"{line} · <t:{STAMP}:R> · [reply]({URL})"
    assert others.description == f"{line} · <@42>, <t:{STAMP}:R> · [reply]({URL})"


def test_entry_line_omits_unknown_facts() -> None:
    bare = made(known=known(playable(duration=None), reply_url=None, letter="B"), title="")
    assert page_embed(page(bare)).description == (
        f"`1` **Untitled · B** · instrumental · <t:{STAMP}:R>"
    )


def test_entry_line_marks_a_full_song() -> None:
    embed = page_embed(page(made(kind=Kind.CONCAT, known=known(letter=""))))
    assert "**Electric Dreams · full song**" in embed.description


@pytest.mark.parametrize(
    ("scope", "title"),
    [
        (Scope.MINE, "Your clips"),
        (Scope.CHANNEL, "Clips from this channel"),
        (Scope.SERVER, "Clips from this server"),
    ],
)
def test_page_title_says_whose_clips_they_are(scope: Scope, title: str) -> None:
    assert page_embed(page(made(), scope=scope)).title == title
    searched = page_embed(page(made(), scope=scope, search="*night*"))
    assert searched.title == rf"{title} that match “\*night\*”"
    assert page_embed(page(scope=scope)).title == title


@pytest.mark.parametrize(
    ("total", "number", "said"),
    [
        (1, 1, "page 1 of 1 · 1 clip"),
        (37, 2, "page 2 of 5 · 37 clips"),
        (16, 2, "page 2 of 2 · 16 clips"),
        (999, 125, "page 125 of 125 · 999 clips"),
        (MAX_LISTED, 2, "page 2 of 125 · the newest 1,000 clips"),
    ],
)
def test_footer_has_page_and_clip_counts(total: int, number: int, said: str) -> None:
    assert page_embed(page(made(), total=total, number=number)).footer.text == said


@pytest.mark.parametrize("scope", Scope)
def test_empty_library_says_what_to_do(scope: Scope) -> None:
    problem, remedy = page_embed(page(scope=scope)).description.split("\n")
    assert problem.startswith("**")
    assert problem.endswith("yet.**")
    assert "`/extend`" in remedy
    assert page_view(page(scope=scope)) is None


def test_empty_search_result_names_the_search() -> None:
    said = page_embed(page(search="@everyone")).description
    assert said.startswith(r"**Nothing here matches “\@everyone”.**")


def test_single_page_has_no_page_buttons() -> None:
    [row] = buttons(page(made(1), made(2)))
    assert row == [("1", "clip:show:clip-1", True), ("2", "clip:show:clip-2", True)]


@pytest.mark.parametrize(
    ("number", "newer", "older"), [(1, False, True), (2, True, True), (3, True, False)]
)
def test_page_buttons_are_disabled_at_both_ends(number: int, *, newer: bool, older: bool) -> None:
    row, *_ = buttons(page(made(), number=number, total=3 * PAGE_SIZE, search="a b:c"))
    assert row == [
        ("◀ Newer", f"lib:page:mine:{number - 1}:a b:c", newer),
        ("Older ▶", f"lib:page:mine:{number + 1}:a b:c", older),
    ]


def test_full_page_has_a_button_for_each_clip() -> None:
    rows = buttons(page(*(made(number) for number in range(PAGE_SIZE)), total=99))
    assert [len(row) for row in rows] == [2, 5, 3]
    assert [label for row in rows[1:] for label, *_ in row] == [*"12345678"]


def test_page_has_no_two_buttons_with_one_custom_id() -> None:
    odd = made(known=known(playable("a`b")))
    [row] = buttons(page(made(1), made(1), odd, made(2)))
    assert [(label, custom_id) for label, custom_id, _ in row] == [
        ("1", "clip:show:clip-1"),
        ("4", "clip:show:clip-2"),
    ]


@given(scope=st.sampled_from(Scope), number=st.integers(0, 10**9 - 1), text=long_texts)
def test_query_is_decoded_as_it_was_encoded(scope: Scope, number: int, text: str) -> None:
    search = truncate(collapse_whitespace(sanitize(text)), MAX_SEARCH_LENGTH)
    wanted = LibraryQuery(scope=scope, page_number=number, search=search)
    name = encode_query(wanted)
    assert Action.TURN_PAGE.accepts(name)
    assert units(Action.TURN_PAGE.custom_id_for(name)) <= 100
    assert decode_query(name) == wanted


@given(texts=st.lists(long_texts, min_size=PAGE_SIZE, max_size=PAGE_SIZE), search=long_texts)
def test_hostile_titles_on_a_page_are_escaped_and_fit(texts: list[str], search: str) -> None:
    clips = (made(number, title=text) for number, text in enumerate(texts))
    shown = page(
        *clips,
        search=truncate(collapse_whitespace(sanitize(search)), MAX_SEARCH_LENGTH),
        total=10**9,
    )
    embed = page_embed(shown)
    assert_within_limits([embed])
    assert_only_text([embed])
    assert_can_be_sent(page_view(shown))
    assert len(embed.description.splitlines()) == PAGE_SIZE
    assert_within_limits([page_embed(page(search=shown.query.search))])


def test_page_buttons_never_time_out() -> None:
    assert page_view(page(made())).timeout is None


def test_removal_question_names_the_clip_and_what_remains() -> None:
    embed, view = removal_question(own(known(playable(title="*Mine*"))))
    assert r"Remove “\*Mine\* · A” from the library?" in embed.description
    assert "reply and its audio stay" in embed.description
    [row] = view.to_components()
    assert [(each["label"], each["style"], each["custom_id"]) for each in row["components"]] == [
        ("Remove", discord.ButtonStyle.danger.value, "clip:drop:a"),
        ("Keep", discord.ButtonStyle.secondary.value, "clip:keep:a"),
    ]
    assert view.timeout is None


def test_removal_answers_link_to_the_reply() -> None:
    removed = removed_embed(own()).description
    assert removed.startswith("**“Electric Dreams · A” was removed from the library.**")
    assert removed.endswith(f"[Go to its reply]({URL})")
    assert URL not in removed_embed(own(known(reply_url=None))).description
    assert kept_embed(own()).description == "**“Electric Dreams · A” stays in the library.**"


def test_removal_question_names_a_full_song_without_letter() -> None:
    whole = own(known(letter=""), kind=song().kind)
    assert "“Electric Dreams · full song” was removed" in removed_embed(whole).description
