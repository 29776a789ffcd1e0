"""Gateway v10: hello, identify, resume, heartbeats, and the events in between."""

import asyncio
import json

from aiohttp import WSMsgType, web

from sandbox.discord import guild_payloads, payloads
from sandbox.discord.compression import stream
from sandbox.discord.guild_members import send_members
from sandbox.discord.protocol import PRIVILEGED, Intent, Json, JsonObject, is_object
from sandbox.discord.rest.account import application_flags
from sandbox.discord.sessions import Session
from sandbox.discord.sockets import CloseError, Socket, op_text, shard_of
from sandbox.discord.state import Event, World

HEARTBEAT_EVERY = 41_250
HEARTBEAT, IDENTIFY, PRESENCE, VOICE, RESUME, RECONNECT, MEMBERS, INVALID, HELLO, ACK = (
    1,
    2,
    3,
    4,
    6,
    7,
    8,
    9,
    10,
    11,
)
ALL_INTENTS = (1 << 26) - 1


class Gateway:
    """All sessions and sockets."""

    def __init__(self, world: World, token: str) -> None:
        self.url = ""
        self.sessions: dict[str, Session] = {}
        self.identified = 0
        self.resumed = 0
        self._world = world
        self._token = token
        self._sockets: set[Socket] = set()
        self._closing: set[asyncio.Task[object]] = set()
        world.listeners.append(self._tell)

    @property
    def connected(self) -> bool:
        """Whether a session of the bot has a socket now."""
        return any(session.outlet is not None for session in self.sessions.values())

    def _tell(self, event: Event) -> None:
        for session in self.sessions.values():
            session.tell(event)

    # trouble on order

    def drop(self, *, resumable: bool = True, abrupt: bool = False) -> None:
        """Cut all sockets; unless ``resumable``, their sessions are forgotten too.

        An ``abrupt`` cut has no close frame, as when a cable is pulled.
        """
        if not resumable:
            self.sessions.clear()
        for socket in list(self._sockets):
            self._detach(socket)
            if abrupt:
                socket.abort()
            else:
                self._close(socket, 4000, "Unknown error.")

    def ask_to_reconnect(self) -> None:
        """Send RECONNECT to all sockets; the bot should come back and resume."""
        for socket in self._sockets:
            socket.push(op_text(RECONNECT, None))

    def invalidate(self, *, resumable: bool = False) -> None:
        """Send INVALID_SESSION to all sockets."""
        if not resumable:
            self.sessions.clear()
        for socket in self._sockets:
            socket.push(op_text(INVALID, resumable))

    def repeat(self, name: str) -> None:
        """Send the latest event of that name once more, as Discord may do.

        Raises:
            LookupError: there was none.
        """
        found = [(each, each.last(name)) for each in self.sessions.values()]
        told = [(session, sent) for session, sent in found if sent is not None]
        if not told:
            raise LookupError(f"No {name} was sent")
        session, sent = max(told, key=lambda pair: pair[1].seq)
        session.repeat(sent.name, sent.body)

    # the life of a socket

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Speak with a bot until either side has enough."""
        ws = web.WebSocketResponse(compress=False, timeout=1.0)
        await ws.prepare(request)
        try:
            packer = stream(request.query.get("compress", ""))
        except ValueError as error:
            await ws.close(code=4000, message=str(error).encode())
            return ws
        socket = Socket(ws, request, packer)
        self._sockets.add(socket)
        writer = asyncio.create_task(socket.write())
        socket.push(op_text(HELLO, {"heartbeat_interval": HEARTBEAT_EVERY, "_trace": ["sandbox"]}))
        try:
            async for frame in ws:
                if frame.type in {WSMsgType.TEXT, WSMsgType.BINARY}:
                    self._receive(socket, frame.data)
        except CloseError as error:
            await ws.close(code=error.code, message=error.reason.encode())
        finally:
            self._sockets.discard(socket)
            self._detach(socket)
            writer.cancel()
            await asyncio.wait([writer])
        return ws

    def _detach(self, socket: Socket) -> None:
        session = socket.session
        if session is not None and session.outlet is socket:
            session.outlet = None
            self._world.waiters.changed()

    def _close(self, socket: Socket, code: int, reason: str) -> None:
        task: asyncio.Task[object] = asyncio.create_task(
            socket.ws.close(code=code, message=reason.encode())
        )
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def close(self) -> None:
        """Close all sockets."""
        for socket in list(self._sockets):
            self._close(socket, 1001, "The sandbox closes.")
        if self._closing:
            await asyncio.wait(self._closing)

    # what a bot says

    def _receive(self, socket: Socket, text: str | bytes) -> None:
        socket.count_command()
        try:
            said: Json = json.loads(text)
        except ValueError:
            raise CloseError(4002, "Error while decoding payload.") from None
        if not is_object(said):
            raise CloseError(4002, "Error while decoding payload.")
        op, told = said.get("op"), said.get("d")
        if op == HEARTBEAT:
            socket.push(op_text(ACK, None))
        elif op == IDENTIFY and is_object(told):
            self._identify(socket, told)
        elif op == RESUME and is_object(told):
            self._resume(socket, told)
        elif op not in {PRESENCE, VOICE, MEMBERS}:
            raise CloseError(4001, "Unknown opcode.")
        elif socket.session is None:
            raise CloseError(4003, "Not authenticated.")
        elif op == MEMBERS and is_object(told):
            send_members(socket.session, self._world, told)

    def _check_token(self, told: JsonObject) -> None:
        if str(told.get("token")).removeprefix("Bot ") != self._token:
            raise CloseError(4004, "Authentication failed.")

    def _identify(self, socket: Socket, told: JsonObject) -> None:
        if socket.session is not None:
            raise CloseError(4005, "Already authenticated.")
        self._check_token(told)
        shard, shards = shard_of(told.get("shard", [0, 1]))
        intents = told.get("intents")
        if not isinstance(intents, int) or intents & ~ALL_INTENTS:
            raise CloseError(4013, "Invalid intent(s).")
        if intents & PRIVILEGED & ~self._world.privileged:
            raise CloseError(4014, "Disallowed intent(s).")
        for old in [each for each in self.sessions.values() if each.shard == shard]:
            if old.outlet is None:
                del self.sessions[old.id]
        session = Session(self._world, intents, shard, shards)
        self.sessions[session.id] = session
        socket.session, session.outlet = session, socket
        self.identified += 1
        self._greet(session, shards)
        self._world.waiters.changed()

    def _greet(self, session: Session, shards: int) -> None:
        world = self._world
        guilds = [
            guild
            for guild in world.guilds.values()
            if world.bot.id in guild.members and session.is_of_guild(guild.id)
        ]
        ready: JsonObject = {
            "v": 10,
            "user": payloads.own_user(world.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "shard": [session.shard, shards],
            "application": {"id": str(world.application_id), "flags": application_flags(world)},
            "private_channels": [],
            "relationships": [],
            "presences": [],
            "user_settings": {},
            "user_settings_proto": "",
            "guild_join_requests": [],
            "geo_ordered_rtc_regions": [],
            "auth": {},
            "_trace": ["sandbox"],
        }
        session.dispatch("READY", ready)
        if session.intents & Intent.GUILDS:
            for guild in guilds:
                session.dispatch("GUILD_CREATE", guild_payloads.guild_event(guild, world.bot))

    def _resume(self, socket: Socket, told: JsonObject) -> None:
        self._check_token(told)
        session = self.sessions.get(str(told.get("session_id")))
        seq = told.get("seq")
        if session is None or not isinstance(seq, int):
            socket.push(op_text(INVALID, d=False))
            return
        if seq > session.seq:
            raise CloseError(4007, "Invalid seq.")
        socket.session, session.outlet = session, socket
        for text in session.missed_since(seq):
            socket.push(text)
        session.dispatch("RESUMED", {"_trace": ["sandbox"]})
        self.resumed += 1
        self._world.waiters.changed()
