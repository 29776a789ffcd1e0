// Files of a message: audio with a player, pictures, and the rest as a line to download.

import { h, icon } from "../dom.js";
import { player } from "../player.js";
import { picture } from "./embeds.js";

export function attachment(given) {
  const kind = given.content_type ?? "";
  if (kind.startsWith("audio/")) {
    return h(
      "div",
      { class: "file audio" },
      title(given),
      player(given.url, given.filename, { aside: [download(given)] }),
    );
  }
  if (kind.startsWith("image/"))
    return picture(given.url, "picture", given.description ?? given.filename);
  return h("div", { class: "file" }, title(given), download(given));
}

export function size(bytes) {
  if (bytes < 1000) return `${bytes} bytes`;
  return bytes < 1_000_000
    ? `${(bytes / 1000).toFixed(2)} KB`
    : `${(bytes / 1_000_000).toFixed(2)} MB`;
}

function title(given) {
  return h(
    "div",
    { class: "file-title" },
    icon("file"),
    h(
      "div",
      { class: "file-words" },
      h(
        "a",
        { class: "file-name", href: given.url, target: "_blank", rel: "noopener noreferrer" },
        given.filename,
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
      download: given.filename,
      target: "_blank",
      rel: "noopener noreferrer",
      "aria-label": `Download ${given.filename}`,
      title: "Download",
    },
    icon("download"),
  );
