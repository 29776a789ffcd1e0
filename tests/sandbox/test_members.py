"""Members who act by themselves, and the scene in which they write a song."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from sandbox.discord.models import Message
from sandbox.discord.server import DiscordServer
from sandbox.evening import (
    NAMES,
    PARTS,
    EveningError,
    Memory,
    has_recap,
    next_action,
    run_evening,
)
from sandbox.members import (
    RefusedError,
    ScriptedMember,
    UnansweredError,
    find_component,
    find_option,
    latest_with,
    text_of,
    without_emoji,
)
from tests.support.scripted_bot import MESSAGE, MODAL, ScriptedBot
from tests.support.scripted_session import ScriptedSession, button, quiet, row

Json = dict[str, Any]
NO_PAUSE = (0.0, 0.0)


@pytest.fixture
async def server() -> AsyncIterator[DiscordServer]:
    async with DiscordServer(acknowledge_timeout=0.2) as running:
        yield running


@pytest.fixture
def scripted(server: DiscordServer) -> ScriptedBot:
    return ScriptedBot(server)


@pytest.fixture
def bo(server: DiscordServer) -> ScriptedMember:
    return ScriptedMember(server, "Bo", lambda: 0.0)


def select(**fields: object) -> Json:
    options = [{"label": f"{n} · Rain 2 all night", "value": str(n)} for n in (1, 2)]
    made: Json = {"type": 3, "custom_id": "ses:pick:7", "placeholder": "Vote", "options": options}
    return made | fields


@pytest.fixture
def board(scripted: ScriptedBot) -> Message:
    write = button("✍️ Write a part", "ses:write:7")
    off = button("More", "ses:more:7") | {"disabled": True}
    link = {"type": 2, "style": 5, "label": "Join in", "url": "https://example.com"}
    embed = {"title": "Round 2", "description": "what comes next?"}
    return scripted.post(embeds=[embed], components=[row(select()), row(write, off, link)])


@pytest.mark.parametrize(
    ("name", "custom_id"),
    [
        ("ses:write:7", "ses:write:7"),
        ("ses:write", "ses:write:7"),
        ("✍️ Write a part", "ses:write:7"),
        ("Write a part", "ses:write:7"),
        ("Vote", "ses:pick:7"),
        ("ses", "ses:pick:7"),
        ("ses:writ", None),
        ("More", None),
        ("Join in", None),
        ("", None),
    ],
)
def test_component_is_found_by_custom_id_or_words(
    board: Message, name: str, custom_id: str | None
) -> None:
    found = find_component(board, name)
    assert (found or {}).get("custom_id") == custom_id


def test_option_is_found_by_value_before_its_words() -> None:
    menu = select()
    assert find_option(menu, "2") == menu["options"][1]
    assert find_option(menu, "2 · rain") == menu["options"][1]
    assert find_option(menu, "snow") is None


def test_latest_message_is_found_that_everybody_sees(
    board: Message, scripted: ScriptedBot, server: DiscordServer
) -> None:
    scripted.post(content="later")
    assert latest_with(server.state.channel, "ses:write") is board
    assert latest_with(server.state.channel, "ses:choose") is None
    assert text_of(board) == "Round 2\nwhat comes next?"
    assert without_emoji("⋯ More") == "More"


async def test_member_presses_chooses_and_fills(
    bo: ScriptedMember, board: Message, scripted: ScriptedBot
) -> None:
    text = {"type": 4, "custom_id": "lyrics", "style": 2}
    label = {"type": 18, "label": "Lyrics", "component": text}
    form = {"title": "Your part", "custom_id": "draft", "components": [label]}
    scripted.answer_with("ses:write:7", lambda _told: {"type": MODAL, "data": form})
    scripted.answer_with("draft", lambda _told: {"type": MESSAGE, "data": {"content": "Proposal"}})
    scripted.answer_with("ses:pick:7", lambda told: quiet(told["data"]["values"][0]))
    opened = await bo.press(board, "Write a part")
    sent = (await bo.fill(opened, {"Lyrics": "la la"})).message
    assert sent is not None
    assert sent.content == "Proposal"
    chosen = (await bo.choose(board, "Vote", "2 · Rain")).message
    assert chosen is not None
    assert chosen.content == "2"


async def test_member_is_told_of_refusals_and_of_silence(
    bo: ScriptedMember, board: Message, scripted: ScriptedBot, server: DiscordServer
) -> None:
    refusal = quiet("", embeds=[{"color": 0xED4245, "description": "**That vote is over.**"}])
    scripted.answer_with("ses:pick:7", lambda _told: refusal)
    with pytest.raises(RefusedError, match="vote is over"):
        await bo.choose(board, "Vote", "1")
    with pytest.raises(UnansweredError):
        await bo.press(board, "Write a part")
    for impossible in (bo.choose(board, "Vote", "snow"), bo.press(board, "More")):
        with pytest.raises(RefusedError):
            await impossible
    scripted.command("sing", lambda _told: quiet("la"))
    assert (await bo.use_command("sing", server.state.channel)).message is not None


def test_parts_of_the_evening_are_sections_of_four_lines() -> None:
    assert {part.writer for part in PARTS} == set(NAMES)
    for part in PARTS:
        section, *lines = part.lyrics.splitlines()
        assert section.startswith("[")
        assert section.endswith("]")
        assert len(lines) == 4
    # nobody writes twice in a round
    assert len({(part.round_number, part.writer) for part in PARTS}) == len(PARTS)


async def test_evening_is_played_to_the_full_song(
    server: DiscordServer, scripted: ScriptedBot
) -> None:
    session = ScriptedSession(server, scripted)
    told: list[str] = []
    await run_evening(server, "clip", told.append, pause=NO_PAUSE)
    *parts, last = session.winners
    assert last == "🏁 the song ends here"
    for number, words in enumerate(parts, start=1):
        assert any(words in each.lyrics for each in PARTS if each.round_number == number)
    assert len(parts) == 3
    assert told[-1].startswith("The song is finished: https://discord.com/channels/")
    assert "Dee: proposes to end the song" in told
    assert session.card.interaction_metadata is not None
    assert session.card.interaction_metadata["name"] == "session start"
    # everybody has voted in every round, and nobody for the end before it was time
    assert [len(each) for each in session.votes] == [4] * 4


async def test_evening_goes_on_after_presses_without_answer(
    server: DiscordServer, scripted: ScriptedBot
) -> None:
    server.interactions.acknowledge_timeout = 0.02
    session = ScriptedSession(server, scripted)
    answer, silences = session._form, iter(range(3))  # noqa: SLF001

    def sometimes(told: Json) -> Json | None:
        return answer(told) if next(silences, None) is None else None

    scripted.answer_with("ses:write:1", sometimes)
    await run_evening(server, "clip", lambda _line: None, pause=NO_PAUSE)
    assert len(session.winners) == 4


async def test_evening_does_not_begin_without_the_command(server: DiscordServer) -> None:
    with pytest.raises(EveningError, match="session"):
        await run_evening(server, "clip", lambda _line: None, pause=NO_PAUSE)


async def test_evening_fails_when_the_thread_is_deleted(
    server: DiscordServer, scripted: ScriptedBot
) -> None:
    session = ScriptedSession(server, scripted)

    def report(line: str) -> None:
        if "chooses" in line and not session.thread.deleted:
            server.delete(session.thread)

    with pytest.raises(EveningError, match="without a song"):
        await run_evening(server, "clip", report, pause=NO_PAUSE)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**🏁 Electric Dreams is finished**\n5 parts", True),
        ("Round 5\n*It is the last one: then the song is finished.*", False),
        ("🏁 **the song ends here**", False),
    ],
)
def test_recap_is_told_from_other_posts(
    server: DiscordServer, scripted: ScriptedBot, text: str, *, expected: bool
) -> None:
    thread = server.state.new_thread("song", server.state.channel)
    scripted.post(channel=thread, embeds=[{"description": text}])
    assert has_recap(thread) == expected


def test_refused_action_is_tried_three_times(server: DiscordServer, scripted: ScriptedBot) -> None:
    thread = server.state.new_thread("song", server.state.channel)
    embed = {"description": "Round 9"}
    scripted.post(channel=thread, embeds=[embed], components=[row(select())])
    memory = Memory()
    for _ in range(3):
        found = next_action("Eli", thread, memory)
        assert found is not None
        memory.attempts[found.key] = memory.attempts.get(found.key, 0) + 1
    assert next_action("Eli", thread, memory) is None
