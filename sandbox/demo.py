"""The scripted demo: a member extends a clip on each provider and prints how the replies change."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from sandbox.discord.member import Member
from sandbox.discord.models import Message
from sandbox.discord.server import DiscordServer

GREEN, RED = 0x57F287, 0xED4245
REPLY_TIMEOUT = 120.0  # seconds

LYRICS = """[Verse]
Neon on the water, engines in the rain
Every mile behind us hums a new refrain

[Chorus]
Carry on, carry on"""

Report = Callable[[str], None]


class DemoError(Exception):
    """The demo failed; the text says at which step."""


async def run_demo(discord: DiscordServer, clip_ids: Mapping[str, str], report: Report) -> None:
    """Extend a clip on each provider at the same time, as one member.

    Args:
        discord: the server to which the bot is connected.
        clip_ids: the clip to continue, by provider.
        report: called with each line of output.

    Raises:
        DemoError: a reply did not reach a successful final state.
    """
    ada = discord.member("Ada")
    started_at = time.monotonic()
    names = sorted(clip_ids)

    def report_for(provider: str, line: str) -> None:
        report(f"{time.monotonic() - started_at:5.1f} s  {provider:<12} {line}")

    extensions = [_extend(discord, ada, name, clip_ids[name], report_for) for name in names]
    results = await asyncio.gather(*extensions, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _extend(
    discord: DiscordServer,
    ada: Member,
    provider: str,
    clip_id: str,
    report: Callable[[str, str], None],
) -> None:
    report(provider, f"Ada: /extend clip:{clip_id} at:0:12 provider:{provider}")
    opened = await ada.slash(
        "extend", clip=clip_id, at="0:12", tags="synthpop, dreamy", provider=provider
    )
    if opened.modal is None:
        raise DemoError(
            f"{provider}: no modal opened ({opened.error or _first_embed_text(opened.message)})"
        )
    submitted = await ada.submit(opened.modal, {"lyrics": LYRICS})
    if submitted.message is None or submitted.is_ephemeral:
        raise DemoError(
            f"{provider}: no reply came ({submitted.error or _first_embed_text(submitted.message)})"
        )
    await _report_until_final(discord, submitted.message, lambda line: report(provider, line))


async def _report_until_final(discord: DiscordServer, reply: Message, report: Report) -> None:
    """Report each version of ``reply`` until its colour is final."""
    reported = 0
    while True:
        await discord.wait_for(_has_new_version(reply, reported), timeout=REPLY_TIMEOUT)
        for _, version in reply.history[reported:]:
            for line in _summary_lines(version["embeds"]):
                report(line)
        reported = len(reply.history)
        colour = reply.embeds[0]["color"]
        if colour == RED:
            raise DemoError(_first_embed_text(reply))
        if colour == GREEN:
            return


def _has_new_version(reply: Message, reported: int) -> Callable[[], bool]:
    return lambda: len(reply.history) > reported


def _summary_lines(embeds: Sequence[Mapping[str, str]]) -> list[str]:
    """Return the title of a reply, and what stands above the request."""
    status, blank_line, _ = embeds[0].get("description", "").partition("\n\n")
    lines = status.splitlines() if blank_line else []
    return [embeds[0].get("title", ""), *(f"     {line}" for line in lines)]


def _first_embed_text(message: Message | None) -> str:
    if message is None or not message.embeds:
        return "nothing"
    return f"{message.embeds[0].get('title', '')} {message.embeds[0].get('description', '')}"
