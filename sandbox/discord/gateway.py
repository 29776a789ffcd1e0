"""Gateway v10: hello, identify, resume, heartbeats and events."""

import asyncio
import contextlib
import enum
import json
from collections.abc import Generator

from aiohttp import WSMsgType, web

from sandbox.discord import guild_payloads, payloads
from sandbox.discord.compression import create_stream
from sandbox.discord.guild_members import send_member_chunks
from sandbox.discord.protocol import PRIVILEGED, Intent, Json, JsonObject, is_object
from sandbox.discord.rest.account import application_flags
from sandbox.discord.sessions import Session
from sandbox.discord.sockets import CloseError, Socket, opcode_payload, parse_shard
from sandbox.discord.state import DiscordState, Event

HEARTBEAT_INTERVAL = 41_250  # milliseconds
# discord.py notes when it sent a heartbeat after it has sent it. An acknowledgement that is faster
# than that looks 41 seconds late to it, and it warns that it can't keep up.
ACKNOWLEDGE_DELAY = 0.005  # seconds
ALL_INTENTS = (1 << 26) - 1


class Opcode(enum.IntEnum):
    """Opcodes of gateway messages."""

    HEARTBEAT = 1
    IDENTIFY = 2
    PRESENCE_UPDATE = 3
    VOICE_STATE_UPDATE = 4
    RESUME = 6
    RECONNECT = 7
    REQUEST_GUILD_MEMBERS = 8
    INVALID_SESSION = 9
    HELLO = 10
    HEARTBEAT_ACK = 11


class Gateway:
    """All sessions and sockets of the gateway."""

    def __init__(self, state: DiscordState, token: str) -> None:
        self.url = ""
        self.is_reachable = True
        self.sessions: dict[str, Session] = {}
        self.identify_count = 0
        self.resume_count = 0
        self._state = state
        self._token = token
        self._sockets: set[Socket] = set()
        self._close_tasks: set[asyncio.Task[object]] = set()
        state.event_listeners.append(self._deliver_event)

    @property
    def is_connected(self) -> bool:
        """Whether a session of the bot has a socket now."""
        return any(session.sink is not None for session in self.sessions.values())

    @property
    def connected_shards(self) -> set[int]:
        """The shards whose session has a socket now."""
        return {each.shard for each in self.sessions.values() if each.sink is not None}

    def _deliver_event(self, event: Event) -> None:
        for session in self.sessions.values():
            session.deliver(event)

    # fault injection

    def drop_connections(
        self, *, resumable: bool = True, abrupt: bool = False, code: int = 4000
    ) -> None:
        """Close all sockets with ``code``, and delete their sessions unless ``resumable``.

        ``abrupt`` closes them without a close frame, as a network failure does.
        """
        if not resumable:
            self.sessions.clear()
        for socket in list(self._sockets):
            self._detach(socket)
            if abrupt:
                socket.abort()
            else:
                self._close(socket, code, "Ordered by a test.")

    @contextlib.contextmanager
    def outage(self) -> Generator[None]:
        """Cut all connections and refuse new ones while the context is entered.

        Sessions are kept and collect events. A library that resumes afterwards receives them;
        discord.py does not: once a resume failed it identifies anew.
        """
        self.is_reachable = False
        self.drop_connections(abrupt=True)
        try:
            yield
        finally:
            self.is_reachable = True

    def request_reconnect(self) -> None:
        """Send RECONNECT to all sockets, which asks the bot to reconnect and resume."""
        for socket in self._sockets:
            socket.push(opcode_payload(Opcode.RECONNECT, None))

    def invalidate_sessions(self, *, resumable: bool = False) -> None:
        """Send INVALID_SESSION to all sockets."""
        if not resumable:
            self.sessions.clear()
        for socket in self._sockets:
            socket.push(opcode_payload(Opcode.INVALID_SESSION, resumable))

    def resend_last(self, name: str) -> None:
        """Send the latest event named ``name`` again, since Discord may send events twice.

        Raises:
            LookupError: no such event was sent.
        """
        found = [(each, each.last_event(name)) for each in self.sessions.values()]
        candidates = [(session, sent) for session, sent in found if sent is not None]
        if not candidates:
            raise LookupError(f"No {name} was sent")
        session, sent = max(candidates, key=lambda pair: pair[1].seq)
        session.send(sent.name, sent.body)

    # sockets

    async def handle(self, request: web.Request) -> web.WebSocketResponse:
        """Serve a websocket until either side closes it; 503 during an outage."""
        if not self.is_reachable:
            raise web.HTTPServiceUnavailable
        ws = web.WebSocketResponse(compress=False, timeout=1.0)
        await ws.prepare(request)
        try:
            compression = create_stream(request.query.get("compress", ""))
        except ValueError as error:
            await ws.close(code=4000, message=str(error).encode())
            return ws
        socket = Socket(ws, request, compression)
        self._sockets.add(socket)
        writer = asyncio.create_task(socket.send_queued())
        socket.push(
            opcode_payload(
                Opcode.HELLO, {"heartbeat_interval": HEARTBEAT_INTERVAL, "_trace": ["sandbox"]}
            )
        )
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
        if session is not None and session.sink is socket:
            session.sink = None
            self._state.conditions.notify()

    def _close(self, socket: Socket, code: int, reason: str) -> None:
        task: asyncio.Task[object] = asyncio.create_task(
            socket.ws.close(code=code, message=reason.encode())
        )
        self._close_tasks.add(task)
        task.add_done_callback(self._close_tasks.discard)

    async def close(self) -> None:
        """Close all sockets."""
        for socket in list(self._sockets):
            self._close(socket, 1001, "The sandbox closes.")
        if self._close_tasks:
            await asyncio.wait(self._close_tasks)

    # client messages

    def _receive(self, socket: Socket, text: str | bytes) -> None:
        socket.count_command()
        try:
            frame: Json = json.loads(text)
        except ValueError:
            raise CloseError(4002, "Error while decoding payload.") from None
        if not is_object(frame):
            raise CloseError(4002, "Error while decoding payload.")
        op, data = frame.get("op"), frame.get("d")
        if op == Opcode.HEARTBEAT:
            asyncio.get_running_loop().call_later(
                ACKNOWLEDGE_DELAY, socket.push, opcode_payload(Opcode.HEARTBEAT_ACK, None)
            )
        elif op == Opcode.IDENTIFY and is_object(data):
            self._identify(socket, data)
        elif op == Opcode.RESUME and is_object(data):
            self._resume(socket, data)
        elif op not in {
            Opcode.PRESENCE_UPDATE,
            Opcode.VOICE_STATE_UPDATE,
            Opcode.REQUEST_GUILD_MEMBERS,
        }:
            raise CloseError(4001, "Unknown opcode.")
        elif socket.session is None:
            raise CloseError(4003, "Not authenticated.")
        elif op == Opcode.REQUEST_GUILD_MEMBERS and is_object(data):
            send_member_chunks(socket.session, self._state, data)

    def _check_token(self, data: JsonObject) -> None:
        if str(data.get("token")).removeprefix("Bot ") != self._token:
            raise CloseError(4004, "Authentication failed.")

    def _identify(self, socket: Socket, data: JsonObject) -> None:
        if socket.session is not None:
            raise CloseError(4005, "Already authenticated.")
        self._check_token(data)
        shard, shards = parse_shard(data.get("shard", [0, 1]))
        intents = data.get("intents")
        if not isinstance(intents, int) or intents & ~ALL_INTENTS:
            raise CloseError(4013, "Invalid intent(s).")
        if intents & PRIVILEGED & ~self._state.privileged_intents:
            raise CloseError(4014, "Disallowed intent(s).")
        for old in [each for each in self.sessions.values() if each.shard == shard]:
            if old.sink is None:
                del self.sessions[old.id]
        session = Session(self._state, intents, shard, shards)
        presence = data.get("presence")
        session.presence = presence if is_object(presence) else {}
        self.sessions[session.id] = session
        socket.session, session.sink = session, socket
        self.identify_count += 1
        self._send_ready(session, shards)
        self._state.conditions.notify()

    def _send_ready(self, session: Session, shards: int) -> None:
        state = self._state
        guilds = [
            guild
            for guild in state.guilds.values()
            if state.bot.id in guild.members and session.handles_guild(guild.id)
        ]
        ready: JsonObject = {
            "v": 10,
            "user": payloads.own_user(state.bot),
            "guilds": [{"id": str(guild.id), "unavailable": True} for guild in guilds],
            "session_id": session.id,
            "session_type": "normal",
            "resume_gateway_url": self.url,
            "shard": [session.shard, shards],
            "application": {"id": str(state.application_id), "flags": application_flags(state)},
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
                session.dispatch("GUILD_CREATE", guild_payloads.guild_event(guild, state.bot))

    def _resume(self, socket: Socket, data: JsonObject) -> None:
        self._check_token(data)
        session = self.sessions.get(str(data.get("session_id")))
        seq = data.get("seq")
        if session is None or not isinstance(seq, int):
            socket.push(opcode_payload(Opcode.INVALID_SESSION, d=False))
            return
        if seq > session.seq:
            raise CloseError(4007, "Invalid seq.")
        socket.session, session.sink = session, socket
        for text in session.events_since(seq):
            socket.push(text)
        session.dispatch("RESUMED", {"_trace": ["sandbox"]})
        self.resume_count += 1
        self._state.conditions.notify()
