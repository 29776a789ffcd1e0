"""docs/texts.md has every text that Encore has for people, and nothing else."""

import re

import pytest

from tests.meta.member_texts import PAGE, chapter, module_texts, page

CODE = re.compile(r"`[^`]*`|\{[^{}]*\}|^\w+: |\(https?:[^)]*\)")
# of our own words: a member says service, song, part, history
OUR_WORDS = re.compile(
    r"\b(providers?|handles?|lineages?|siblings?|retakes?|idempoten\w+)\b", re.IGNORECASE
)
TYPOGRAPHY = re.compile(r'"|\.\.\.| - |--|!(?:$| )|  ')


def texts_of(source: str) -> list[str]:
    return [text for group in module_texts(source).groups for text in group]


def test_page_is_up_to_date() -> None:
    assert PAGE.read_text() == page(), "docs/texts.md is out of date: run `make texts`"


def member_texts() -> list[str]:
    return [
        CODE.sub("x", text)
        for found in chapter("What members read")
        for group in found.groups
        for text in group
    ]


def test_members_read_no_word_of_ours() -> None:
    assert [text for text in member_texts() if OUR_WORDS.search(text)] == []


def test_quotes_dashes_and_ellipses_are_typographic() -> None:
    assert [text for text in member_texts() if TYPOGRAPHY.search(text.replace(" ⏎  ⏎ ", " "))] == []


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("title = 'Not found.'", "Not found."),
        ("title = f'{label} did not answer.'", "{label} did not answer."),
        ("title = f'{context.label} is busy'", "{label} is busy"),
        ("title = ('One sentence. ' f'{name} is another.')", "One sentence. {name} is another."),
        ("title = 'Round ' + number", "Round {number}"),
        ("title = f'{count} part{\"s\" * (count != 1)}'", "{count} part{s}"),
        ("title = f'{a if b else \"nobody\"} voted'", "{a | nobody} voted"),
        ("title = f'{counted(3, \"vote\")} in all'", "{counted vote} in all"),
        ("view.add(label='Remove')", "Remove"),
        ("line = f'**Style** {style}'", "**Style** {style}"),
        ("line = 'one\\ntwo'", "one ⏎ two"),
        ("def name(part): return 'source' if part else f'part {part}'", "source | part {part}"),
        ("def name(part): return 'source'", "source"),
        ("raise UserError('It is gone.', f'Ask {name}.')", "**It is gone.** Ask {name}."),
        ("raise UserError(GONE, 'Try again.')", "**{GONE}** Try again."),
        ("embed = refusal_embed('It is gone.', TRY_AGAIN)", "**It is gone.** {TRY_AGAIN}"),
        ("verb = 'has' if number == 1 else 'have'", "has | have"),
        ("Choice(name='mine', value=1)", "choice: mine"),
        ("@describe(of='Whose clips')\nasync def library(): ...", "of: Whose clips"),
        ("@command()\nasync def queue():\n    'Show it.'", "/queue: Show it."),
        (
            "class Cog(X, group_name='session'):\n @command(name='list')\n def x():\n  'List.'",
            "/session list: List.",
        ),
        ("Command(name='extend', description='Continue it.')", "/extend: Continue it."),
        ("model: Annotated[str, Unset('no limit')] = ''", "no limit"),
        ("from pydantic import Field\nraise ValueError('must be a word')", "must be a word"),
    ],
)
def test_text_is_found(source: str, text: str) -> None:
    assert text in texts_of(source)


@pytest.mark.parametrize(
    "source",
    [
        "'''A module.'''",
        "def draw():\n    '''Draw it in red.'''",
        "class View:\n    '''It has buttons.'''\n    def draw(self):\n        'Draw it.'",
        "log.warning('It failed: %s', error)",
        "write = 'It failed: %s'",
        "raise ValueError('not a time')",
        "button = Button(custom_id=f'ext:cancel:{number}')",
        "url = f'https://discord.com/channels/{guild_id}'",
        "pattern = re.compile('some words')",
        "is_style = 'a tag' in words or text == 'the style'",
        "words = text.removeprefix('Value error, ')",
        "headers = {'Accept': 'application/json'}",
        "value = payload['some key']",
        "match text:\n    case 'some words': pass",
        "def draw(text: 'Some Type') -> 'Other Type': ...",
        "store = 'PRAGMA foreign_keys = ON'",
        "sql = text('SELECT * FROM clips')",
        "limit: Literal['one word'] = 1",
    ],
)
def test_what_nobody_reads_is_left_out(source: str) -> None:
    assert texts_of(source) == []


def test_dictionary_keys_are_texts_if_one_has_several_words() -> None:
    assert texts_of("actions = {'check again': check, 'cancel': cancel}") == [
        "check again",
        "cancel",
    ]
    assert texts_of("actions = {'check': check, 'cancel': cancel}") == []


def test_texts_are_in_the_order_of_the_source_by_definition() -> None:
    found = module_texts(
        "'''How it\nends. Pure.\n\nMore.'''\nend = 'The end.'\n"
        "def second():\n    return 'Second line.', 'Third line.'\n",
        "bot/ui/ends.py",
    )
    assert found.path == "bot/ui/ends.py"
    assert found.summary == "How it ends. Pure."
    assert found.groups == [["The end."], ["Second line.", "Third line."]]
