"""Sends, edits and deletes messages; adds and removes reactions."""

import datetime as dt
import mimetypes
import time
import urllib.parse
from collections.abc import Sequence

from sandbox.discord import payloads
from sandbox.discord.filenames import sanitized_filename
from sandbox.discord.mentions import Mentions, find_mentions
from sandbox.discord.models import Attachment, Channel, Message, Upload, User
from sandbox.discord.protocol import Intent, Json, JsonObject, MessageFlag, is_object, objects
from sandbox.discord.rules.components import stored_components, walk_components
from sandbox.discord.rules.embeds import is_empty
from sandbox.discord.state import DiscordState, Event

SETTABLE_FLAGS = int(
    MessageFlag.SUPPRESS_EMBEDS
    | MessageFlag.SUPPRESS_NOTIFICATIONS
    | MessageFlag.COMPONENTS_V2
    | MessageFlag.EPHEMERAL
)
EDITABLE_FLAGS = int(MessageFlag.SUPPRESS_EMBEDS | MessageFlag.COMPONENTS_V2)
LINK_LIFETIME = 24 * 3600
ATTACHMENT_SCHEME = "attachment://"


def new_message(
    state: DiscordState,
    channel: Channel,
    author: User,
    body: JsonObject,
    files: Sequence[Upload] = (),
) -> Message:
    """Return a message from a validated ``body``; ``send`` posts it."""
    message = Message(state.snowflakes.new(), channel, author)
    message.tts = bool(body.get("tts"))
    message.nonce = body.get("nonce")
    message.flags = int(body.get("flags") or 0) & SETTABLE_FLAGS
    _apply_body(state, message, body, files)
    _apply_reference(message, body)
    mentions = _apply_mentions(state, message, body)
    pinged = set(mentions.pinged)
    if message.reply_to is not None and _pings_reply_author(body.get("allowed_mentions")):
        pinged.add(message.reply_to.author.id)
        if message.reply_to.author not in message.mentions:
            message.mentions.append(message.reply_to.author)
    message.pinged = frozenset(pinged)
    return message


def send(state: DiscordState, message: Message) -> None:
    """Post ``message`` in its channel and emit the event."""
    channel = message.channel
    channel.messages[message.id] = message
    if not message.is_ephemeral:
        channel.last_message_id = message.id
    state.record_version(message)
    _emit_message(state, "MESSAGE_CREATE", message)


def edit_message(
    state: DiscordState, message: Message, body: JsonObject, files: Sequence[Upload] = ()
) -> None:
    """Edit ``message`` by a validated ``body``; fields missing in it stay.

    New ``files`` replace the ones that ``attachments`` does not list.
    """
    if body.get("flags") is not None:
        message.flags = message.flags & ~EDITABLE_FLAGS | int(body["flags"]) & EDITABLE_FLAGS
    was_loading = message.is_loading
    message.flags &= ~int(MessageFlag.LOADING)
    _apply_body(state, message, body, files)
    if "content" in body or was_loading:
        _apply_mentions(state, message, body)
    message.edited_at = dt.datetime.now(dt.UTC)
    state.record_version(message)
    _emit_message(state, "MESSAGE_UPDATE", message)


def delete_message(state: DiscordState, message: Message) -> None:
    """Delete ``message`` and emit the event."""
    message.deleted = True
    message.channel.messages.pop(message.id, None)
    guild = message.channel.guild
    payload: JsonObject = {"id": str(message.id), "channel_id": str(message.channel.id)}
    if guild is not None:
        payload["guild_id"] = str(guild.id)
    intents = Intent.GUILD_MESSAGES if guild else Intent.DM_MESSAGES
    if not message.is_ephemeral:
        state.emit(Event("MESSAGE_DELETE", payload, guild, message.channel, intents))
    state.notify_message(message)
    state.conditions.notify()


def add_reaction(state: DiscordState, message: Message, emoji: str, user: User) -> None:
    """Add a reaction of ``user``; does nothing if they reacted already."""
    people = message.reactions.setdefault(emoji, {})
    if user.id not in people:
        people[user.id] = user
        _emit_reaction(state, "MESSAGE_REACTION_ADD", message, emoji, user)


def remove_reaction(state: DiscordState, message: Message, emoji: str, user: User) -> None:
    """Remove a reaction of ``user``, if there is one."""
    people = message.reactions.get(emoji, {})
    if people.pop(user.id, None) is not None:
        if not people:
            del message.reactions[emoji]
        _emit_reaction(state, "MESSAGE_REACTION_REMOVE", message, emoji, user)


def store_file(
    state: DiscordState, channel: Channel, file: Upload, *, ephemeral: bool
) -> Attachment:
    """Store ``file`` and return it as an attachment with its URL."""
    attachment_id = state.snowflakes.new()
    name, title = sanitized_filename(file.name)
    content_type = file.content_type
    if content_type == "application/octet-stream":
        content_type = mimetypes.guess_type(name)[0] or content_type
    now = int(time.time())
    signature = f"ex={now + LINK_LIFETIME:x}&is={now:x}&hm={attachment_id:064x}&"
    path = f"attachments/{channel.id}/{attachment_id}/{urllib.parse.quote(name)}"
    url = f"{state.base_url}/{path}?{signature}"
    attachment = Attachment(
        attachment_id, name, file.content, content_type, url, title=title, ephemeral=ephemeral
    )
    state.attachments[attachment_id] = attachment
    return attachment


def _apply_body(
    state: DiscordState, message: Message, body: JsonObject, files: Sequence[Upload]
) -> None:
    if "content" in body:
        message.content = (body["content"] or "").strip()
    _apply_attachments(state, message, body, files)
    if "embeds" in body:
        descriptions = {
            each.url: each.description for each in message.attachments if each.description
        }
        links = {each.filename: each.url for each in message.attachments}
        visible = [embed for embed in objects(body["embeds"]) if not is_empty(embed)]
        message.embeds = [_stored_embed(embed, links, descriptions) for embed in visible]
    if "components" in body:
        message.components = stored_components(body["components"])
        for number, component in enumerate(walk_components(message.components), start=1):
            component["id"] = component.get("id") or number


def _apply_attachments(
    state: DiscordState, message: Message, body: JsonObject, files: Sequence[Upload]
) -> None:
    wanted = body.get("attachments")
    described = {str(item.get("id")): item for item in objects(wanted)}
    if wanted is not None or files:
        kept = [each for each in message.attachments if str(each.id) in described]
        message.attachments = kept
    for index, file in enumerate(files):
        extra = described.get(str(index), {})
        named = Upload(extra.get("filename") or file.name, file.content, file.content_type)
        stored = store_file(state, message.channel, named, ephemeral=message.is_ephemeral)
        stored.description = extra.get("description")
        stored.title = extra.get("title") or stored.title
        message.attachments.append(stored)


def _stored_embed(
    embed: JsonObject, links: dict[str, str], descriptions: dict[str, str]
) -> JsonObject:
    stored = {key: value for key, value in embed.items() if value not in (None, [], {})}
    stored["type"] = "rich"
    for key in ("image", "thumbnail", "video"):
        if is_object(stored.get(key)):
            url = _resolve_url(stored.pop(key).get("url"), links)
            if url:
                stored[key] = {
                    "url": url,
                    "proxy_url": url,
                    "width": 512,
                    "height": 256,
                    "flags": 0,
                }
                stored[key] |= {"description": descriptions[url]} if url in descriptions else {}
    for key in ("footer", "author"):
        if is_object(stored.get(key)) and "icon_url" in stored[key]:
            url = _resolve_url(stored[key]["icon_url"], links)
            icon: JsonObject = {"icon_url": url, "proxy_icon_url": url} if url else {}
            part = {name: value for name, value in stored[key].items() if name != "icon_url"}
            stored[key] = part | icon
    if "fields" in stored:
        stored["fields"] = [{"inline": False} | field for field in objects(stored["fields"])]
    return stored


def _resolve_url(url: Json, links: dict[str, str]) -> str:
    """Return an image's URL; empty for a file that the message lacks, since Discord drops it."""
    if not isinstance(url, str):
        return ""
    name = url.removeprefix(ATTACHMENT_SCHEME)
    return url if name == url else links.get(name, "")


def _apply_reference(message: Message, body: JsonObject) -> None:
    reference = body.get("message_reference")
    if is_object(reference) and reference.get("message_id") is not None:
        message.reply_to_id = int(reference["message_id"])
        message.reply_to = message.channel.messages.get(message.reply_to_id)
        message.type = 19


def _pings_reply_author(allowed: Json) -> bool:
    return not is_object(allowed) or bool(allowed.get("replied_user"))


def _apply_mentions(state: DiscordState, message: Message, body: JsonObject) -> Mentions:
    allowed = body.get("allowed_mentions")
    channel = message.channel
    mentions = find_mentions(message.content, allowed, message.author, channel, state.users)
    message.mentions, message.mention_roles = list(mentions.users), list(mentions.roles)
    message.mention_everyone = mentions.everyone
    return mentions


def _emit_message(state: DiscordState, name: str, message: Message) -> None:
    if message.is_ephemeral:
        state.conditions.notify()
        return
    payload = payloads.message_event(message, state.bot)
    guild = message.channel.guild
    intents = Intent.GUILD_MESSAGES if guild else Intent.DM_MESSAGES
    state.emit(Event(name, payload, guild, message.channel, intents, message))


def _emit_reaction(
    state: DiscordState, name: str, message: Message, emoji: str, user: User
) -> None:
    guild = message.channel.guild
    payload: JsonObject = {
        "user_id": str(user.id),
        "channel_id": str(message.channel.id),
        "message_id": str(message.id),
        "emoji": payloads.emoji(emoji),
        "burst": False,
        "type": 0,
    }
    if guild is not None:
        payload["guild_id"] = str(guild.id)
    if name == "MESSAGE_REACTION_ADD":
        payload |= {"message_author_id": str(message.author.id), "burst_colors": []}
        if guild is not None:
            payload["member"] = payloads.member(guild.members[user.id])
    intents = Intent.GUILD_REACTIONS if guild else Intent.DM_REACTIONS
    state.notify_message(message)
    state.emit(Event(name, payload, guild, message.channel, intents))
