// Draws the tree of a text as elements: names for mentions, ticking times, spoilers to uncover.

import { h } from "../dom.js";
import { navigate, store } from "../store.js";
import { moment, wholeMoment } from "../times.js";
import { play, isPlayable } from "../dock.js";
import { blocks } from "./blocks.js";
import { inlineNodes } from "./inline.js";

/** A whole text. */
export function markdown(source) {
  return blocks(source).map(block);
}

/** One line, without lists and quotes: titles, names of fields. */
export function inlineMarkdown(source) {
  return inlineNodes(source).map(node);
}

/** A text in plain words, for previews and screen readers. */
export function plain(source) {
  const words = (nodes) => nodes.map((each) => node(each).textContent).join("");
  return words(inlineNodes(source.replace(/\s+/g, " ")));
}

function block(each) {
  switch (each.kind) {
    case "code":
      return h("pre", {}, h("code", {}, each.text));
    case "quote":
      return h("blockquote", {}, each.inside.map(block));
    case "heading":
      return h(`h${each.level + 2}`, { class: `h${each.level}` }, each.inside.map(node));
    case "small":
      return h("div", { class: "small" }, each.inside.map(node));
    case "list":
      return list(each);
    default:
      return h("div", { class: "lines" }, each.inside.map(node));
  }
}

function list(each) {
  const items = each.items.map((one) => h("li", {}, one.inside.map(node), one.lists.map(list)));
  return each.start === null ? h("ul", {}, items) : h("ol", { start: each.start }, items);
}

function node(each) {
  const inside = () => each.inside.map(node);
  switch (each.kind) {
    case "text":
      return document.createTextNode(each.text);
    case "strong":
      return h("strong", {}, inside());
    case "emphasis":
      return h("em", {}, inside());
    case "underline":
      return h("u", {}, inside());
    case "strike":
      return h("s", {}, inside());
    case "code":
      return h("code", { class: "inline" }, each.text);
    case "spoiler":
      return spoiler(inside());
    case "link":
      return anchor(each.url, inside());
    case "time":
      return h(
        "time",
        {
          class: "moment",
          datetime: isoOf(each.unix),
          title: wholeMoment(each.unix),
          data: { unix: each.unix, style: each.style },
        },
        moment(each.unix, each.style),
      );
    case "user":
      return mention(
        `@${store.users.get(each.id)?.name ?? "unknown-user"}`,
        each.id === store.member,
      );
    case "role":
      return mention(`@${store.roles.get(each.id)?.name ?? "unknown-role"}`);
    case "everyone":
      return mention(each.text);
    case "command":
      return mention(`/${each.name}`);
    case "channel":
      return channel(each.id);
    default:
      return document.createTextNode("");
  }
}

/** A link; audio of the sandbox plays on the page, its channels and messages are gone to. */
export function anchor(url, inside, props = {}) {
  const follow = (event) => {
    if (event.button !== 0 || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const place = messagePlace(url);
    if (place) {
      event.preventDefault();
      document.dispatchEvent(new CustomEvent("jump", { detail: place }));
    } else if (isPlayable(url)) {
      event.preventDefault();
      play(url, titleOf(event.currentTarget));
    }
  };
  return h(
    "a",
    {
      href: url,
      target: "_blank",
      rel: "noopener noreferrer",
      title: url,
      on: { click: follow },
      ...props,
    },
    inside,
  );
}

/** What to call the audio behind a link: the title of its message, and the link's own words. */
function titleOf(link) {
  const title = link.closest(".message")?.querySelector(".embed-title")?.textContent ?? "";
  const words = [title, link.textContent].map((each) =>
    each.replace(/^[^\p{L}\p{N}]+/u, "").trim(),
  );
  return words.filter(Boolean).join(" · ");
}

function messagePlace(url) {
  const found =
    /^https:\/\/(?:\w+\.)?discord(?:app)?\.com\/channels\/(?:\d+|@me)\/(\d+)(?:\/(\d+))?$/.exec(url);
  return found && store.channels.has(found[1]) ? { channel: found[1], message: found[2] } : null;
}

function channel(id) {
  const found = store.channels.get(id);
  if (!found) return mention("#unknown");
  return h(
    "button",
    { type: "button", class: "mention", on: { click: () => navigate({ channel: id }) } },
    `#${found.name}`,
  );
}

const mention = (words, own) => h("span", { class: own ? "mention own" : "mention" }, words);

function spoiler(inside) {
  const uncover = (event) => {
    const covered = event.currentTarget;
    if (event.type === "keydown" && !["Enter", " "].includes(event.key)) return;
    event.preventDefault();
    covered.classList.add("seen");
    covered.removeAttribute("role");
    covered.removeAttribute("tabindex");
    covered.removeAttribute("aria-label");
  };
  return h(
    "span",
    {
      class: "spoiler",
      role: "button",
      tabindex: 0,
      "aria-label": "Spoiler, press to uncover",
      on: { click: uncover, keydown: uncover },
    },
    h("span", {}, inside),
  );
}

function isoOf(unix) {
  const date = new Date(unix * 1000);
  return Number.isNaN(date.getTime()) ? null : date.toISOString();
}
