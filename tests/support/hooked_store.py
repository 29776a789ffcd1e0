"""A store that lets a test act in the middle of a save."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

from bot.domain.models import Extension
from bot.store.store import Store


class HookedStore(Store):
    """Runs a test's code once before, and once after, it saves."""

    before: Callable[[Extension], Awaitable[None]] | None = None
    after: Callable[[Extension], Awaitable[None]] | None = None

    async def save(self, new: Extension, *, was: Extension) -> bool:
        if hook := self.before:
            self.before = None
            await hook(was)
        saved = await super().save(new, was=was)
        if hook := self.after:
            self.after = None
            await hook(new)
        return saved


def raise_revision(store: Store) -> Callable[[Extension], Awaitable[None]]:
    """Return a hook that changes a row as a queue position does."""

    async def change(was: Extension) -> None:
        changed = replace(was, revision=was.revision + 1)
        assert await Store(store.database).save(changed, was=was)

    return change
