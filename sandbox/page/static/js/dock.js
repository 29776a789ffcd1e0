// The player above the message box, for links to the sandbox's audio: what Discord would open in
// another tab is heard here, where the reply can be seen. A link elsewhere opens as usual.

import { fill, h, icon, iconButton } from "./dom.js";
import { player } from "./player.js";

/** Whether `url` is audio of the sandbox's providers. */
export function isPlayable(url) {
  try {
    const { hostname, pathname } = new URL(url);
    return (
      ["127.0.0.1", "localhost"].includes(hostname) &&
      /^\/audio\/(stream$|[^/]+\.mp3$)/.test(pathname)
    );
  } catch {
    return false;
  }
}

export function play(url, name) {
  const dock = document.getElementById("dock");
  const out = h(
    "a",
    {
      class: "icon-button",
      href: url,
      target: "_blank",
      rel: "noopener noreferrer",
      "aria-label": "Open in a new tab",
      title: "Open in a new tab",
    },
    icon("out"),
  );
  const shut = iconButton("close", "Close the player", close);
  fill(
    dock,
    h("div", { class: "dock-name" }, name),
    player(url, name, { aside: [out, shut], autoplay: true }),
  );
  dock.hidden = false;
}

function close() {
  const dock = document.getElementById("dock");
  dock.querySelector("audio")?.pause();
  dock.replaceChildren();
  dock.hidden = true;
}
