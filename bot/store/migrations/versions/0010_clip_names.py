"""What tells clips apart: their part of the song, their words, and who asked for them."""

from collections.abc import Iterator
from string import ascii_uppercase

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_BATCH = 500  # extensions, whose lyrics are in memory at once

_extensions = sa.table(
    "extensions",
    *(sa.column(name, sa.Text) for name in ("kind", "clip_id", "lyrics", "source_letter")),
    sa.column("id", sa.BigInteger),
    sa.column("part_number", sa.Integer),
)
_clips = sa.table(
    "clips",
    *(sa.column(name, sa.Text) for name in ("clip_id", "search_text")),
    *(sa.column(name, sa.BigInteger) for name in ("id", "extension_id")),
    sa.column("position", sa.Integer),
)


def upgrade() -> None:
    """Add the columns, number the parts, and add the lyrics to what is searched.

    The names of those who asked for older extensions are unknown.
    """
    for column in (
        sa.Column("part_number", sa.Integer, nullable=False, server_default="2"),
        sa.Column("source_letter", sa.Text, nullable=False, server_default=""),
        sa.Column("member_name", sa.Text, nullable=False, server_default=""),
        sa.Column("song_time", sa.Float),
    ):
        op.add_column("extensions", column)
    numbers: dict[str, tuple[int, str]] = {}  # part number and letter of each clip made so far
    for extensions in _batches():
        _number_parts(extensions, numbers)


def _batches() -> Iterator[list[sa.RowMapping]]:
    """Yield all extensions, oldest first, a batch at a time."""
    columns = (_extensions.c[name] for name in ("id", "kind", "clip_id", "lyrics"))
    query = sa.select(*columns).order_by(_extensions.c.id).limit(_BATCH)
    last_id = 0
    while found := [*op.get_bind().execute(query.where(_extensions.c.id > last_id)).mappings()]:
        yield found
        last_id = found[-1]["id"]


def _number_parts(extensions: list[sa.RowMapping], numbers: dict[str, tuple[int, str]]) -> None:
    """Number these extensions and their clips; a full song is the first part of what follows it."""
    ids = [ext["id"] for ext in extensions]
    query = (
        sa.select(_clips)
        .where(_clips.c.extension_id.in_(ids))
        .order_by(_clips.c.extension_id, _clips.c.position)
    )
    made: dict[int, list[sa.RowMapping]] = {}
    for clip in op.get_bind().execute(query).mappings():
        made.setdefault(clip["extension_id"], []).append(clip)
    extension_rows: list[dict[str, object]] = []
    clip_rows: list[dict[str, object]] = []
    for ext in extensions:
        number, letter = numbers.get(ext["clip_id"], (1, ""))
        is_song = ext["kind"] != "part"
        own = 1 if is_song else number + 1
        extension_rows.append({"row_id": ext["id"], "number": own, "letter": letter})
        for clip in made.get(ext["id"], ()):
            own_letter = "" if is_song else ascii_uppercase[clip["position"] % 26]
            numbers[clip["clip_id"]] = (own, own_letter)
            words = f"{clip['search_text']}\n{ext['lyrics'].casefold()}\n"
            clip_rows.append({"row_id": clip["id"], "words": words})
    numbered = (
        sa.update(_extensions)
        .where(_extensions.c.id == sa.bindparam("row_id"))
        .values(part_number=sa.bindparam("number"), source_letter=sa.bindparam("letter"))
    )
    worded = (
        sa.update(_clips)
        .where(_clips.c.id == sa.bindparam("row_id"))
        .values(search_text=sa.bindparam("words"))
    )
    for statement, rows in ((numbered, extension_rows), (worded, clip_rows)):
        for start in range(0, len(rows), _BATCH):  # there may be none
            op.get_bind().execute(statement, rows[start : start + _BATCH])
