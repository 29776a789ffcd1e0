"""The part of the store's face that has to do with the library."""

from bot.domain.library import LibraryPage, LibraryQuery, Viewer
from bot.domain.models import ClipRecord
from bot.store import library
from bot.store.database import Database


class LibraryStore:
    """Clips that were made here and nobody took out."""

    def __init__(self, database: Database) -> None:
        self._db = database

    async def page(self, viewer: Viewer, wanted: LibraryQuery) -> LibraryPage:
        """Return a page of the library, newest first: the one that is wanted, else the last.

        In the library are playable clips that extensions made, unless their member took them out.
        """
        return await self._db.read(library.page, viewer, wanted)

    async def channels(self, guild_id: int) -> list[int]:
        """Return the channels of a guild in which anything was asked for, the latest first."""
        return await self._db.read(library.channels, guild_id)

    async def clips_of(self, extension_id: int) -> list[ClipRecord]:
        """Return the clips that an extension made, in order, with what is known of each."""
        return await self._db.read(library.clips_of, extension_id)

    async def remove(self, clip_id: str, *, member_id: int) -> bool:
        """Take a clip that this member made out of the library; return whether it was in it.

        Lineages keep it, and what others made of it stays.
        """
        return await self._db.write_first(library.remove, clip_id, member_id)
