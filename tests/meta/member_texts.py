"""Every text that Encore has for people, read from its source: modules -> docs/texts.md.

`python -m tests.meta.member_texts` writes the page; `make texts` does so, too.
"""

import ast
import builtins
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGE = ROOT / "docs" / "texts.md"

# Who reads what, in the order of the page: folders and files.
CHAPTERS = {
    "What members read": (
        *("cogs", "bot/ui", "bot/interactions", "bot/services", "bot/domain"),
        *("bot/audio/tags.py", "bot/audio/waveform.py"),
    ),
    "What the operator reads": (
        *("bot/__main__.py", "bot/app.py", "bot/health.py", "bot/settings.py"),
        *("bot/provider_settings.py", "bot/setting_types.py"),
        *("bot/settings_reference.py", "bot/providers", "bot/store"),
    ),
}
LEFT_OUT = ("bot/store/migrations/versions",)  # SQL

HEADER = """\
# Every text that Encore has for people

Made from the source by `make texts`, never edited by hand; a test fails when it is out of date.
It is there to be read from top to bottom: one thing has one name, and one fact has one sentence.

`{name}` is filled in, `{one | other}` is one of the two, and ⏎ begins a new line. A refusal says
what is wrong, in bold type, and then what to do about it. Log messages are left out.
"""

# Calls whose arguments nobody reads: these look for something in a text, take it apart or name it.
_SEARCHES = {
    *("cast", "compile", "count", "decode", "encode", "endswith", "finditer", "fullmatch"),
    *("get", "getattr", "getLogger", "group", "hasattr", "index", "listener", "loop", "lstrip"),
    *("maketrans", "match", "partition", "pop", "removeprefix", "removesuffix", "replace"),
    *("rpartition", "rsplit", "rstrip", "search", "setattr", "split", "startswith", "strftime"),
    *("strip", "sub", "text", "TypeVar"),
    *("exec_driver_sql", "execute", "execution_options"),
}
# Keyword arguments that name something in the program or at Discord.
_NAMING_KEYWORDS = {"alias", "custom_id", "group_name", "idempotency_key", "key", "prefix", "type"}
_LOGGERS = {"log", "logging"}
_BUILTIN_ERRORS = {
    name
    for name, kind in vars(builtins).items()
    if isinstance(kind, type) and issubclass(kind, BaseException)
}
_PLACEHOLDER = re.compile(r"\{[^{}]*\}")
_MARKDOWN = re.compile(r"-# |[*`]")
# A key, a format or an address: nothing but ASCII, and no space between words.
_IDENTIFIER = re.compile(r"[!-~]*")
_CAPITALIZED = re.compile(r"[A-Z][a-z]+[.:]?")
_WORD = re.compile(r"[a-z]{3,}")
_NOT_FOR_PEOPLE = re.compile(r"%[sdr]|(PRAGMA|BEGIN|REPEATABLE|Bearer) ")  # of logs, SQL and HTTP
_TWO_LETTERS = re.compile(r"[^\W\d_]{2}")


@dataclass(frozen=True, slots=True)
class ModuleTexts:
    """The texts of one module.

    Attributes:
        path: of the module, from the root of the repository.
        summary: the first paragraph of its docstring.
        groups: its texts in the order of the source; a group for each class and function.
    """

    path: str
    summary: str
    groups: Sequence[Sequence[str]]


def main() -> None:
    """Write the page."""
    PAGE.write_text(page())


def page() -> str:
    """Return the page: all texts, by chapter and module."""
    parts = [HEADER]
    for title in CHAPTERS:
        parts.append(f"## {title}\n")
        parts += [_section(found) for found in chapter(title) if found.groups]
    return "\n".join(parts)


def chapter(title: str) -> Iterator[ModuleTexts]:
    """Yield the texts of each module of a chapter."""
    for path in _modules(CHAPTERS[title]):
        yield module_texts(path.read_text(), path.relative_to(ROOT).as_posix())


def module_texts(source: str, path: str = "") -> ModuleTexts:
    """Return the texts that a module has for people.

    Args:
        source: of the module.
        path: of the module, from the root of the repository.
    """
    tree = ast.parse(source)
    summary = (ast.get_docstring(tree) or "").partition("\n\n")[0]
    # pydantic shows what a validator raises
    shows_errors = any(
        isinstance(node, ast.ImportFrom) and node.module == "pydantic" for node in tree.body
    )
    groups: list[list[str]] = [[]]
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            groups.append([])
        groups[-1] += _Collector(node, shows_errors=shows_errors).texts
    return ModuleTexts(path, " ".join(summary.split()), [group for group in groups if group])


def _modules(folders: Iterable[str]) -> Iterator[Path]:
    for folder in folders:
        for path in sorted((ROOT / folder).rglob("*.py")) or [ROOT / folder]:
            if not path.relative_to(ROOT).as_posix().startswith(LEFT_OUT):
                yield path


def _section(found: ModuleTexts) -> str:
    groups = "\n\n".join("\n".join(group) for group in found.groups)
    return f"### {found.path}\n\n{found.summary}\n\n```text\n{groups}\n```\n"


class _Collector(ast.NodeVisitor):
    """Collects the texts of one node, in the order of the source.

    Attributes:
        texts: found so far.
    """

    def __init__(self, node: ast.AST, *, shows_errors: bool) -> None:
        self._shows_errors = shows_errors
        self._group = ""
        self.texts: list[str] = []
        self.visit(node)

    def generic_visit(self, node: ast.AST) -> None:
        """Add the text that ``node`` is, or look inside."""
        text = written_text(node)
        if text is None:
            super().generic_visit(node)
        elif is_readable(text):
            self._add(text)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        """Add the description of a group of commands; look inside."""
        if group := _keywords(node).get("group_name"):
            self._group = f"{group} "
            self._add(f"/{group}: {_first_line(node)}")
        self._visit_all([*node.decorator_list, *node.body])

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        """Add the name and the description of a command; look inside."""
        for each in node.decorator_list:
            if isinstance(each, ast.Call) and _called_name(each) == "command":
                name = _keywords(each).get("name") or node.name
                self._add(f"/{self._group}{name}: {_first_line(node)}")
        self._visit_all([*node.decorator_list, node.args, *node.body])

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        """See `visit_FunctionDef`."""
        self.visit_FunctionDef(node)

    def visit_arg(self, node: ast.arg) -> None:
        """Leave out an annotation."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        """Look at the value, and at calls in the annotation."""
        self._visit_all(each for each in ast.walk(node.annotation) if isinstance(each, ast.Call))
        if node.value:
            self.visit(node.value)

    def visit_Expr(self, node: ast.Expr) -> None:
        """Leave out a docstring."""
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        """Add two texts of which a condition chooses one as one, though they may be words."""
        texts = [written_text(node.body), written_text(node.orelse)]
        if all(text and (_WORD.fullmatch(text) or is_readable(text)) for text in texts):
            self._add(" | ".join(map(str, texts)))
            self.visit(node.test)
        else:
            self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        """Add a returned word, too."""
        text = written_text(node.value) if node.value else None
        if text and _WORD.fullmatch(text):
            self._add(text)
        else:
            self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """Leave out texts that are compared."""
        self._visit_all(each for each in [node.left, *node.comparators] if not written_text(each))

    def visit_Subscript(self, node: ast.Subscript) -> None:
        """Leave out a key."""
        self.visit(node.value)

    def visit_MatchValue(self, node: ast.MatchValue) -> None:
        """Leave out a pattern."""

    def visit_Dict(self, node: ast.Dict) -> None:
        """Add all keys, if people read one of them."""
        keys = [text for key in node.keys if key and (text := written_text(key))]
        if any(" " in text and is_readable(text) for text in keys):
            self._add(*keys)
        self._visit_all(node.values)

    def visit_Call(self, node: ast.Call) -> None:
        """Add the texts among the arguments, if people read them."""
        name = _called_name(node)
        if _is_log_call(node) or (name in _BUILTIN_ERRORS and not self._shows_errors):
            return
        if name in _SEARCHES:
            self._visit_all(each for each in ast.iter_child_nodes(node) if not written_text(each))
        elif name == "describe":
            self._add(*(f"{option}: {text}" for option, text in _keywords(node).items()))
        elif name == "Choice":
            self._add(*(f"choice: {text}" for text in [_keywords(node).get("name")] if text))
        elif {"name", "description"} <= (keywords := _keywords(node)).keys():
            self._add(f"/{keywords['name']}: {keywords['description']}")
        elif name.endswith("Error") or name == "refusal_embed":
            self._add_refusal(node)
        else:
            self._visit_all([node.func, *node.args])
            self._visit_all(each for each in node.keywords if each.arg not in _NAMING_KEYWORDS)

    def _add_refusal(self, node: ast.Call) -> None:
        """Add what is wrong in bold type, and what to do after it."""
        if len(node.args) > 1 and any(map(written_text, node.args)):
            problem, *remedies = map(_part_text, node.args)
            self._add(f"**{problem}** {' '.join(remedies)}")
        else:
            self._visit_all(node.args)
        self._visit_all(node.keywords)

    def _visit_all(self, nodes: Iterable[ast.AST]) -> None:
        for node in nodes:
            self.visit(node)

    def _add(self, *texts: str) -> None:
        self.texts += [text.strip("\n").replace("\n", " ⏎ ") for text in texts]


def written_text(node: ast.AST) -> str | None:
    """Return the text that an expression is, with placeholders; None if it is something else."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=values):
            return "".join(map(_part_text, values))
        case ast.BinOp(op=ast.Add(), left=left, right=right) if (
            written_text(left) is not None or written_text(right) is not None
        ):
            return _part_text(left) + _part_text(right)
        case _:
            return None


def is_readable(text: str) -> bool:
    """Whether ``text`` is for people: several words, a capitalized one, or one with a symbol."""
    words = _MARKDOWN.sub("", _PLACEHOLDER.sub("", text))
    if not _TWO_LETTERS.search(words) or _NOT_FOR_PEOPLE.search(words):
        return False
    whole = _MARKDOWN.sub("", _PLACEHOLDER.sub("x", text)).strip()
    return bool(_CAPITALIZED.fullmatch(words.strip())) or not _IDENTIFIER.fullmatch(whole)


def _part_text(node: ast.AST) -> str:
    """Return a part of a text: as it is written, or its placeholder."""
    text = written_text(node)
    return f"{{{_placeholder(node)}}}" if text is None else text


def _placeholder(node: ast.AST) -> str:
    """Return what stands between the braces of a placeholder."""
    match node:
        case ast.FormattedValue(value=value) | ast.NamedExpr(value=value):
            return _placeholder(value)
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr():
            return _part_text(node)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.IfExp(body=one, orelse=other):
            return f"{_placeholder(one)} | {_placeholder(other)}"
        case ast.BoolOp(values=values):
            return " | ".join(map(_placeholder, values))
        case ast.BinOp(op=ast.Mult(), left=ast.Constant(value=str(text))):
            return text
        case ast.Call():
            words = [text for each in node.args if (text := written_text(each)) and " " not in text]
            return " ".join([_called_name(node), *words])
        case ast.Subscript(value=value) | ast.Await(value=value):
            return _placeholder(value)
        case _:
            return "…"


def _first_line(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> str:
    return (ast.get_docstring(node) or "").partition("\n")[0]


def _keywords(node: ast.Call | ast.ClassDef) -> dict[str, str]:
    """Return the texts among the keyword arguments."""
    texts = ((each.arg, written_text(each.value)) for each in node.keywords)
    return {name: text for name, text in texts if name and text}


def _called_name(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _is_log_call(node: ast.Call) -> bool:
    match node.func:
        case ast.Attribute(value=ast.Name(id=name)):
            return name in _LOGGERS
        case _:
            return False


if __name__ == "__main__":
    main()
