"""What a server sets for itself: read, and changed by its moderators. Knows nothing of Discord."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from bot.domain.errors import FormError, UserError
from bot.domain.form import format_style, parse_style
from bot.domain.guild_settings import GuildSettings
from bot.domain.text import collapse_whitespace, escape_line, sanitize
from bot.services.runtime import Runtime
from bot.store.acceptance import Quota

MAX_LIMIT = 1_000_000  # extensions
QUOTE_LENGTH = 40  # UTF-16 units


class GuildSettingsService:
    """Reads and changes the settings of servers.

    Attributes:
        quota: what whoever runs Encore allows; a server can only allow less.
    """

    def __init__(self, runtime: Runtime, *, quota: Quota) -> None:
        self._store = runtime.store
        self._providers = runtime.providers
        self._clock = runtime.clock
        self.quota = quota

    async def settings_of(self, guild_id: int | None) -> GuildSettings:
        """Return the settings of a server that Encore is in; None has the defaults."""
        return await self._store.settings_of_guild(guild_id)

    async def set_channels(
        self, guild_id: int, channel_ids: Sequence[int], member_id: int
    ) -> GuildSettings:
        """Let members extend in these channels only; in all if there are none."""
        ids = tuple(channel_ids)
        return await self._change(guild_id, member_id, lambda was: replace(was, channel_ids=ids))

    async def set_roles(
        self, guild_id: int, role_ids: Sequence[int], member_id: int
    ) -> GuildSettings:
        """Let only members with one of these roles extend; everybody if there are none."""
        ids = tuple(role_ids)
        return await self._change(guild_id, member_id, lambda was: replace(was, role_ids=ids))

    async def set_provider(self, guild_id: int, provider: str, member_id: int) -> GuildSettings:
        """Use this service where a member names none; empty leaves it to whoever runs Encore.

        Raises:
            UserError: it is not enabled.
        """
        if provider and provider not in self._providers:
            raise UserError("That service isn't set up here any more.", "Pick another one.")
        return await self._change(guild_id, member_id, lambda was: replace(was, provider=provider))

    async def set_model(self, guild_id: int, model: str, member_id: int) -> GuildSettings:
        """Use this model where a member names none; empty leaves it to the service."""
        return await self._change(guild_id, member_id, lambda was: replace(was, model=model))

    async def set_style(self, guild_id: int, typed: str, member_id: int) -> GuildSettings:
        """Use this style where neither the member nor the clip has one; empty is none."""
        style = format_style(parse_style(collapse_whitespace(sanitize(typed))))
        return await self._change(guild_id, member_id, lambda was: replace(was, style=style))

    async def set_limits(
        self, guild_id: int, *, member: str, channel: str, member_id: int
    ) -> GuildSettings:
        """Limit what may be in progress at once, as typed; empty is the operator's limit.

        Raises:
            FormError: one is not a number.
        """
        member_limit, channel_limit = _parse_limits(member, channel)
        return await self._change(
            guild_id,
            member_id,
            lambda was: replace(was, member_limit=member_limit, channel_limit=channel_limit),
        )

    async def set_budgets(
        self,
        guild_id: int,
        *,
        day: str,
        month: str,
        member_day: str,
        notices_channel_id: int | None,
        member_id: int,
    ) -> GuildSettings:
        """Set the budgets, as typed; empty is no limit.

        Raises:
            FormError: one is not a number.
        """
        daily, monthly, member = _parse_limits(day, month, member_day)
        return await self._change(
            guild_id,
            member_id,
            lambda was: replace(
                was,
                daily_budget=daily,
                monthly_budget=monthly,
                member_budget=member,
                notices_channel_id=notices_channel_id,
            ),
        )

    async def switch_sessions(self, guild_id: int, member_id: int, *, on: bool) -> GuildSettings:
        """Turn the start of sessions on or off; those that run go on."""
        return await self._change(guild_id, member_id, lambda was: replace(was, has_sessions=on))

    async def _change(
        self, guild_id: int, member_id: int, change: Callable[[GuildSettings], GuildSettings]
    ) -> GuildSettings:
        return await self._store.change_settings(
            guild_id, change, member_id=member_id, now=self._clock()
        )


def _parse_limits(*typed: str) -> list[int | None]:
    """Return limits as typed; None for an empty text.

    Raises:
        FormError: they are no numbers, or none from 1 on; it quotes all of them.
    """
    wrong = [text for text in typed if not _is_limit(text)]
    if wrong:
        quoted = " and ".join(f"“{escape_line(text, QUOTE_LENGTH)}”" for text in wrong)
        raise FormError(
            f"{quoted} can't be {'a limit' if len(wrong) == 1 else 'limits'}.",
            f"Write a whole number from 1 to {MAX_LIMIT:,}, or leave it empty for no limit.",
        )
    return [int(text) if text.strip() else None for text in typed]


def _is_limit(typed: str) -> bool:
    text = typed.strip()
    is_number = text.isascii() and text.isdigit() and len(text) <= len(str(MAX_LIMIT))
    return not text or (is_number and 1 <= int(text) <= MAX_LIMIT)
