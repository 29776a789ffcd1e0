// One message on the page. When it changes, only the parts that differ are drawn anew: audio goes
// on playing while the text above it is edited.

import { avatar, h } from "../dom.js";
import { plain } from "../markdown/render.js";
import { store } from "../store.js";
import { isSameDay, longDay, shortTime } from "../times.js";
import { attachment } from "./attachments.js";
import { components, isLocked } from "./components.js";
import { embed } from "./embeds.js";
import {
  LOADING,
  commandOf,
  content,
  failureLine,
  head,
  nameOf,
  onlyYou,
  replyLine,
  summary,
  threadLine,
  threadOf,
} from "./lines.js";
import { reactions } from "./reactions.js";
import { openMenuAt, toolbar } from "./toolbar.js";

const TOGETHER = 7 * 60_000;
const REPLY = 19;

export class MessageView {
  constructor(message) {
    this.drawn = new Map();
    this.failure = null;
    this.parts = {};
    const part = (name, tag = "div") => (this.parts[name] = h(tag, { class: `m-${name}` }));
    this.body = h(
      "article",
      { class: "message", tabindex: -1, data: { id: message.id } },
      part("reply"),
      part("face"),
      h(
        "div",
        { class: "m-body" },
        part("head", "header"),
        part("content"),
        part("attachments"),
        part("embeds"),
        part("components"),
        part("reactions"),
        part("thread"),
        part("foot"),
      ),
      part("tools"),
    );
    this.element = h("li", {}, part("day"), this.body);
    this.body.addEventListener("contextmenu", (event) =>
      openMenuAt(event, this.body, this.message),
    );
  }

  /** Show `message` as it now is, after the message `before` it. */
  update(message, before) {
    this.message = message;
    const date = new Date(message.timestamp);
    const newDay = !before || !isSameDay(new Date(before.timestamp), date);
    const continued = !newDay && isContinued(message, before, date);
    this.body.classList.toggle("continued", continued);
    this.body.classList.toggle("ephemeral", Boolean(message.visible_to));
    this.body.classList.toggle(
      "mentioned",
      message.mention_everyone || message.mentions.some((each) => each.id === store.member),
    );
    this.part("day", newDay && longDay(date), () =>
      h("div", { class: "day", role: "separator" }, longDay(date)),
    );
    this.part("reply", this.replyKey(), () => replyLine(message));
    const author = nameOf(message.author);
    this.part("face", [message.author.id, continued, message.timestamp], () =>
      continued
        ? h("time", { class: "at", datetime: message.timestamp }, shortTime(date))
        : avatar({ name: author, bot: message.author.bot }),
    );
    this.part("head", [author, message.timestamp, continued], () =>
      continued ? null : head(message.author, author, date),
    );
    this.part(
      "content",
      [
        message.content,
        message.edited_timestamp !== null,
        message.flags & LOADING,
        message.type,
        message.failed,
      ],
      () => content(message),
    );
    this.list("embeds", message.embeds, embed);
    this.list("attachments", message.attachments, attachment, (each) => each.id);
    this.part("components", [message.components, isLocked(message)], () =>
      components(message, (text) => this.fail(text)),
    );
    this.part("reactions", [message.reactions, store.member], () => reactions(message));
    this.part("thread", message.thread && [message.thread.id, threadOf(message)], () =>
      threadLine(message),
    );
    this.part("foot", [message.visible_to, this.failure], () => [
      this.failure && failureLine(this.failure),
      message.visible_to && onlyYou(message),
    ]);
    this.part("tools", [message.id, store.member], () => toolbar(message));
    const words = plain(summary(message));
    this.body.setAttribute("aria-label", `${author}, ${shortTime(date)}: ${words}`);
  }

  fail(text) {
    this.failure = text;
    this.drawn.delete("foot");
    this.part("foot", [this.message.visible_to, text], () => [
      text && failureLine(text),
      this.message.visible_to && onlyYou(this.message),
    ]);
  }

  /** Draw a part anew if what it depends on has changed. */
  part(name, key, make) {
    const text = JSON.stringify(key) ?? "";
    if (this.drawn.get(name) === text) return;
    this.drawn.set(name, text);
    const place = this.parts[name];
    const focused = place.contains(document.activeElement)
      ? document.activeElement.closest("[data-custom], [data-emoji]")
      : null;
    const option = focused?.activeValue?.();
    const made = key ? make() : null;
    place.replaceChildren(...[made].flat(3).filter((each) => each instanceof Node));
    if (!focused) return;
    const named = (each) => each.dataset.custom ?? each.dataset.emoji;
    const same = [...place.querySelectorAll("[data-custom], [data-emoji]")].find(
      (each) => named(each) === named(focused),
    );
    if (same?.goOn) same.goOn(option);
    else same?.focus();
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
    if (message.type === REPLY || message.message_reference)
      return [
        "reply",
        message.referenced_message?.id,
        message.referenced_message?.content,
      ];
    return used ? ["used", used.id, used.name] : null;
  }
}

function isContinued(message, before, date) {
  return (
    before.author.id === message.author.id &&
    !before.local === !message.local &&
    date - new Date(before.timestamp) < TOGETHER &&
    !message.message_reference &&
    !commandOf(message) &&
    Boolean(before.visible_to) === Boolean(message.visible_to)
  );
}
