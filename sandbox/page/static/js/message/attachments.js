// Files of a message: audio with a player, pictures, and the rest as a line to download.

import { h, icon, isolated } from "../dom.js";
import { player } from "../player.js";
import { picture } from "./embeds.js";

// the ending and a short last word, such as " (A).mp3": they tell files of one title apart
const TAIL = /(\s\S{1,6})?\.\w{1,5}$/;

/** What a file was called by who sent it; its link has plain letters only. */
export function fileName({ filename, title }) {
  const ending = /\.[^.]*$/.exec(filename)?.[0] ?? "";
  return title ? title + ending : filename;
}

export function attachment(given) {
  const kind = given.content_type ?? "";
  if (kind.startsWith("audio/")) {
    return h(
      "div",
      { class: "file audio" },
      title(given),
      player(given.url, fileName(given), { aside: [download(given)] }),
    );
  }
  if (kind.startsWith("image/"))
    return picture(given.url, "picture", given.description ?? fileName(given));
  return h("div", { class: "file" }, title(given), download(given));
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000
    ? `${(bytes / 1000).toFixed(2)} KB`
    : `${(bytes / 1_000_000).toFixed(2)} MB`;
}

function title(given) {
  const name = fileName(given);
  const tail = TAIL.exec(name)?.[0] ?? "";
  const stem = name.slice(0, name.length - tail.length);
  return h(
    "div",
    { class: "file-title" },
    icon("file"),
    h(
      "div",
      { class: "file-words" },
      h(
        "a",
        {
          class: "file-name",
          href: given.url,
          target: "_blank",
          rel: "noopener noreferrer",
          title: name,
          dir: "auto",
        },
        h("span", { class: "file-stem" }, stem),
        h("span", { class: "file-tail" }, tail),
      ),
      h("div", { class: "file-size" }, size(given.size)),
    ),
  );
}

const download = (given) =>
  h(
    "a",
    {
      class: "icon-button",
      href: given.url,
      download: fileName(given),
      target: "_blank",
      rel: "noopener noreferrer",
      "aria-label": `Download ${isolated(fileName(given))}`,
      title: "Download",
    },
    icon("download"),
  );
