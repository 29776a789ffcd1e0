"""What import-linter can't express: the domain needs no package, and ui/ only draws."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
DOMAIN = sorted((ROOT / "bot" / "domain").rglob("*.py"))
UI = sorted((ROOT / "bot" / "ui").rglob("*.py"))

SPEAKS_DISCORD = {"AutoShardedBot", "AutoShardedClient", "Bot", "Client", "Interaction"}
AWAITS = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)


def foreign_imports(source: str) -> list[str]:
    """Return the imported modules that are neither the standard library's nor the domain's."""
    imported: list[str] = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imported.append(node.module or ".")
    return [
        name
        for name in imported
        if name.partition(".")[0] not in sys.stdlib_module_names
        and not f"{name}.".startswith("bot.domain.")
    ]


def impurities(source: str) -> Iterator[str]:
    """Yield each node that awaits, or names a client or an interaction."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name):
                if name in SPEAKS_DISCORD:
                    yield name
            case _ if isinstance(node, AWAITS):
                yield type(node).__name__
            case _:
                pass


@pytest.mark.parametrize("path", DOMAIN, ids=lambda path: path.stem)
def test_domain_imports_only_the_standard_library(path: Path) -> None:
    assert foreign_imports(path.read_text()) == []


@pytest.mark.parametrize("path", UI, ids=lambda path: path.stem)
def test_ui_neither_awaits_nor_sees_a_client_or_an_interaction(path: Path) -> None:
    assert list(impurities(path.read_text())) == []


@pytest.mark.parametrize(
    "source",
    ["import httpx", "from discord import Embed", "from bot.store import store", "import bot.ui"],
)
def test_foreign_import_is_found(source: str) -> None:
    assert foreign_imports(source)
    assert not foreign_imports("import datetime\nfrom bot.domain.text import truncate")


@pytest.mark.parametrize(
    "source",
    [
        "async def draw(): ...",
        "def draw(interaction: discord.Interaction): ...",
        "from discord import Client",
        "async def draw():\n    await send()",
    ],
)
def test_impurity_is_found(source: str) -> None:
    assert list(impurities(source))
    assert not list(impurities("def draw() -> discord.Embed:\n    return discord.Embed()"))
