// Desktop notifications of mentions: only for who asked for them, and never of what is in view.

import { isolated, toast } from "./dom.js";
import { plain } from "./markdown/render.js";
import { remember, remembered } from "./memory.js";
import { nameOf, summary } from "./message/lines.js";
import { on, store } from "./store.js";

const KEY = "notifications";

export function startNotifications() {
  on("mention", notify);
}

export const areWanted = () => remembered(KEY) === "on" && Notification.permission === "granted";

/** Turn them on, for which the browser asks the member once, or off. */
export async function toggleNotifications() {
  if (areWanted()) return remember(KEY, "off");
  if ((await Notification.requestPermission()) === "granted") {
    remember(KEY, "on");
    toast("You are notified of mentions.");
  } else toast("Your browser does not allow notifications from this page.");
}

function notify(message) {
  if (!areWanted()) return;
  const place = store.channels.get(message.channel_id);
  const where = place?.guild ? ` (#${isolated(place.name)})` : "";
  const shown = new Notification(`${nameOf(message.author)}${where}`, {
    body: plain(summary(message)),
    icon: "icon.svg",
    tag: message.id,
  });
  shown.addEventListener("click", () => {
    window.focus();
    document.dispatchEvent(
      new CustomEvent("jump", { detail: { channel: message.channel_id, message: message.id } }),
    );
  });
}
