// Embeds: a coloured bar, title, description, fields, thumbnail, picture, footer.

import { h, webAddress } from "../dom.js";
import { anchor, inlineMarkdown, markdown } from "../markdown/render.js";
import { written } from "../times.js";

const MOST_BESIDE = 3;

export function embed(given) {
  const colour = Number.isInteger(given.color)
    ? `#${given.color.toString(16).padStart(6, "0")}`
    : null;
  return h(
    "article",
    { class: "embed", style: colour ? { "--bar": colour } : {} },
    h(
      "div",
      { class: "embed-grid" },
      h(
        "div",
        { class: "embed-words" },
        given.provider?.name && h("div", { class: "embed-provider" }, given.provider.name),
        given.author?.name && author(given.author),
        given.title &&
          h(
            "div",
            { class: "embed-title" },
            given.url && webAddress(given.url)
              ? anchor(given.url, inlineMarkdown(given.title))
              : inlineMarkdown(given.title),
          ),
        given.description &&
          h("div", { class: "embed-description md" }, markdown(given.description)),
        given.fields?.length ? h("div", { class: "embed-fields" }, fields(given.fields)) : null,
      ),
      given.thumbnail?.url && picture(given.thumbnail.url, "embed-thumbnail"),
    ),
    given.image?.url && picture(given.image.url, "embed-image", given.image.description),
    (given.footer?.text || given.timestamp) && footer(given),
  );
}

function author(given) {
  return h(
    "div",
    { class: "embed-author" },
    given.icon_url && h("img", { src: given.icon_url, alt: "" }),
    given.url && webAddress(given.url) ? anchor(given.url, given.name) : given.name,
  );
}

/** Up to three inline fields stand beside each other; any other has a row of its own. */
function fields(given) {
  const rows = [];
  for (const field of given) {
    const row = rows.at(-1);
    if (field.inline && row?.inline && row.fields.length < MOST_BESIDE) row.fields.push(field);
    else rows.push({ inline: field.inline, fields: [field] });
  }
  return rows.map((row) =>
    h(
      "div",
      { class: `embed-row of-${row.fields.length}` },
      row.fields.map((field) =>
        h(
          "div",
          { class: "embed-field" },
          h("div", { class: "embed-field-name" }, inlineMarkdown(field.name)),
          h("div", { class: "embed-field-value md" }, markdown(field.value)),
        ),
      ),
    ),
  );
}

function footer(given) {
  const when = given.timestamp ? written(new Date(given.timestamp)) : null;
  return h(
    "footer",
    { class: "embed-footer" },
    given.footer?.icon_url && h("img", { src: given.footer.icon_url, alt: "" }),
    [given.footer?.text, when].filter(Boolean).join(" • "),
  );
}

/** A picture that opens in a tab of its own; one that can't be loaded leaves no hole. */
export function picture(url, kind, words = "") {
  const shown = h("img", { src: url, alt: words, loading: "lazy" });
  const link = h(
    "a",
    {
      class: kind,
      href: url,
      target: "_blank",
      rel: "noopener noreferrer",
      "aria-label": words || "Open the picture",
    },
    shown,
  );
  shown.addEventListener("error", () => {
    link.hidden = true;
  });
  return link;
}
