"""Tells the operator of a problem: in the channel of their choice, else by direct message."""

import hashlib
import logging

import discord

from bot.interactions.client import Encore
from bot.interactions.delivery import is_client_error
from bot.interactions.first_reply import UNREACHABLE
from bot.services.operator_watch import Problem
from bot.ui.operator_notice import operator_notice

log = logging.getLogger(__name__)


class OperatorNotices:
    """Sends notices to the operator."""

    def __init__(self, bot: Encore, *, channel_id: int | None) -> None:
        """Make it; without ``channel_id`` it writes to the owner of the application."""
        self._bot = bot
        self._channel_id = channel_id

    async def report(self, problem: Problem) -> bool:
        """Log ``problem`` and tell the operator.

        Returns:
            Whether no further attempt is needed: it arrived, or Discord refused it, and then only
            the log has it.
        """
        log.error("%s: %s. %s", problem.label, problem.kind, problem.text)
        # a second process, or this one after a kill, gets the same message instead of another
        text = f"{problem.subject}:{problem.kind}"
        nonce = f"op-{hashlib.sha256(text.encode()).hexdigest()[:16]}"
        await self._bot.rate_limiter.acquire(3)
        try:
            place = await self._place()
            await place.send(embed=operator_notice(problem), nonce=nonce)
        except UNREACHABLE as error:
            if not is_client_error(error):
                log.warning("The operator could not be told yet: %s", error)
                return False
            log.warning(
                "The operator can't be told in Discord (%s); set ENCORE_NOTICES_CHANNEL", error
            )
        return True

    async def _place(self) -> discord.abc.Messageable:
        if self._channel_id is not None:
            return self._bot.get_partial_messageable(self._channel_id)
        application = await self._bot.application_info()
        team = application.team
        owner_id = team.owner_id if team and team.owner_id else application.owner.id
        return await self._bot.create_dm(discord.Object(owner_id))
