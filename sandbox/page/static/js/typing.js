// “Encore is typing…”, for as long as Discord shows it.

import { fill, h } from "./dom.js";
import { on, store } from "./store.js";

export function startTyping() {
  for (const what of ["typing", "view", "messages"]) on(what, draw);
  setInterval(draw, 1000);
}

function draw() {
  const box = document.getElementById("typing");
  const typing = (store.typing.get(store.channel) ?? 0) > Date.now();
  if (typing === Boolean(box.firstChild)) return;
  if (typing)
    fill(
      box,
      h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
      h("strong", {}, store.bot.name),
      " is typing…",
    );
  else box.replaceChildren();
}
