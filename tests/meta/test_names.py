"""Names are words of the field: the old metaphors don't come back."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
CHECKED_FOLDERS = ("bot", "cogs", "bench", "sandbox", "tests")

METAPHOR = re.compile(
    "backstage|bells?|breath|doors?|house|kitchen|lettering|looks?|mortal|ordeal|paces?|sight|"
    "sounds|stage|stand|studios?|surroundings|ways?|wire|wish(es)?|workshop|world"
)

DISCORD_TERMS = {"STAGE"}  # a kind of channel

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")


def words(name: str) -> list[str]:
    """Return the words of a snake_case or CamelCase name, in lower case."""
    return [word.lower() for word in _WORD.findall(name)]


def defined_names(tree: ast.AST) -> Iterator[tuple[str, int]]:
    """Yield each name that ``tree`` defines, and its line."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.ClassDef(name=name)
                | ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.arg(arg=name)
                | ast.Name(id=name, ctx=ast.Store())
                | ast.Attribute(attr=name, ctx=ast.Store())
                | ast.alias(asname=str(name))
                | ast.ExceptHandler(name=str(name))
                | ast.MatchAs(name=str(name))
                | ast.MatchStar(name=str(name))
            ):
                yield name, getattr(node, "lineno", 0)
            case _:
                pass


def metaphors_in(path: Path, source: str) -> list[str]:
    """Return the metaphors among the names of a module, itself included, as ``path:line name``."""
    names = [(part, 0) for part in path.with_suffix("").parts]
    names += defined_names(ast.parse(source))
    return [
        f"{path}:{line} {name}"
        for name, line in names
        if name not in DISCORD_TERMS and any(METAPHOR.fullmatch(word) for word in words(name))
    ]


@pytest.mark.parametrize("folder", CHECKED_FOLDERS)
def test_no_name_is_a_metaphor(folder: str) -> None:
    found = [
        name
        for path in sorted((ROOT / folder).rglob("*.py"))
        for name in metaphors_in(path.relative_to(ROOT), path.read_text())
    ]
    assert not found, "\n".join(["these names say nothing to a newcomer:", *found])


@pytest.mark.parametrize(
    "source",
    [
        "class AudioDoor: ...",
        "def ring_bell(): ...",
        "async def open_door(): ...",
        "def fetch(look): ...",
        "paces = 1",
        "self._door = 1",
        "class Reply:\n    look: int",
        "import httpx as wire",
        "for way in routes: ...",
        "if (pace := 1): ...",
        "with open() as door: ...",
        "try: ...\nexcept OSError as wish: ...",
        "match x:\n    case [stage, *ways]: ...",
        "[sight for sight in y]",
    ],
)
def test_planted_metaphor_is_found(source: str) -> None:
    assert metaphors_in(Path("bot/app.py"), source)


def test_metaphor_as_file_name_is_found() -> None:
    assert metaphors_in(Path("bot/workshop.py"), "")


@pytest.mark.parametrize(
    "source", ["always = lookup = 1", "class Gateway: ...", "pause = doorstep", "HTTPServer = 1"]
)
def test_word_that_only_contains_a_metaphor_is_allowed(source: str) -> None:
    assert metaphors_in(Path("bot/app.py"), source) == []
