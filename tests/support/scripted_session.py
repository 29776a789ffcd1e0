"""A session as a scripted bot holds it: boards, votes and clips, without clocks and music."""

from typing import Any

from sandbox.discord import messages
from sandbox.discord.models import Channel, Message, Upload
from sandbox.discord.server import DiscordServer
from tests.support.scripted_bot import EPHEMERAL, MESSAGE, MODAL, Payload, ScriptedBot

VOTERS = 4
END = "end"


def button(label: str, custom_id: str) -> Payload:
    return {"type": 2, "style": 2, "label": label, "custom_id": custom_id}


def row(*components: Payload) -> Payload:
    return {"type": 1, "components": list(components)}


def quiet(text: str, **more: Any) -> Payload:  # noqa: ANN401 - JSON
    return {"type": MESSAGE, "data": {"content": text, "flags": EPHEMERAL, **more}}


class ScriptedSession:
    """Decides a round once four have voted; ``winners`` are what won, ``votes`` all votes cast."""

    def __init__(self, discord: DiscordServer, bot: ScriptedBot) -> None:
        self.discord = discord
        self.bot = bot
        self.round = 1
        self.winners: list[str] = []
        self.votes: list[dict[int, str]] = []
        self.lyrics: dict[str, str] = {}
        self.cast: dict[int, str] = {}
        self.clips: dict[int, str] = {}
        self.board: Message
        self.card: Message
        self.thread: Channel
        texts = {"type": 3, "name": "clip", "description": "d", "required": True}
        options = [texts, texts | {"name": "title"}, texts | {"name": "parts", "type": 4}]
        start: Payload = {"type": 1, "name": "start", "description": "d", "options": options}
        bot.command("session", self._start, options=[start])
        bot.answer_with("ses:write:1", self._form)
        bot.answer_with("draft", self._propose)
        bot.answer_with("ses:more:1", self._more)
        bot.answer_with("ses:end:1", self._propose_end)

    def _start(self, _told: Payload) -> Payload:
        self.discord.state.message_listeners.append(self._open_thread)
        return {"type": MESSAGE, "data": {"content": "A song to write together."}}

    def _open_thread(self, message: Message) -> None:
        self.discord.state.message_listeners.remove(self._open_thread)
        state = self.discord.state
        self.card = message
        self.thread = state.new_thread("🎵 song", state.channel, owner=state.bot, start=message)
        self._open_round()

    def _components(self, write: str = "✍️ Write a part") -> list[Payload]:
        rows = [row(button(write, "ses:write:1"), button("⋯ More", "ses:more:1"))]
        if self.lyrics:
            options = [
                {"label": f"{index} · {words}", "value": key}
                for index, (key, words) in enumerate(self.lyrics.items(), start=1)
            ]
            pick = {"type": 3, "custom_id": f"ses:pick:{self.round}", "options": options}
            rows.insert(0, row(pick | {"placeholder": "Vote for what comes next"}))
        return rows

    def _open_round(self) -> None:
        embed = {"description": f"**Round {self.round} · what comes next?**"}
        self.bot.answer_with(f"ses:pick:{self.round}", self._vote)
        self.board = self.bot.post(
            channel=self.thread, embeds=[embed], components=self._components()
        )

    def _form(self, _told: Payload) -> Payload:
        inputs = [{"type": 4, "custom_id": each, "style": 2} for each in ("Lyrics", "Style")]
        labels = [
            {"type": 18, "label": each["custom_id"], "component": each | {"value": "as before"}}
            for each in inputs
        ]
        return {"type": MODAL, "data": {"title": "x", "custom_id": "draft", "components": labels}}

    def _propose(self, told: Payload) -> Payload:
        lyrics = told["data"]["components"][0]["component"]["value"]
        self._list(told, lyrics.splitlines()[1])
        return {"type": MESSAGE, "data": {"content": "Proposal"}}

    def _more(self, _told: Payload) -> Payload:
        return quiet("What else?", components=[row(button("🏁 End the song", "ses:end:1"))])

    def _propose_end(self, told: Payload) -> Payload:
        self._list(told, "🏁 the song ends here")
        return {"type": MESSAGE, "data": {"content": "Proposal"}}

    def _list(self, told: Payload, words: str) -> None:
        member = int(told["member"]["user"]["id"])
        key = END if "ends here" in words else f"p{self.round}{member}"
        self.lyrics[key] = words
        self.bot.edit(self.board, components=self._components())
        self._count(member, key)

    def _vote(self, told: Payload) -> Payload:
        self._count(int(told["member"]["user"]["id"]), told["data"]["values"][0])
        return quiet("Your vote")

    def _count(self, member: int, key: str) -> None:
        self.cast[member] = key
        if len(self.cast) < VOTERS:
            return
        self.votes.append(self.cast)
        votes = list(self.cast.values())
        winner = max(self.lyrics, key=votes.count)
        self.winners.append(self.lyrics[winner])
        self.lyrics, self.cast = {}, {}
        if winner == END:
            self._finish()
            return
        embed = {"description": f"**Round {self.round} · goes in**"}
        components = self._components("✍️ Write the next part")
        self.bot.edit(self.board, embeds=[embed], components=components)
        clips = [
            button(f"{each.upper()} goes on", f"ses:choose:{self.round}-{each}") for each in "ab"
        ]
        neither = button("🔁 Neither", f"ses:choose:{self.round}-none")
        for each in (*clips, neither):
            self.bot.answer_with(each["custom_id"], self._choose)
        self.bot.post(channel=self.thread, content="which one?", components=[row(*clips, neither)])

    def _choose(self, told: Payload) -> Payload:
        self.clips[int(told["member"]["user"]["id"])] = told["data"]["custom_id"]
        if len(self.clips) == VOTERS:
            self.clips = {}
            self._edit_result()
            self.round += 1
            self._open_round()
        return quiet("You chose")

    def _edit_result(self) -> None:
        result = list(self.thread.messages.values())
        chosen = [each for each in result if each.content == "which one?"][-1]
        self.bot.edit(chosen, content="chosen", components=[])

    def _finish(self) -> None:
        self.bot.edit(self.board, components=[])
        self.bot.post(channel=self.thread, content="🏁 song is finished")
        state = self.discord.state
        song = messages.new_message(
            state,
            state.channel,
            state.bot,
            {"message_reference": {"message_id": str(self.card.id)}},
            [Upload("song.mp3", b"x", "audio/mpeg")],
        )
        messages.send(state, song)
