import asyncio
import gc
import json
import os
import re
import signal
import socket
import sys
import tempfile
import time
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.__main__ import UNABLE_TO_RUN, check, explained, main, run
from bot.app import create_bot
from bot.health import MAX_AGE, Heartbeat
from bot.interactions.access import missing_permissions
from bot.interactions.client import set_api_base
from bot.interactions.installation import PERMISSIONS, guild_invite, user_invite
from bot.settings import load_settings
from bot.store.errors import StoreError
from bot.store.store import Store
from sandbox.discord.server import DiscordServer
from sandbox.providers.faults import Fault
from sandbox.providers.server import ProviderServer
from tests.support.raw_server import running_server
from tests.support.store_samples import GUILD, MEMBER, completed_extension, heard

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
    gc.unfreeze()  # what a run in this process has frozen


def ended(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command line; return its exit code and its sentence, which is all it says."""
    code = main(arguments)
    said = capsys.readouterr()
    assert said.out == ""
    [line] = said.err.splitlines()
    # where nobody sits at a terminal, `run` tells it in the form of its log
    sentence = (
        line if arguments[:1] in (("check",), ("health",), ("backup",)) else fatal_message(line)
    )
    assert sentence.endswith(".")
    assert TOKEN not in sentence
    return code, sentence


def fatal_message(line: str) -> str:
    """Return the message of a line of the JSON log."""
    record = json.loads(line)
    assert record["levelname"] == "CRITICAL"
    return record["message"]


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
    [line] = err.splitlines()
    assert "database" in fatal_message(line)


def test_unreachable_discord_is_one_sentence(tmp_path: Path) -> None:
    code, out, err = started(tmp_path)
    assert (code, out) == (1, "")
    assert fatal_message(err.splitlines()[-1]).startswith("Discord can't be reached")
    assert "Traceback" not in err


def test_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["dance"])
    assert ending.value.code == 2
    assert "dance" in capsys.readouterr().err


def test_health_depends_on_the_heartbeat(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'encore.db'}"
    environment.setenv("ENCORE_DATABASE_URL", url)
    heartbeat = Heartbeat(url)
    code, sentence = ended(capsys, "health")
    assert code == 1
    assert sentence.startswith("Encore isn't running, or isn't connected to Discord yet")
    heartbeat.beat()
    try:
        assert main(["health"]) == 0
        assert capsys.readouterr() == ("", "")
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
        assert heartbeat.problem() is None
    finally:
        heartbeat.stop()


def test_check_reports_unreachable_services(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("ENCORE_DATABASE_URL", "nonsense")
    assert main(["check"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "✓ Settings: complete; services: suno-api."
    assert [line[:12] for line in lines[1:]] == ["✗ Database: ", "✗ suno-api: ", "✗ Discord ca"]
    assert lines[2] == "✗ suno-api: didn't answer."
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
    assert "✗ Discord refused DISCORD_TOKEN" in refused
    lines = answered.splitlines()
    labels = "AIML API, sunoapi.co, suno-api, sunoapi.com, sunosay.com, SunoAPI.org, ACE-Step"
    assert lines[0] == f"complete; services: {labels}."
    assert len(lines) == 1 + 1 + 7 + 4
    links = (guild_invite(discord.application_id), user_invite(discord.application_id))
    assert [line.split()[-1] for line in lines[-2:]] == [*links]
    assert [line[0] for line in lines[1:]] == [*"✓✓–✓✓–✓✓✓✓––"]
    assert "– sunosay.com: enabled; it has no way to check the key." in lines
    assert "✓ ACE-Step: answers; 200 places in its queue left." in lines
    assert any("suno-api: answers; " in line and "left." in line for line in lines)


@pytest.mark.parametrize(
    ("status", "body", "problem"),
    [
        (401, {}, "refused the key"),
        (401, {"error": "Wrong key."}, "refused the key (Wrong key)"),
        (402, {}, "has no credits left"),
        (429, {}, "asked to wait; check again later"),
        (302, {}, "its base URL is not the address of this service"),
        (500, {"error": "No."}, "gave no usable answer (No)"),
        (400, {"error": "No."}, "can't be checked (No)"),
    ],
)
async def test_check_says_in_words_how_a_service_failed(
    status: int,
    body: dict[str, str],
    problem: str,
    environment: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    content = json.dumps(body).encode()
    head = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\n"
    head += f"Content-Length: {len(content)}\r\n\r\n"
    async with running_server() as server:
        server.responses["/api/v1/get-credits"] = head.encode() + content
        environment.setenv("SUNOAPI_COM_API_KEY", "k")
        environment.setenv("SUNOAPI_COM_BASE_URL", server.url(""))
        assert await check(load_settings()) == 1
    assert f"✗ sunoapi.com: {problem}." in capsys.readouterr().out.splitlines()


async def test_check_says_that_a_session_has_ended(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    async with ProviderServer() as providers:
        environment.setenv("SUNO_API_BASE_URL", providers.provider_url("suno_api"))
        providers.account("suno_api").fail_next(Fault.SESSION_ENDED)
        assert await check(load_settings()) == 1
    [line] = [each for each in capsys.readouterr().out.splitlines() if "suno-api:" in each]
    assert line.startswith("✗ suno-api: its session with Suno has ended; renew the cookie")


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
    assert [line.startswith("– ") for line in lines[-2:]] == [True, True]


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
    assert fatal_message(err.splitlines()[-1]).startswith("Discord refused DISCORD_TOKEN")
    assert "Traceback" not in err
    assert TOKEN not in err


@pytest.mark.parametrize(
    ("closing_code", "words", "exit_code"),
    [(4004, "Discord refused DISCORD_TOKEN", 2), (4012, "update Encore", 1), (4014, "intents", 1)],
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
        code, _, err = await run_bot(
            tmp_path,
            when_connected=lambda _: discord_server.gateway.drop_connections(code=closing_code),
        )
    assert code == exit_code
    assert words in fatal_message(err.splitlines()[-1])
    assert "Traceback" not in err


def test_help_explains_each_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["--help"])
    assert ending.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith("usage: python -m bot ")
    for command, words in {
        "run": "run Encore",
        "check": "test the settings, the database, the services and the token",
        "health": "alive",
        "settings": "every setting",
        "backup": "copy the SQLite database",
        "export": "what is kept of a member or a server",
    }.items():
        assert re.search(rf"^ +{command} +.*{words}", text, re.MULTILINE)


def test_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ending:
        main(["--version"])
    assert ending.value.code == 0
    metadata = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert capsys.readouterr().out == f"Encore {metadata['project']['version']}\n"


def test_settings_are_printed_without_any_being_set(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.delenv("DISCORD_TOKEN")
    assert main(["settings"]) == 0
    lines = capsys.readouterr().out.splitlines()
    meaning = "# Seconds after which Encore gives up an unfinished extension."
    assert lines[lines.index("#ENCORE_DEADLINE=900") - 1] == meaning


def test_check_names_unknown_settings_and_goes_on(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("ENCORE_DEADLNE", "5")
    main(["check"])
    lines = capsys.readouterr().out.splitlines()
    assert lines[1] == "! ENCORE_DEADLNE is not a setting of Encore: did you mean ENCORE_DEADLINE?"
    assert lines[2].startswith("✓ Database")


def test_fatal_error_is_plain_where_the_log_is(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("ENCORE_LOG", "console")
    environment.delenv("DISCORD_TOKEN")
    assert main([]) == 2
    assert capsys.readouterr().err.startswith("DISCORD_TOKEN is not set")


def test_unexpected_error_is_one_line_of_the_json_log(
    environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def failing() -> str:
        raise RuntimeError("surprise")

    environment.setattr(tempfile, "gettempdir", failing)
    assert main([]) == 1
    [line] = capsys.readouterr().err.splitlines()
    record = json.loads(line)
    assert record["levelname"] == "CRITICAL"
    assert "surprise" in record["exc_info"]


async def test_started_bot_says_as_whom_it_is_connected_and_how_to_invite_it(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async with DiscordServer() as server:
        environment.setenv("DISCORD_API_URL", server.api_url)
        environment.setenv("DISCORD_TOKEN", server.token)
        environment.setenv("ENCORE_MEMBR_LIMIT", "3")
        environment.setenv("TMPDIR", str(tmp_path))
        leave_heartbeat_of_killed_bot(tmp_path)
        code, out, err = await run_bot(
            tmp_path, when_connected=lambda process: process.send_signal(signal.SIGINT)
        )
        links = guild_invite(server.application_id), user_invite(server.application_id)
    assert (code, out) == (0, "")
    records = [json.loads(line) for line in err.splitlines()]
    messages = [record["message"] for record in records]
    warnings = [record["message"] for record in records if record["levelname"] != "INFO"]
    assert warnings == [
        "ENCORE_MEMBR_LIMIT is not a setting of Encore: did you mean ENCORE_MEMBER_LIMIT?"
    ]
    connected = next(n for n, text in enumerate(messages) if text.startswith("Connected as "))
    assert re.fullmatch(
        r"Connected as \S+#\d{4} to 1 server; services: suno-api", messages[connected]
    )
    assert messages[connected + 1] == f"Add it to a server: {links[0]}"
    assert messages[connected + 2] == f"Install it for yourself: {links[1]}"
    assert temporary_files(tmp_path) == []


async def test_running_bot_spares_the_collector_what_lives_as_long_as_it_does(
    environment: pytest.MonkeyPatch,
) -> None:
    async with DiscordServer() as server:
        environment.setenv("DISCORD_API_URL", server.api_url)
        environment.setenv("DISCORD_TOKEN", server.token)
        running = asyncio.create_task(run(load_settings()))
        await server.wait_until_ready()
        walked = len(gc.get_objects())  # without what is frozen
        os.kill(os.getpid(), signal.SIGINT)
        await running
    gc.unfreeze()
    assert walked < len(gc.get_objects()) / 2


def leave_heartbeat_of_killed_bot(folder: Path) -> None:
    file = folder / "encore-0123456789abcdef.heartbeat"
    file.touch()
    past = time.time() - MAX_AGE - 1
    os.utime(file, (past, past))


def temporary_files(folder: Path) -> list[Path]:
    """Return what Encore has left there of what it keeps while it runs."""
    return list(folder.glob("encore-*"))


def started(folder: Path) -> tuple[int, str, str]:
    """As `run_bot`."""
    return asyncio.run(run_bot(folder))


async def run_bot(
    folder: Path,
    when_connected: Callable[[asyncio.subprocess.Process], None] = lambda _: None,
) -> tuple[int, str, str]:
    """Run Encore as a process of its own; return its exit code and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "bot"),
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout
    assert process.stderr
    lines: list[str] = []
    async for line in process.stderr:
        lines.append(line.decode())
        if "Install it for yourself" in lines[-1]:  # the last that it says when it is connected
            when_connected(process)
    out = await process.stdout.read()
    return await process.wait(), out.decode(), "".join(lines)


def test_unusable_audio_folder_is_one_sentence(
    tmp_path: Path, environment: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setattr(tempfile, "tempdir", str(tmp_path))  # what TMPDIR is read into once
    (tmp_path / f"encore-{os.getuid()}").write_text("not a folder")
    code, sentence = ended(capsys, "run")
    assert code == 2
    assert sentence.startswith(f"The folder for audio, {tmp_path}")


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
        (closed(4004), "Discord refused DISCORD_TOKEN", 2),
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


async def test_backup_and_export_work_while_encore_runs(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    url = f"sqlite+aiosqlite:///{tmp_path / 'encore.db'}"
    environment.setenv("ENCORE_DATABASE_URL", url)
    async with Store.open(url) as store:
        ext = await completed_extension(store, "one", heard("a"))
        copy = tmp_path / "copy.db"
        assert await asyncio.to_thread(main, ["backup", str(copy)]) == 0
        capsys.readouterr()
        for subject in ("--member", str(MEMBER)), ("--server", str(GUILD)):
            assert await asyncio.to_thread(main, ["export", *subject]) == 0
            data = json.loads(capsys.readouterr().out)
            assert [row["id"] for row in data["extensions"]] == [ext.id]
            assert [row["clip_id"] for row in data["clips"]] == ["a"]
    async with Store.open(f"sqlite+aiosqlite:///{copy}") as restored:
        assert await restored.extension(ext.id) == ext


def test_a_backup_that_cannot_be_made_is_one_sentence(
    environment: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    environment.setenv("ENCORE_DATABASE_URL", f"sqlite+aiosqlite:///{tmp_path / 'encore.db'}")
    code, sentence = ended(capsys, "backup", str(tmp_path / "copy.db"))
    assert code == 2
    assert sentence.startswith("There is no database at ")
