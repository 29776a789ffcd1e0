"""Clips of a library to draw."""

import re
from dataclasses import replace

import discord

from bot.domain.library import LibraryEntry, LibraryPage, LibraryQuery, Scope
from bot.domain.models import Clip, ClipRecord, Extension, Kind, Status
from bot.services.library import ClipDetails, LineageEntry, OwnedClip
from tests.support.hostile_texts import CODE, ESCAPED, UNSEEN
from tests.support.ui_samples import NOW, SOURCE, all_text, extension, playable

URL = "https://discord.com/channels/1/2/7"
_REPLY = r"https://discord\.com/channels/[\d/]+"
OURS = re.compile(
    rf"<@\d+>|<t:\d+:R>|\[(?=[^\[\]\n]*\]\({_REPLY}\))|\]\({_REPLY}\)"
    r"|\[▶ Listen(?: while it streams)?\]\(https://audio\.example/[^\s()<>]*\)|^> ",
    re.MULTILINE,
)


def known(clip: Clip | None = None, **parts: object) -> ClipRecord:
    made = ClipRecord(
        clip=clip or playable(),
        provider="aimlapi",
        known_at=NOW,
        letter="A",
        extension_id=7,
        reply_url=URL,
    )
    return replace(made, **parts)


def source(**parts: object) -> ClipRecord:
    clip = playable(SOURCE, title="Root Song", duration=192.2)
    return known(clip, letter="", extension_id=None, reply_url=None, **parts)


def made(number: int = 0, **parts: object) -> LibraryEntry:
    clip = known(playable(f"clip-{number}"))
    return replace(LibraryEntry(known=clip, title="Electric Dreams", member_id=42), **parts)


def page(
    *clips: LibraryEntry,
    scope: Scope = Scope.MINE,
    search: str = "",
    number: int = 1,
    total: int = 0,
) -> LibraryPage:
    wanted = LibraryQuery(scope=scope, search=search, page_number=number)
    return LibraryPage(query=wanted, entries=clips, total=total or len(clips))


def details(clip: ClipRecord | None = None, **parts: object) -> ClipDetails:
    clip = clip or known()
    shown = ClipDetails(
        known=clip,
        extension=extension(Status.COMPLETE, clip.clip),
        label="AIML API",
        is_confirmed=True,
        is_own=False,
        lineage=(LineageEntry(source(), is_continued=True, continued_at=124), last(clip)),
    )
    return replace(shown, **parts)


def last(clip: ClipRecord) -> LineageEntry:
    return LineageEntry(clip, is_continued=False, continued_at=None)


def own(clip: ClipRecord | None = None, **parts: object) -> OwnedClip:
    clip = clip or known()
    return OwnedClip(clip, extension(Status.COMPLETE, clip.clip, **parts))


def song() -> Extension:
    return extension(Status.COMPLETE, kind=Kind.CONCAT)


def assert_only_text(embeds: list[discord.Embed]) -> None:
    """Check that no text from outside is anything but text; ids stand in backticks."""
    whole = all_text(embeds)
    assert UNSEEN.search(whole) is None
    left = OURS.sub("", CODE.sub("", ESCAPED.sub("", whole)))
    assert not set(left) & set("_~`|<>[]#@"), left
    assert "://" not in left
    assert left.count("*") % 2 == 0
