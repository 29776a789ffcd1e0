import asyncio
import os
import socket
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.__main__ import UNABLE_TO_RUN, check, explained, main
from bot.app import create_bot
from bot.health import Heartbeat
from bot.interactions.access import missing_permissions
from bot.interactions.client import set_api_base
from bot.interactions.installation import PERMISSIONS, guild_invite, user_invite
from bot.settings import load_settings
from bot.store.errors import StoreError
from bot.store.store import Store
from sandbox.discord.server import DiscordServer
from sandbox.providers.server import ProviderServer

OURS = ("DISCORD_", "ENCORE_", "AIMLAPI", "SUNO")
ROOT = Path(__file__).parent.parent
TOKEN = "not-a-token"


@pytest.fixture(autouse=True)
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """An environment with the least that Encore needs, and no Discord to be reached."""
    for name in [name for name in os.environ if name.startswith(OURS)]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)  # where there is no .env
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    monkeypatch.setenv("DISCORD_TOKEN", TOKEN)
    monkeypatch.setenv("DISCORD_API_URL", f"http://127.0.0.1:{port}/api/v10")
    monkeypatch.setenv("SUNO_API_BASE_URL", f"http://127.0.0.1:{port}")
    yield monkeypatch
    set_api_base(None)


def ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command line; return its exit code and its sentence, which is all it says."""
    code = main(arguments)
    said = capsys.readouterr()
    assert said.out == ""
    [sentence] = said.err.splitlines()
    assert sentence.endswith(".")
    assert TOKEN not in sentence
    return code, sentence


@pytest.mark.parametrize("command", ["run", "check", "health"])
def test_missing_setting_is_one_sentence(
    command: str, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.delenv("DISCORD_TOKEN")
    code, sentence = ended(capsys, command)
    assert code == 2
    assert sentence.startswith("DISCORD_TOKEN is not set")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ENCORE_DEADLINE", "soon"),
        ("ENCORE_PROVIDER", "nobody"),
        ("ENCORE_POLL_EVERY", "0"),
        ("DISCORD_API_URL", "discord"),
        ("SUNO_API_BASE_URL", ""),
    ],
)
def test_wrong_setting_is_one_sentence(
    name: str,
    value: str,
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    environment.setenv(name, value)
    code, sentence = ended(capsys)
    assert code == 2
    assert name in sentence


@pytest.mark.parametrize("url", ["nonsense", "sqlite+aiosqlite:////nowhere/at/all/encore.db"])
def test_unusable_database_is_one_sentence(
    url: str, environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    environment.setenv("ENCORE_DATABASE_URL", url)
    code, out, err = started(tmp_path)
    assert (code, out) == (2, "")
    assert "database" in err
    assert len(err.splitlines()) == 1


def test_unreachable_discord_is_one_sentence(tmp_path: Path) -> None:
    code, out, err = started(tmp_path)
    assert (code, out) == (1, "")
    assert err.splitlines()[-1].startswith("Discord can't be reached")
    assert "Traceback" not in err


def test_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["dance"])
    assert ending.value.code == 2
    assert "dance" in capsys.readouterr().err


def test_health_depends_on_the_heartbeat(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'encore.db'}"
    environment.setenv("ENCORE_DATABASE_URL", url)
    heartbeat = Heartbeat(url)
    assert main(["health"]) == 1
    heartbeat.beat()
    try:
        assert main(["health"]) == 0
    finally:
        heartbeat.stop()
    assert main(["health"]) == 1


async def test_second_instance_on_one_database_keeps_the_heartbeat_of_the_first(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'encore.db'}"
    environment.setenv("ENCORE_DATABASE_URL", url)
    heartbeat = Heartbeat(url)
    heartbeat.beat()
    try:
        async with Store.open(url):
            with pytest.raises(StoreError, match="already running"):
                async with create_bot(load_settings()):
                    pass
        assert heartbeat.is_fresh()
    finally:
        heartbeat.stop()


def test_check_reports_unreachable_services(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("ENCORE_DATABASE_URL", "nonsense")
    assert main(["check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Settings: complete; enabled: suno_api"
    assert [line[:12] for line in lines[1:]] == ["✗ Database: ", "✗ suno-api: ", "✗ Discord: c"]
    assert TOKEN not in "".join(lines)


async def test_check_reports_services_that_answer(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with DiscordServer() as discord, ProviderServer() as providers:
        for name, value in providers.environment().items():
            environment.setenv(name, value)
        environment.setenv("DISCORD_API_URL", discord.api_url)
        assert await check(load_settings()) == 1
        environment.setenv("DISCORD_TOKEN", discord.token)
        assert await check(load_settings()) == 0
    refused, answered = capsys.readouterr().out.split("Settings: ")[1:]
    assert "✗ Discord: refuses the token" in refused
    lines = answered.splitlines()
    assert len(lines) == 1 + 1 + 5 + 4
    links = (guild_invite(discord.application_id), user_invite(discord.application_id))
    assert [line.split()[-1] for line in lines[-2:]] == [*links]
    assert all(line.startswith("✓ ") for line in lines[1:])
    assert any("suno-api: answers; " in line and "left." in line for line in lines)


@pytest.mark.parametrize(
    ("contexts", "endpoint", "problems"),
    [
        ({0}, None, ["tick *User Install* in"]),
        ({1}, None, ["tick *Guild Install* in"]),
        (set[int](), None, ["tick *Guild Install* and *User Install* in"]),
        ({0, 1}, "https://a.example/interactions", ["clear the *Interactions Endpoint URL*"]),
        ({0}, "https://a.example/interactions", ["*User Install*", "*Interactions Endpoint URL*"]),
    ],
)
async def test_check_says_what_to_change_in_the_developer_portal(
    contexts: set[int],
    endpoint: str | None,
    problems: list[str],
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    async with DiscordServer() as discord:
        discord.commands.integration_types = contexts
        discord.state.interactions_endpoint_url = endpoint
        environment.setenv("DISCORD_API_URL", discord.api_url)
        environment.setenv("DISCORD_TOKEN", discord.token)
        assert await check(load_settings()) == 1
    lines = capsys.readouterr().out.splitlines()
    found = [line for line in lines if line.startswith("✗ Discord: ")]
    assert len(found) == len(problems)
    assert all(problem in line for problem, line in zip(problems, found, strict=True))
    assert [line.startswith("✓ ") for line in lines[-2:]] == [True, True]


def test_readme_has_the_links_and_permissions_of_the_code() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert guild_invite("ID") in readme
    assert user_invite("ID") in readme
    viewing = {"read_messages": "view_channel"}  # discord.py has two names
    asked = [viewing.get(name, name) for name, is_asked in PERMISSIONS if is_asked]
    for name in missing_permissions(discord.Permissions.none(), asked):
        assert name in readme


async def test_refused_token_is_one_sentence(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with DiscordServer() as discord:
        environment.setenv("DISCORD_API_URL", discord.api_url)
        code, out, err = await asyncio.to_thread(started, tmp_path)
    assert (code, out) == (2, "")
    assert err.splitlines()[-1].startswith("DISCORD_TOKEN was refused by Discord")
    assert "Traceback" not in err
    assert TOKEN not in err


@pytest.mark.parametrize(
    ("closing_code", "words", "exit_code"),
    [(4004, "DISCORD_TOKEN was refused", 2), (4012, "update Encore", 1), (4014, "intents", 1)],
)
async def test_connection_closed_for_good_is_one_sentence(
    environment: pytest.MonkeyPatch,
    tmp_path: Path,
    closing_code: int,
    words: str,
    exit_code: int,
) -> None:
    async with DiscordServer() as discord_server:
        environment.setenv("DISCORD_API_URL", discord_server.api_url)
        environment.setenv("DISCORD_TOKEN", discord_server.token)
        running = asyncio.create_task(run_bot(tmp_path))
        await discord_server.wait_until_ready(timeout=20)
        discord_server.gateway.drop_connections(code=closing_code)
        code, _, err = await running
    assert code == exit_code
    assert words in err.splitlines()[-1]
    assert "Traceback" not in err


def started(folder: Path) -> tuple[int, str, str]:
    """As `run_bot`."""
    return asyncio.run(run_bot(folder))


async def run_bot(folder: Path) -> tuple[int, str, str]:
    """Run Encore as a process of its own; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def test_unusable_audio_folder_is_one_sentence(
    tmp_path: Path, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setattr(tempfile, "tempdir", str(tmp_path))  # what TMPDIR is read into once
    (tmp_path / f"encore-{os.getuid()}").write_text("not a folder")
    code, sentence = ended(capsys, "run")
    assert code == 2
    assert sentence.startswith(f"Audio is worked on in {tmp_path}")


def closed(code: int) -> discord.ConnectionClosed:
    socket: Any = SimpleNamespace(close_code=code)
    return discord.ConnectionClosed(socket, shard_id=None)


def refused_commands() -> app_commands.CommandSyncFailure:
    response: Any = SimpleNamespace(status=400, reason="Bad Request")
    error = discord.HTTPException(response, {"code": 50035, "message": "Invalid Form Body"})
    return app_commands.CommandSyncFailure(error, [])


@pytest.mark.parametrize(
    ("error", "words", "code"),
    [
        (discord.GatewayNotFound(), "Discord can't be reached (GatewayNotFound).", 1),
        (closed(4004), "DISCORD_TOKEN was refused", 2),
        (closed(4000), "closed the connection (code 4000)", 1),
        (closed(4012), "(code 4012): update Encore.", 1),
        (discord.PrivilegedIntentsRequired(0), "(code 4014): update Encore.", 1),
        (refused_commands(), "tick *User Install*", 2),
    ],
)
def test_end_of_the_connection_is_one_sentence(error: Exception, words: str, code: int) -> None:
    assert isinstance(error, UNABLE_TO_RUN)
    sentence, exit_code = explained(error)
    assert words in sentence
    assert exit_code == code
    assert "\n" not in sentence
