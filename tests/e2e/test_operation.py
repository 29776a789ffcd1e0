"""What the operator sees of the running bot: notices in Discord, /metrics and /health."""

import socket

import httpx

from bot.interactions.client import Encore
from cogs.loops import LoopsCog
from sandbox.discord.models import Channel, Message
from sandbox.providers.faults import Fault
from tests.support.bot_harness import BotHarness, text
from tests.support.service_harness import until


def notices(channel: Channel) -> list[Message]:
    return [message for message in channel.messages.values() if "out of credits" in text(message)]


async def watch(bot: Encore) -> None:
    """Have the bot look for problems now, and not in a minute."""
    cog = bot.get_cog("LoopsCog")
    assert isinstance(cog, LoopsCog)
    await cog.operator_watch.run_once()


async def run_out_of_credits(harness: BotHarness) -> None:
    harness.account("sunosay").fail_next(Fault.PAYMENT_REQUIRED, on="submit")
    await harness.finished(await harness.extend("sunosay", at="0:10"))


async def test_owner_is_told_by_direct_message_once(offline_harness: BotHarness) -> None:
    harness = offline_harness
    async with harness.bot() as bot:
        await run_out_of_credits(harness)
        await watch(bot)
        await watch(bot)
    owner = harness.discord.state.owner
    [direct] = [each for each in harness.discord.state.channels.values() if each.recipient is owner]
    [told] = notices(direct)
    assert "sunosay.com is out of credits." in text(told)


async def test_operator_is_told_in_the_channel_of_their_choice(offline_harness: BotHarness) -> None:
    harness = offline_harness
    state = harness.discord.state
    channel = state.new_channel("operators", state.guild)
    harness.overrides["ENCORE_NOTICES_CHANNEL"] = str(channel.id)
    async with harness.bot() as bot:
        await run_out_of_credits(harness)
        await watch(bot)
    assert len(notices(channel)) == 1
    async with harness.bot() as bot:  # and not again after a restart
        await run_out_of_credits(harness)
        await watch(bot)
    assert len(notices(channel)) == 1


async def test_metrics_and_health_of_the_running_bot(offline_harness: BotHarness) -> None:
    harness = offline_harness
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    harness.overrides["ENCORE_METRICS"] = f"127.0.0.1:{port}"
    async with harness.bot(), httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
        await harness.finished(await harness.extend("suno_api"))

        async def has_beaten() -> bool:
            return (await http.get("/health")).status_code == 200

        await until(has_beaten)
        lines = (await http.get("/metrics")).text.splitlines()
    samples = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    finished = 'encore_extensions_finished_total{provider="suno_api",status="complete"}'
    assert float(samples[finished]) >= 1
    assert float(samples['encore_reply_lag_seconds_count{status="complete"}']) >= 1
    assert float(samples["encore_acknowledgement_seconds_count"]) >= 2
    assert float(samples['encore_edits_total{outcome="interaction"}']) >= 1
    assert float(samples['encore_database_seconds_count{operation="accept"}']) >= 1
    assert float(samples['encore_provider_request_seconds_count{provider="suno_api",status="200"}'])
    assert float(samples['encore_loop_turn_seconds_count{loop="tracker"}']) >= 1
    assert samples['encore_extensions_in_progress{provider="suno_api",status="submitted"}'] == "0.0"
