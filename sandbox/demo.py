"""The demo's member: extends a clip on each provider and tells each change of the reply."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence

from sandbox.discord.member import Member
from sandbox.discord.models import Message
from sandbox.discord.server import DiscordServer

GREEN, RED = 0x57F287, 0xED4245
PATIENCE = 120.0  # seconds until a reply has to be final

LYRICS = """[Verse]
Neon on the water, engines in the rain
Every mile behind us hums a new refrain

[Chorus]
Carry on, carry on"""

Tell = Callable[[str], None]


class DemoError(Exception):
    """Something in the demo did not go as it should; the text says what."""


async def play(discord: DiscordServer, sources: Mapping[str, str], tell: Tell) -> None:
    """Have one member extend the source clip of each provider, all at once.

    Args:
        discord: where the bot is connected.
        sources: a clip to continue, by provider.
        tell: is given each line of the story.

    Raises:
        DemoError: a reply did not turn green.
    """
    ada = discord.member("Ada")
    begun = time.monotonic()
    names = sorted(sources)

    def narrate(provider: str, line: str) -> None:
        tell(f"{time.monotonic() - begun:5.1f} s  {provider:<12} {line}")

    extensions = [_extend(discord, ada, name, sources[name], narrate) for name in names]
    results = await asyncio.gather(*extensions, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result


async def _extend(
    discord: DiscordServer,
    ada: Member,
    provider: str,
    clip: str,
    narrate: Callable[[str, str], None],
) -> None:
    narrate(provider, f"Ada: /extend clip:{clip} at:0:12 provider:{provider}")
    call = await ada.slash(
        "extend", clip=clip, at="0:12", tags="synthpop, dreamy", provider=provider
    )
    if call.modal is None:
        raise DemoError(f"{provider}: no modal opened ({call.failed or _look(call.message)})")
    sent = await ada.submit(call.modal, {"lyrics": LYRICS})
    if sent.message is None or sent.ephemeral:
        raise DemoError(f"{provider}: no reply came ({sent.failed or _look(sent.message)})")
    await _watch(discord, sent.message, lambda line: narrate(provider, line))


async def _watch(discord: DiscordServer, reply: Message, narrate: Tell) -> None:
    """Tell each version of ``reply`` until it is final."""
    told = 0
    while True:
        await discord.wait_for(_has_more(reply, told), timeout=PATIENCE)
        for _, version in reply.history[told:]:
            for line in _lines(version["embeds"]):
                narrate(line)
        told = len(reply.history)
        colour = reply.embeds[0]["color"]
        if colour == RED:
            raise DemoError(_look(reply))
        if colour == GREEN:
            return


def _has_more(reply: Message, told: int) -> Callable[[], bool]:
    return lambda: len(reply.history) > told


def _lines(embeds: Sequence[Mapping[str, str]]) -> list[str]:
    title = embeds[0].get("title", "")
    clips = [f"     {embed['description'].replace(chr(10), '  ')}" for embed in embeds[1:]]
    return [title, *clips]


def _look(message: Message | None) -> str:
    if message is None or not message.embeds:
        return "nothing"
    return f"{message.embeds[0].get('title', '')} {message.embeds[0].get('description', '')}"
