"""Answers the gateway's REQUEST_GUILD_MEMBERS."""

from sandbox.discord import payloads
from sandbox.discord.protocol import Intent, JsonObject, is_array
from sandbox.discord.sessions import Session
from sandbox.discord.sockets import CloseError
from sandbox.discord.state import DiscordState

CHUNK_SIZE = 1000


def send_member_chunks(session: Session, state: DiscordState, data: JsonObject) -> None:
    """Send the requested members of a guild in chunks.

    Raises:
        CloseError: 4014 for a request of all members without the GUILD_MEMBERS intent.
    """
    number = data.get("guild_id")
    guild = state.guilds.get(int(str(number))) if str(number).isdigit() else None
    if guild is None or state.bot.id not in guild.members:
        return
    members_found = list(guild.members.values())
    user_ids = data.get("user_ids")
    if user_ids is not None:
        ids = {str(each) for each in (user_ids if is_array(user_ids) else [user_ids])}
        members_found = [each for each in members_found if str(each.user.id) in ids]
    elif data.get("query"):
        prefix = str(data["query"]).lower()
        members_found = [
            each for each in members_found if each.user.name.lower().startswith(prefix)
        ]
    elif not session.intents & Intent.GUILD_MEMBERS:
        raise CloseError(4014, "Disallowed intent(s).")
    limit = int(data.get("limit") or 0) or len(members_found)
    members = [payloads.member(each) for each in members_found[:limit]]
    chunks = [members[at : at + CHUNK_SIZE] for at in range(0, len(members), CHUNK_SIZE)] or [[]]
    for index, chunk in enumerate(chunks):
        payload: JsonObject = {
            "guild_id": str(guild.id),
            "members": chunk,
            "chunk_index": index,
            "chunk_count": len(chunks),
            "not_found": [],
        }
        if data.get("nonce") is not None:
            payload["nonce"] = data["nonce"]
        session.dispatch("GUILD_MEMBERS_CHUNK", payload)
