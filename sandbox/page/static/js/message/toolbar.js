// What a member can do with a message: react, reply, and a menu with apps, a thread, a link.

import { act } from "../api.js";
import { h, icon, iconButton, toast } from "../dom.js";
import { menu, pickEmoji } from "../menus.js";
import { openModal } from "../modal/modal.js";
import { askForThread } from "../modal/thread.js";
import { commandsHere, here, putLocal, store } from "../store.js";
import { react } from "./reactions.js";

const QUICK = ["🔁", "⏩", "👍"];
const MESSAGE_COMMAND = 3;

export function toolbar(message) {
  if (message.local) return null;
  const reactable = !message.visible_to;
  const quick = QUICK.map((emoji) =>
    h(
      "button",
      {
        type: "button",
        class: "icon-button quick",
        "aria-label": `React with ${emoji}`,
        title: `React with ${emoji}`,
        on: { click: () => react(message, emoji) },
      },
      emoji,
    ),
  );
  return h(
    "div",
    { class: "toolbar", role: "toolbar", "aria-label": "Message actions" },
    reactable && quick,
    reactable &&
      iconButton("smile", "Add a reaction", (event) =>
        pickEmoji(event.currentTarget, (emoji) => react(message, emoji)),
      ),
    reactable &&
      iconButton("reply", "Reply", () =>
        document.dispatchEvent(new CustomEvent("reply", { detail: message })),
      ),
    iconButton(
      "more",
      "More: apps, thread, link",
      (event) => menu(event.currentTarget, entries(message)),
      { "aria-haspopup": "menu", "data-more": true },
    ),
  );
}

/** Open the menu of `message` where its `element` was right-clicked, unless the browser's own menu
 * is of use there: on a link, in a field, on marked text, or with Shift. */
export function openMenuAt(event, element, message) {
  const more = element.querySelector("[data-more]");
  const native = event.target.closest("a[href], input, textarea, audio");
  const marked = !getSelection().isCollapsed;
  if (!more || native || marked || event.shiftKey) return;
  event.preventDefault();
  menu(more, entries(message), { x: event.clientX, y: event.clientY });
}

function entries(message) {
  const apps = message.visible_to ? [] : commandsHere(MESSAGE_COMMAND);
  const place = here();
  const threadable = place?.guild && !place.parent && !message.thread && !message.visible_to;
  const own = message.author.id === store.member;
  return [
    ...(message.visible_to ? [] : [{ title: "Apps" }]),
    ...apps.map((command) => ({
      label: command.path,
      icon: icon("bolt"),
      act: () => use(command, message),
    })),
    ...(apps.length || message.visible_to
      ? []
      : [{ label: "No app has a command for messages", act: () => {} }]),
    { title: "Message" },
    threadable && {
      label: "Create thread",
      icon: icon("thread"),
      act: () => askForThread(message),
    },
    { label: "Copy message link", act: () => copy(linkTo(message)) },
    {
      label: "Copy text",
      act: () => copy(message.content || message.embeds?.[0]?.description || ""),
    },
    own && { label: "Delete message", danger: true, act: () => remove(message) },
  ];
}

async function use(command, message) {
  const outcome = await act("menu", {
    channel: message.channel_id,
    message: message.id,
    name: command.path,
  });
  if (outcome.modal) openModal(outcome.modal);
  else if (outcome.failed) putLocal({ failed: outcome.failed });
  else if (outcome.error) toast(outcome.error);
}

async function remove(message) {
  const { error } = await act("delete", { channel: message.channel_id, message: message.id });
  if (error) toast(error);
}

function linkTo(message) {
  const guild = store.channels.get(message.channel_id)?.guild ?? "@me";
  return `https://discord.com/channels/${guild}/${message.channel_id}/${message.id}`;
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied.");
  } catch {
    toast(text);
  }
}
