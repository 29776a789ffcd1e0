"""The scene *An evening*: four members write a song together in a session; anybody may join in.

Each member sees the thread as it is and does what is next for them. Nobody remembers more than
what they have done already, so a restart of the bot, a vote of somebody else or a round that ends
early does not confuse them. Whoever joins in is not waited for without end: the host closes the
choice of a clip after a while, which else lasts until both clips could be heard.
"""

import asyncio
import dataclasses
import random
import re
from collections.abc import Callable, Sequence
from typing import Final

from sandbox.discord.errors import NotPossibleError
from sandbox.discord.interaction_models import Interaction
from sandbox.discord.models import Channel, Message
from sandbox.discord.protocol import JsonObject, objects
from sandbox.discord.rules.components import walk_components
from sandbox.discord.server import DiscordServer
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

Report = Callable[[str], None]
PATIENCE: Final = 15 * 60.0  # seconds without anything to do for anybody
START_TIMEOUT: Final = 30.0
MAX_ATTEMPTS: Final = 3
PAUSE: Final = (2.0, 7.0)  # seconds
HOST_PATIENCE: Final = 45.0  # seconds until the host closes the choice of a clip
TITLE: Final = "Electric Dreams"
MAX_PARTS: Final = 6
HOST: Final = "Bo"
ENDS_IT: Final = "Dee"
LAST_ROUND: Final = 4  # from this round on they want to end the song

# beginnings of custom ids, and words of labels
WRITE, PICK, CHOOSE, MORE, END = "ses:write", "ses:pick", "ses:choose", "ses:more", "ses:end"
CLOSE = "ses:close"
NEXT_PART = "next part"
END_LABEL = "song ends here"
NEITHER = "Neither"
ENDED = "Ended without a part"
RECAP = re.compile(r"^\W*🏁.* is finished\W*$", re.MULTILINE)


@dataclasses.dataclass(frozen=True, slots=True)
class Part:
    """What a member writes for a round; an empty ``style`` leaves the song's."""

    round_number: int
    writer: str
    lyrics: str
    style: str = ""


PARTS: Final = (
    Part(
        1,
        "Bo",
        """[Verse]
Neon rain on the window
The city hums a minor key
We left our names on the platform
And took the last train to the sea""",
    ),
    Part(
        1,
        "Cy",
        """[Verse]
Streetlights count the empty corners
Your signal flickers on my phone
Every mile of copper wire
Is carrying somebody home""",
    ),
    Part(
        2,
        "Dee",
        """[Chorus]
Run, run, the night is electric
Sparks on the water, stars on the line
Run, run, till the morning is metric
And every heartbeat is falling in time""",
    ),
    Part(
        2,
        "Eli",
        """[Chorus]
We are the voltage, we are the glow
Hold on to the current and never let go
Over the rooftops, under the moon
Tomorrow is coming, but never too soon""",
        "synthpop, wide chorus, four on the floor",
    ),
    Part(
        3,
        "Cy",
        """[Bridge]
And if the power fails at midnight
We'll sing by the light of what remains
A candle in a bottle
And a chorus made of names""",
        "half-time, piano, close harmony",
    ),
    Part(
        3,
        "Bo",
        """[Outro]
Slow now, slow, the dawn is breaking
Gulls above the silver shore
We woke inside the dream we wrote
And asked it for one more""",
    ),
)
NAMES: Final = ("Bo", "Cy", "Dee", "Eli")


class EveningError(Exception):
    """The evening could not go on; the text says why."""


@dataclasses.dataclass(frozen=True, slots=True)
class Action:
    """What a member does next; ``key`` names it, so that it is done once."""

    key: str
    message: Message
    part: Part | None = None
    component: str = ""
    option: str = ""


@dataclasses.dataclass(slots=True)
class Memory:
    """How often a member has tried an action, by its key; ``done`` are those that succeeded."""

    done: set[str] = dataclasses.field(default_factory=set[str])
    attempts: dict[str, int] = dataclasses.field(default_factory=dict[str, int])

    def is_open(self, key: str) -> bool:
        """Whether the action is neither done nor given up."""
        return key not in self.done and self.attempts.get(key, 0) < MAX_ATTEMPTS


# what is to be read in the thread


def has_recap(thread: Channel) -> bool:
    """Whether the thread has the recap of a finished song."""
    public = (each for each in thread.messages.values() if not each.is_ephemeral)
    return any(RECAP.search(text_of(each)) for each in public)


def is_over(card: Message, thread: Channel) -> bool:
    """Whether nothing can be written or voted for any more."""
    return thread.deleted or ENDED in text_of(card) or has_recap(thread)


def is_decided(board: Message) -> bool:
    """Whether the vote of ``board`` is over: then one writes for the next round."""
    return NEXT_PART in ((find_component(board, WRITE) or {}).get("label") or "")


def round_number(board: Message) -> int:
    """Return the round for which something can be written now: after a vote the next one."""
    found = re.search(r"\bRound (\d+)\b", text_of(board))
    return (int(found[1]) if found else 1) + is_decided(board)


def clip_buttons(message: Message) -> list[JsonObject]:
    """Return the buttons of ``message`` that let a clip go on."""
    buttons = [
        each
        for each in walk_components(message.components)
        if (each.get("custom_id") or "").startswith(f"{CHOOSE}:") and not each.get("disabled")
    ]
    return [each for each in buttons if without_emoji(each.get("label") or "") != NEITHER]


def next_action(name: str, thread: Channel, memory: Memory) -> Action | None:
    """Return what the member ``name`` does next in ``thread``; None if there is nothing.

    The same member chooses the same in the same ballot.
    """
    candidates = (
        _choice_of_clip(name, thread, memory),
        _proposal(name, thread, memory),
        _vote(name, thread, memory),
        _end_of_choice(name, thread, memory),
    )
    return next((each for each in candidates if each is not None), None)


def _choice_of_clip(name: str, thread: Channel, memory: Memory) -> Action | None:
    result = latest_with(thread, CHOOSE)
    buttons = clip_buttons(result) if result else []
    if result is None or not buttons:
        return None
    key = f"choose {result.id}"
    chosen: str = random.Random(f"{name} {key}").choice(buttons)["custom_id"]
    return Action(key, result, component=chosen) if memory.is_open(key) else None


def _proposal(name: str, thread: Channel, memory: Memory) -> Action | None:
    board = latest_with(thread, WRITE)
    if board is None:
        return None
    number = round_number(board)
    wanted = [each for each in PARTS if (each.round_number, each.writer) == (number, name)]
    key = f"propose {number}"
    if wanted and memory.is_open(key):
        return Action(key, board, part=wanted[0])
    # the end can be proposed once there is nothing else to wait for
    wants_end = name == ENDS_IT and number >= LAST_ROUND and not is_decided(board)
    if wants_end and not _has_option(board, END_LABEL):
        key = f"end {number}"
        return Action(key, board, component=MORE) if memory.is_open(key) else None
    return None


def _vote(name: str, thread: Channel, memory: Memory) -> Action | None:
    board = latest_with(thread, PICK)
    select = find_component(board, PICK) if board else None
    if board is None or select is None:
        return None
    number = round_number(board)
    wanted = find_option(select, END_LABEL) if number >= LAST_ROUND else None
    # who writes votes for it; a vote for the end replaces an earlier one
    own = f"end {number}" if wanted else f"propose {number}"
    key = f"{select['custom_id']} end" if wanted else str(select["custom_id"])
    if own in memory.done or not memory.is_open(key):
        return None
    options = list(objects(select.get("options")))
    option = wanted or random.Random(f"{name} {key}").choice(options)
    return Action(key, board, component=PICK, option=option["value"])


def _end_of_choice(name: str, thread: Channel, memory: Memory) -> Action | None:
    result = latest_with(thread, CHOOSE) if name == HOST else None
    if result is None or f"choose {result.id}" not in memory.done:
        return None
    key = f"close {result.id}"
    return Action(key, result, component=CLOSE) if memory.is_open(key) else None


def _has_option(board: Message, words: str) -> bool:
    select = find_component(board, PICK)
    return select is not None and find_option(select, words) is not None


# doing it


async def run_evening(
    discord: DiscordServer,
    clip_id: str,
    report: Report,
    *,
    pause: tuple[float, float] = PAUSE,
    patience: float = HOST_PATIENCE,
) -> None:
    """Have four members write a song in a session, to the end.

    Args:
        discord: the server to which the bot is connected.
        clip_id: the clip from which the song starts.
        report: called with each line of output.
        pause: the shortest and longest time before an action, in seconds.
        patience: seconds until the host closes the choice of a clip.

    Raises:
        EveningError: no session could be started, or it stood still.
    """
    people = [ScriptedMember(discord, name, lambda: random.uniform(*pause)) for name in NAMES]
    host = next(each for each in people if each.name == HOST)
    card = await _start(host, discord.state.channel, clip_id, report)
    thread = await _thread_of(host, card)
    evenings = [_take_part(each, card, thread, report, patience) for each in people]
    results = await asyncio.gather(*evenings, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    if not has_recap(thread):
        raise EveningError("The session ended without a song")
    song = await _full_song(host, card)
    report(f"The song is finished: {song.url}")


async def _start(host: ScriptedMember, channel: Channel, clip_id: str, report: Report) -> Message:
    report(f"{host.name}: /session start clip:{clip_id} title:{TITLE}")
    try:
        started = await host.use_command(
            "session start", channel, clip=clip_id, title=TITLE, parts=MAX_PARTS
        )
    except (RefusedError, UnansweredError, NotPossibleError) as error:
        raise EveningError(f"No session was started: {error}") from error
    if started.message is None:
        raise EveningError("No card was posted")
    return started.message


async def _thread_of(host: ScriptedMember, card: Message) -> Channel:
    try:
        return await host.wait_for(lambda: card.thread, timeout=START_TIMEOUT)
    except TimeoutError as error:
        raise EveningError("The card has no thread") from error


async def _full_song(host: ScriptedMember, card: Message) -> Message:
    def song() -> Message | None:
        for message in reversed(card.channel.messages.values()):
            kinds = {each.content_type for each in message.attachments}
            if message.reply_to is card and "audio/mpeg" in kinds:
                return message
        return None

    try:
        return await host.wait_for(song, timeout=PATIENCE)
    except TimeoutError as error:
        raise EveningError("The full song was not posted") from error


async def _take_part(
    person: ScriptedMember, card: Message, thread: Channel, report: Report, patience: float
) -> None:
    """Do what is next until the session is over."""
    memory = Memory()

    def has_news() -> bool:
        return is_over(card, thread) or next_action(person.name, thread, memory) is not None

    while True:
        try:
            await person.wait_for(has_news, timeout=PATIENCE)
        except TimeoutError as error:
            raise EveningError(f"{person.name} has waited too long") from error
        action = next_action(person.name, thread, memory)
        if is_over(card, thread):
            return
        if action is None:
            continue
        if action.component == CLOSE and await _is_over_within(patience, person, action.message):
            memory.done.add(action.key)
            continue
        told = _described(action)
        try:
            await _perform(person, action)
        except UnansweredError:
            continue  # it is tried until the bot is back
        except (RefusedError, NotPossibleError) as error:
            # the round may have ended meanwhile; what is still to do is seen at the next glance
            memory.attempts[action.key] = memory.attempts.get(action.key, 0) + 1
            told = _first_line(str(error))
        else:
            memory.done.add(action.key)
        report(f"{person.name}: {told}")


async def _is_over_within(seconds: float, person: ScriptedMember, result: Message) -> bool:
    """Wait for the end of the choice in ``result``; return whether it came."""
    try:
        return await person.wait_for(lambda: not clip_buttons(result), timeout=seconds)
    except TimeoutError:
        return False


async def _perform(person: ScriptedMember, action: Action) -> None:
    if action.part is not None:
        opened = await person.press(action.message, WRITE)
        _require_modal(opened)
        style = {"Style": action.part.style} if action.part.style else {}
        await person.fill(opened, {"Lyrics": action.part.lyrics, **style})
    elif action.option:
        await person.choose(action.message, action.component, action.option)
    elif action.component == MORE:
        answer = await person.press(action.message, MORE)
        await person.press(_answered(answer), END)
    elif action.component == CLOSE:
        shown = await person.use_command("session show", action.message.channel)
        answer = await person.press(_answered(shown), MORE)
        await person.press(_answered(answer), CLOSE)
    else:
        await person.press(action.message, action.component)


def _answered(interaction: Interaction) -> Message:
    if interaction.message is None:
        raise RefusedError("Nothing was answered")
    return interaction.message


def _require_modal(opened: Interaction) -> None:
    if opened.modal is None:
        raise RefusedError(text_of(opened.message) if opened.message else "No form was opened")


def _described(action: Action) -> str:
    if action.part is not None:
        return f"writes “{_headline(action.part.lyrics)}”"
    if action.option:
        select = find_component(action.message, action.component) or {}
        option = find_option(select, action.option)
        return f"votes for {option['label']}" if option else "votes"
    if action.component == MORE:
        return "proposes to end the song"
    if action.component == CLOSE:
        return "closes the choice of the clip"
    return "chooses a clip"


def _headline(lyrics: str) -> str:
    """Return the first sung line."""
    lines = (line for line in lyrics.splitlines() if line and not line.startswith("["))
    return next(lines, "Instrumental")


def _first_line(text: str) -> str:
    lines: Sequence[str] = text.splitlines()
    return lines[0] if lines else ""
