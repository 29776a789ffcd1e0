// The state of the page: what the server sent, the current `member` and the current `channel`.
// Other modules draw it; they register for changes with `on`.

import { remember, remembered } from "./memory.js";

const listeners = new Map();
const MAX_LOCAL = 20;
const MEMBER_KEY = "member";
let dropped = null; // ids of the ephemeral messages that were there when the page was loaded

export const store = {
  guild: null,
  bot: { online: false },
  members: [],
  users: new Map(),
  roles: new Map(),
  channels: new Map(),
  messages: new Map(), // channel id -> Map of message id -> message, oldest first
  commands: [],
  typing: new Map(), // channel id -> until when
  missed: new Map(), // channel id -> messages that arrived while nobody looked at it
  home: null,
  member: null,
  channel: null,
  acknowledgeTimeout: 3,
};

/** Call `listener` after a change of `what`: hello, messages, channels, facts, view, typing,
 * traffic, unread, mention. */
export function on(what, listener) {
  if (!listeners.has(what)) listeners.set(what, []);
  listeners.get(what).push(listener);
}

export function emit(what, detail) {
  for (const listener of listeners.get(what) ?? []) listener(detail);
}

export function hello(initial) {
  Object.assign(store, {
    guild: initial.guild,
    bot: initial.bot,
    members: initial.members,
    commands: initial.commands,
    home: initial.home,
    acknowledgeTimeout: initial.acknowledge_timeout,
  });
  store.users = byId(initial.users);
  store.roles = byId(initial.roles);
  store.channels = byId(initial.channels);
  store.messages = new Map();
  // as on Discord, they are gone after a reload, though not after a lost connection
  const ephemeral = initial.messages.filter((each) => each.visible_to);
  dropped ??= new Set(ephemeral.map((each) => each.id));
  for (const message of initial.messages) put(message);
  store.member ??= remembered(MEMBER_KEY);
  if (!store.members.some((each) => each.id === store.member)) store.member = store.members[0].id;
  if (!mayEnter(store.channels.get(store.channel))) store.channel = store.home;
  emit("hello");
}

export function applyUpdate(update) {
  if (update.users) store.users = byId(update.users);
  if (update.commands) store.commands = update.commands;
  if ("online" in update) store.bot.online = update.online;
  if (update.channels) update.channels.forEach((each) => store.channels.set(each.id, each));
  if (update.closed) update.closed.forEach(close);
  if (update.messages || update.gone) {
    const missed = newlyMissed(update.messages);
    update.messages.forEach(put);
    update.gone.forEach(forget);
    missed.forEach(miss);
    if (missed.length || update.gone.length) emit("unread");
    missed.filter(isMention).forEach((each) => emit("mention", each));
    const arrived = update.messages.map((each) => each.channel_id);
    arrived.forEach((channel) => store.typing.delete(channel));
    emit("messages", {
      changed: new Set(update.messages.map((each) => each.id)),
      places: new Set([...arrived, ...update.gone.map(([channel]) => channel)]),
    });
  }
  if (update.channels || update.closed) emit("channels");
  if (update.users || update.commands || "online" in update) emit("facts");
  if (update.typing) {
    update.typing.forEach((channel) => store.typing.set(channel, Date.now() + 10_000));
    emit("typing");
  }
  if (update.traffic) emit("traffic", update.traffic);
}

/** Show `channel`, or the current one as `member` sees it. */
export function navigate({ channel = store.channel, member = store.member }) {
  store.member = member;
  remember(MEMBER_KEY, store.member);
  const wanted = store.channels.get(channel);
  store.channel = mayEnter(wanted)
    ? channel
    : wanted?.recipient
      ? (directChannel()?.id ?? store.home)
      : store.home;
  if (!document.hidden) store.missed.delete(store.channel);
  emit("view");
}

/** Mark the shown channel as read: somebody looks at the page again. */
export function look() {
  if (store.missed.delete(store.channel)) emit("unread");
}

/** The messages of a channel that the member has missed. */
export const missedIn = (channel) => (store.missed.get(channel) ?? []).filter(isForMember);

/** Those of them that mention the member; in a direct message, all do. */
export const mentionsIn = (channel) => missedIn(channel).filter(isMention);

const isForMember = (message) =>
  message.author.id !== store.member &&
  mayEnter(store.channels.get(message.channel_id)) &&
  (!message.visible_to || message.visible_to === store.member);

const isMention = (message) =>
  isForMember(message) &&
  (message.mention_everyone ||
    message.mentions.some((each) => each.id === store.member) ||
    Boolean(store.channels.get(message.channel_id).recipient));

/** Those of `arrived` that are new, and nobody sees arrive. */
const newlyMissed = (arrived) =>
  arrived.filter(
    (each) =>
      (document.hidden || each.channel_id !== store.channel) &&
      !messageOf(each.channel_id, each.id) &&
      !dropped.has(each.id),
  );

function miss(message) {
  const { missed } = store;
  missed.set(message.channel_id, [...(missed.get(message.channel_id) ?? []), message]);
}

function forget([channel, id]) {
  store.messages.get(channel)?.delete(id);
  const left = store.missed.get(channel)?.filter((each) => each.id !== id);
  if (left) store.missed.set(channel, left);
}

export const me = () => store.users.get(store.member);
export const here = () => store.channels.get(store.channel);
export const directChannel = () =>
  [...store.channels.values()].find((each) => each.recipient === store.member);
export const messageOf = (channel, id) => store.messages.get(channel)?.get(id);

/** The messages of the shown channel that the member sees, oldest first; a thread begins with the
 * message from which it was started. */
export function visibleMessages() {
  const all = store.messages.get(store.channel)?.values() ?? [];
  const start = messageOf(here()?.parent, store.channel);
  const shown = [...all].filter((each) => !each.visible_to || each.visible_to === store.member);
  return start ? [start, ...shown] : shown;
}

/** How many messages of a channel everybody sees. */
export const messageCount = (channel) =>
  [...(store.messages.get(channel)?.values() ?? [])].filter((each) => !each.visible_to).length;

/** Add a message that only this page has, such as an error; it is shown as an ephemeral one. */
export function putLocal(message) {
  const id = String(BigInt(latestId()) + 1n);
  put({
    id,
    channel_id: store.channel,
    visible_to: store.member,
    local: true,
    flags: 64,
    type: 0,
    timestamp: new Date().toISOString(),
    mentions: [],
    attachments: [],
    embeds: [],
    components: [],
    reactions: [],
    content: "",
    author: { id: store.bot.id, username: store.bot.name, bot: true },
    ...message,
  });
  const locals = [...store.messages.get(store.channel).values()].filter((each) => each.local);
  locals
    .slice(0, -MAX_LOCAL)
    .forEach((each) => store.messages.get(store.channel).delete(each.id));
  emit("messages", { changed: new Set([id]), places: new Set([store.channel]) });
  return id;
}

export function dropLocal(channel, id) {
  if (store.messages.get(channel)?.delete(id))
    emit("messages", { changed: new Set(), places: new Set([channel]) });
}

/** The commands offered here, each with its path and options: subcommands are commands of their own. */
export function commandsHere(type = 1) {
  const direct = !here()?.guild;
  const offered = store.commands.filter(
    (each) =>
      each.type === type &&
      (direct
        ? !each.guild_id && (each.contexts?.includes(1) ?? true)
        : (each.contexts?.includes(0) ?? true) && mayUse(each.default_member_permissions)),
  );
  return offered.flatMap((each) => leaves(each, each.name));
}

/** Whether who looks has all permissions that a command needs; Discord hides the others. */
function mayUse(needed) {
  const { permissions } = store.members.find((each) => each.id === store.member);
  return needed === null || (needed !== "0" && (BigInt(needed) & ~BigInt(permissions)) === 0n);
}

function leaves(command, path) {
  const nested = (command.options ?? []).filter((each) => each.type <= 2);
  if (!nested.length)
    return [
      {
        path,
        type: command.type,
        description: command.description,
        options: command.options ?? [],
      },
    ];
  return nested.flatMap((each) =>
    leaves({ ...each, type: command.type ?? 1 }, `${path} ${each.name}`),
  );
}

function mayEnter(channel) {
  return Boolean(channel) && (!channel.recipient || channel.recipient === store.member);
}

function put(message) {
  if (dropped?.has(message.id)) return;
  if (!store.messages.has(message.channel_id)) store.messages.set(message.channel_id, new Map());
  store.messages.get(message.channel_id).set(message.id, message);
}

function close(id) {
  store.channels.delete(id);
  store.missed.delete(id);
  store.messages.delete(id);
  if (store.channel === id) navigate({ channel: store.home });
}

function latestId() {
  const ids = [...(store.messages.get(store.channel)?.keys() ?? [])];
  return ids.at(-1) ?? store.channel;
}

const byId = (things) => new Map(things.map((each) => [each.id, each]));
