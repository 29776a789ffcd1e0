// Reactions under a message: who reacted, adding one's own and taking it back.

import { act } from "../api.js";
import { h, icon, toast } from "../dom.js";
import { pickEmoji } from "../menus.js";
import { store } from "../store.js";

export function reactions(message) {
  if (!message.reactions?.length) return null;
  return h(
    "div",
    { class: "reactions" },
    message.reactions.map((each) => reaction(message, each)),
    h(
      "button",
      {
        type: "button",
        class: "reaction add",
        "aria-label": "Add a reaction",
        title: "Add a reaction",
        on: { click: (event) => pickEmoji(event.currentTarget, (emoji) => react(message, emoji)) },
      },
      icon("smile"),
    ),
  );
}

function reaction(message, { key, emoji, users }) {
  const own = users.includes(store.member);
  const names = users.map((id) => store.users.get(id)?.name ?? "somebody").join(", ");
  const face = emoji.id ? `:${emoji.name}:` : emoji.name;
  return h(
    "button",
    {
      type: "button",
      class: own ? "reaction own" : "reaction",
      "aria-pressed": String(own),
      title: `${names} reacted with ${face}`,
      "aria-label": `${face}, ${users.length} ${users.length === 1 ? "reaction" : "reactions"}, press to ${own ? "remove" : "add"} yours`,
      data: { emoji: key },
      on: { click: () => (own ? unreact(message, key) : react(message, key)) },
    },
    h("span", { class: "emoji" }, face),
    h("span", { class: "reaction-count" }, String(users.length)),
  );
}

export async function react(message, emoji) {
  const { error } = await act("react", { channel: message.channel_id, message: message.id, emoji });
  if (error) toast(error);
}

async function unreact(message, emoji) {
  const { error } = await act("unreact", {
    channel: message.channel_id,
    message: message.id,
    emoji,
  });
  if (error) toast(error);
}
