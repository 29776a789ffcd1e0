// One message on the page. When it changes, only the parts that differ are drawn anew: audio goes
// on playing while the text above it is edited.

import { act } from "../api.js";
import { avatar, h, icon, toast } from "../dom.js";
import { markdown, plain } from "../markdown/render.js";
import { dropLocal, look, store } from "../store.js";
import { fullTime, isSameDay, longDay, shortTime, written } from "../times.js";
import { attachment } from "./attachments.js";
import { components } from "./components.js";
import { embed } from "./embeds.js";
import { reactions } from "./reactions.js";
import { toolbar } from "./toolbar.js";

const TOGETHER = 7 * 60_000;
const LOADING = 1 << 7;
const REPLY = 19;

export class MessageView {
  constructor(message) {
    this.drawn = new Map();
    this.failure = null;
    this.parts = {};
    const part = (name, tag = "div") => (this.parts[name] = h(tag, { class: `m-${name}` }));
    this.body = h("article", { class: "message", tabindex: -1, data: { id: message.id } },
      part("reply"), part("face"),
      h("div", { class: "m-body" }, part("head", "header"), part("content"), part("embeds"), part("attachments"), part("components"), part("reactions"), part("thread"), part("foot")),
      part("tools"));
    this.element = h("li", {}, part("day"), this.body);
  }

  /** Show `message` as it now is, after the message `before` it. */
  update(message, before) {
    this.message = message;
    const date = new Date(message.timestamp);
    const newDay = !before || !isSameDay(new Date(before.timestamp), date);
    const continued = !newDay && isContinued(message, before, date);
    this.body.classList.toggle("continued", continued);
    this.body.classList.toggle("ephemeral", Boolean(message.visible_to));
    this.body.classList.toggle("mentioned", message.mention_everyone || message.mentions.some((each) => each.id === store.member));
    this.part("day", newDay && longDay(date), () => h("div", { class: "day", role: "separator" }, longDay(date)));
    this.part("reply", this.replyKey(), () => replyLine(message));
    const author = nameOf(message.author);
    this.part("face", [message.author.id, continued, message.timestamp], () => (continued ? h("time", { class: "at", datetime: message.timestamp }, shortTime(date)) : avatar({ name: author, bot: message.author.bot })));
    this.part("head", [author, message.timestamp, continued], () => (continued ? null : head(message.author, author, date)));
    this.part("content", [message.content, message.edited_timestamp !== null, message.flags & LOADING, message.type, message.failed], () => content(message));
    this.list("embeds", message.embeds, embed);
    this.list("attachments", message.attachments, attachment, (each) => each.id);
    this.part("components", message.components, () => components(message, (text) => this.fail(text)));
    this.part("reactions", [message.reactions, store.member], () => reactions(message));
    this.part("thread", message.thread && [message.thread.id, threadOf(message)], () => threadLine(message));
    this.part("foot", [message.visible_to, this.failure], () => [this.failure && failureLine(this.failure), message.visible_to && onlyYou(message)]);
    this.part("tools", [message.id, store.member], () => toolbar(message));
    const words = plain(summary(message));
    this.body.setAttribute("aria-label", `${author}, ${shortTime(date)}: ${words}`);
  }

  fail(text) {
    this.failure = text;
    this.drawn.delete("foot");
    this.part("foot", [this.message.visible_to, text], () => [text && failureLine(text), this.message.visible_to && onlyYou(this.message)]);
  }

  /** Draw a part anew if what it depends on has changed. */
  part(name, key, make) {
    const text = JSON.stringify(key) ?? "";
    if (this.drawn.get(name) === text) return;
    this.drawn.set(name, text);
    const place = this.parts[name];
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.custom ?? document.activeElement.dataset.emoji : null;
    const made = key ? make() : null;
    place.replaceChildren(...[made].flat(3).filter((each) => each instanceof Node));
    if (focused) [...place.querySelectorAll("[data-custom], [data-emoji]")].find((each) => focused === (each.dataset.custom ?? each.dataset.emoji))?.focus();
  }

  /** Draw several things of a kind; those that stay as they were keep their elements. */
  list(name, things, make, keyOf = JSON.stringify) {
    const keys = (things ?? []).map(keyOf);
    if (this.drawn.get(name) === String(keys)) return;
    const old = new Map([...this.parts[name].children].map((child) => [child.dataset.key, child]));
    const made = (things ?? []).map((each, index) => {
      const kept = old.get(keys[index]);
      old.delete(keys[index]);
      const element = kept ?? make(each);
      element.dataset.key = keys[index];
      return element;
    });
    for (const gone of old.values()) gone.remove();
    made.forEach((element, index) => {
      const there = this.parts[name].children[index];
      if (there !== element) this.parts[name].insertBefore(element, there ?? null);
    });
    this.drawn.set(name, String(keys));
  }

  replyKey() {
    const { message } = this;
    const used = commandOf(message);
    if (message.type === REPLY || message.message_reference) return ["reply", message.referenced_message?.id, message.referenced_message?.content, message.referenced_message?.embeds?.[0]?.title];
    return used ? ["used", used.id, used.name] : null;
  }
}

function isContinued(message, before, date) {
  return before.author.id === message.author.id && !before.local === !message.local && date - new Date(before.timestamp) < TOGETHER && !message.message_reference && !commandOf(message) && Boolean(before.visible_to) === Boolean(message.visible_to);
}

export const nameOf = (author) => store.users.get(author.id)?.name ?? author.global_name ?? author.username;

/** The command that led to a message, and who used it. */
function commandOf(message) {
  const told = message.interaction_metadata;
  const first = told?.triggering_interaction_metadata ?? told;
  if (!first?.name) return null;
  return { id: first.user.id, name: first.command_type > 1 ? first.name : `/${first.name}` };
}

function head(author, name, date) {
  return [h("span", { class: author.bot ? "name bot-name" : "name" }, name), author.bot && h("span", { class: "tag" }, "APP"), h("time", { class: "written", datetime: date.toISOString(), title: fullTime(date) }, written(date))];
}

function content(message) {
  if (message.failed) return h("div", { class: "did-not" }, message.failed);
  if (message.flags & LOADING) return h("div", { class: "thinking" }, h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")), `${nameOf(message.author)} is thinking…`);
  const words = message.content ? markdown(message.content) : [];
  const edited = message.edited_timestamp && h("span", { class: "edited", title: fullTime(new Date(message.edited_timestamp)) }, "(edited)");
  if (!words.length && edited && message.embeds.length) return null;
  return [h("div", { class: "md" }, words, edited)];
}

function replyLine(message) {
  const used = commandOf(message);
  if (message.type !== REPLY && !message.message_reference) {
    const name = store.users.get(used.id)?.name ?? "somebody";
    return h("div", { class: "reply-line" }, avatar({ name }, "tiny"), h("span", { class: "reply-name" }, name), " used ", h("span", { class: "mention" }, used.name));
  }
  const source = message.referenced_message;
  if (!source) return h("div", { class: "reply-line" }, h("em", {}, "Original message was deleted"));
  const jump = () => document.dispatchEvent(new CustomEvent("jump", { detail: { channel: source.channel_id, message: source.id } }));
  const name = nameOf(source.author);
  return h("div", { class: "reply-line" }, avatar({ name, bot: source.author.bot }, "tiny"), source.author.bot && h("span", { class: "tag" }, "APP"), h("span", { class: "reply-name" }, name),
    h("button", { type: "button", class: "reply-words", on: { click: jump } }, plain(summary(source)) || "Press to see the message"));
}

/** A message in one line. */
export function summary(message) {
  const [first] = message.embeds ?? [];
  const files = (message.attachments ?? []).map((each) => each.filename).join(", ");
  return message.failed || message.content || [first?.title, first?.description].filter(Boolean).join(" — ").slice(0, 300) || files || "";
}

function failureLine(text) {
  return h("div", { class: "failure", role: "alert" }, text);
}

function onlyYou(message) {
  const dismiss = () => (message.local ? dropLocal(message.channel_id, message.id) : act("delete", { channel: message.channel_id, message: message.id }).then(({ error }) => error && toast(error)));
  return h("div", { class: "only-you" }, icon("eye"), "Only you can see this • ", h("button", { type: "button", class: "link", on: { click: dismiss } }, "Dismiss message"));
}

const threadOf = (message) => {
  const found = store.channels.get(message.thread?.id);
  return found && [found.name, store.messages.get(found.id)?.size ?? 0];
};

function threadLine(message) {
  const thread = store.channels.get(message.thread.id);
  if (!thread) return null;
  const count = store.messages.get(thread.id)?.size ?? 0;
  return h("button", { type: "button", class: "thread", on: { click: () => look({ channel: thread.id }) } }, icon("thread"), h("strong", {}, thread.name), h("span", { class: "thread-count" }, `${count} ${count === 1 ? "Message" : "Messages"} ›`));
}

