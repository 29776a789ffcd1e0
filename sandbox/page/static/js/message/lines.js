// The lines of a message: who wrote it and when, what it answers, what it says, what hangs below.

import { act } from "../api.js";
import { avatar, h, icon, isolated, toast } from "../dom.js";
import { markdown, plain } from "../markdown/render.js";
import { dropLocal, messageCount, navigate, store } from "../store.js";
import { fullTime, written } from "../times.js";
import { fileName } from "./attachments.js";

const REPLY = 19;
export const LOADING = 1 << 7;

export const nameOf = (author) =>
  store.users.get(author.id)?.name ?? author.global_name ?? author.username;

/** The command that led to a message, and who used it. */
export function commandOf(message) {
  const told = message.interaction_metadata;
  const first = told?.triggering_interaction_metadata ?? told;
  if (!first?.name) return null;
  return { id: first.user.id, name: first.command_type > 1 ? first.name : `/${first.name}` };
}

export function head(author, name, date) {
  return [
    h("span", { class: author.bot ? "name bot-name" : "name" }, name),
    author.bot && h("span", { class: "tag" }, "APP"),
    h(
      "time",
      { class: "written", datetime: date.toISOString(), title: fullTime(date) },
      written(date),
    ),
  ];
}

export function content(message) {
  if (message.failed) return h("div", { class: "did-not" }, message.failed);
  if (message.flags & LOADING)
    return h(
      "div",
      { class: "thinking" },
      h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
      `${nameOf(message.author)} is thinking…`,
    );
  const words = message.content ? markdown(message.content) : [];
  const edited =
    message.edited_timestamp &&
    h("span", { class: "edited", title: fullTime(new Date(message.edited_timestamp)) }, "(edited)");
  if (!words.length && edited && message.embeds.length) return null;
  return [h("div", { class: "md" }, words, edited)];
}

export function replyLine(message) {
  const used = commandOf(message);
  if (message.type !== REPLY && !message.message_reference) {
    const name = store.users.get(used.id)?.name ?? "somebody";
    return h(
      "div",
      { class: "reply-line" },
      avatar({ name }, "tiny"),
      h("span", { class: "reply-name" }, name),
      " used ",
      h("span", { class: "mention" }, used.name),
    );
  }
  const source = message.referenced_message;
  if (!source)
    return h("div", { class: "reply-line" }, h("em", {}, "Original message was deleted"));
  const jump = () =>
    document.dispatchEvent(
      new CustomEvent("jump", { detail: { channel: source.channel_id, message: source.id } }),
    );
  const name = nameOf(source.author);
  return h(
    "div",
    { class: "reply-line" },
    avatar({ name, bot: source.author.bot }, "tiny"),
    source.author.bot && h("span", { class: "tag" }, "APP"),
    h("span", { class: "reply-name" }, name),
    h(
      "button",
      { type: "button", class: "reply-words", on: { click: jump } },
      plain(source.content ?? "") || h("em", {}, "Click to see attachment"),
    ),
  );
}

/** A message in one line. */
export function summary(message) {
  const [first] = message.embeds ?? [];
  const files = (message.attachments ?? []).map((each) => isolated(fileName(each))).join(", ");
  return (
    message.failed ||
    message.content ||
    [first?.title && isolated(first.title), first?.description]
      .filter(Boolean)
      .join(" — ")
      .slice(0, 300) ||
    files ||
    ""
  );
}

export function failureLine(text) {
  return h("div", { class: "failure", role: "alert" }, text);
}

export function onlyYou(message) {
  const dismiss = () =>
    message.local
      ? dropLocal(message.channel_id, message.id)
      : act("delete", { channel: message.channel_id, message: message.id }).then(
          ({ error }) => error && toast(error),
        );
  return h(
    "div",
    { class: "only-you" },
    icon("eye"),
    "Only you can see this • ",
    h("button", { type: "button", class: "link", on: { click: dismiss } }, "Dismiss message"),
  );
}

export const threadOf = (message) => {
  const found = store.channels.get(message.thread?.id);
  return found && found.id !== store.channel && [found.name, messageCount(found.id)];
};

export function threadLine(message) {
  const thread = store.channels.get(message.thread.id);
  if (!thread || thread.id === store.channel) return null;
  const count = messageCount(thread.id);
  return h(
    "button",
    { type: "button", class: "thread", on: { click: () => navigate({ channel: thread.id }) } },
    icon("thread"),
    h("strong", {}, thread.name),
    h("span", { class: "thread-count" }, `${count} ${count === 1 ? "Message" : "Messages"} ›`),
  );
}
