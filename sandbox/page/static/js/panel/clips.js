// The clips at the chosen provider: where each stands, and how long it still takes.

import { fillCommand } from "../composer/composer.js";
import { fill, h, iconButton, isolated } from "../dom.js";
import { play } from "../dock.js";
import { clock } from "../times.js";

export class Clips {
  constructor() {
    this.provider = null;
    this.element = h("ul", { class: "clips" });
    this.drawn = "";
  }

  draw({ clips, speed }, provider) {
    const shown = clips.filter((each) => each.provider === provider).reverse();
    const key = JSON.stringify([
      provider,
      speed,
      shown.map((each) => [each.id, each.status, left(each, speed)]),
    ]);
    if (key === this.drawn || this.element.contains(document.activeElement)) return;
    this.drawn = key;
    fill(
      this.element,
      shown.map((each) => clip(each, speed)),
    );
  }
}

const left = ({ status, complete_in: rest }, speed) =>
  status === "complete" || status === "error" || rest === null
    ? null
    : Math.max(0, Math.ceil(rest / speed));

function origin({ source, continue_at: at }) {
  if (source) return `from ${clock(at)} of another`;
  return at === null ? "was there from the start" : `follows ${clock(at)} of audio`;
}

function clip(each, speed) {
  const wait = left(each, speed);
  return h(
    "li",
    { class: "clip" },
    h("span", { class: `status ${each.status}` }, each.status),
    h(
      "span",
      { class: "clip-words" },
      h("strong", {}, each.title),
      h(
        "small",
        {},
        [
          clock(each.duration),
          origin(each),
          wait === null ? null : `complete in ${wait} s`,
        ]
          .filter(Boolean)
          .join(" · "),
      ),
    ),
    each.audio_url &&
      each.status !== "error" &&
      iconButton("play", `Listen to ${isolated(each.title)}`, () => play(each.audio_url, each.title)),
    each.status === "complete" &&
      (each.source || each.continue_at === null) &&
      iconButton("plus", `Extend ${isolated(each.title)}`, () =>
        fillCommand("extend", { clip: each.id, provider: each.provider }),
      ),
  );
}
