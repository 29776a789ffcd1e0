// Builds elements. What members and bots wrote only ever becomes text nodes and attributes of
// known names, never HTML; addresses that are not http or https are dropped.

const PROPERTIES = new Set([
  "value",
  "checked",
  "disabled",
  "hidden",
  "selected",
  "indeterminate",
  "htmlFor",
]);
const ADDRESSES = new Set(["href", "src"]);
const SVG = "http://www.w3.org/2000/svg";

export function h(tag, props, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) set(made, name, value);
  append(made, children);
  return made;
}

export function append(parent, children) {
  for (const child of children) {
    if (Array.isArray(child)) append(parent, child);
    else if (child !== null && child !== undefined && child !== false) parent.append(child);
  }
}

export function fill(parent, ...children) {
  parent.replaceChildren();
  append(parent, children);
  return parent;
}

function set(made, name, value) {
  if (value === null || value === undefined || value === false) {
    if (PROPERTIES.has(name)) made[name] = false;
  } else if (name === "on") {
    for (const [event, heard] of Object.entries(value)) made.addEventListener(event, heard);
  } else if (name === "data") {
    Object.assign(made.dataset, value);
  } else if (name === "style") {
    for (const [key, style] of Object.entries(value)) made.style.setProperty(key, style);
  } else if (PROPERTIES.has(name)) {
    made[name] = value;
  } else if (ADDRESSES.has(name)) {
    const url = webAddress(value);
    if (url) made.setAttribute(name, url);
  } else {
    made.setAttribute(name, value === true ? "" : value);
  }
}

/** The address if a browser may follow it, else null. */
export function webAddress(url) {
  try {
    return ["http:", "https:", "blob:"].includes(new URL(url).protocol) ? url : null;
  } catch {
    return null;
  }
}

const ICONS = {
  hash: "M9 4 7 20M17 4l-2 16M4 9h17M3 15h17",
  thread: "M5 5h14v10H11l-4 4v-4H5z",
  menu: "M4 7h16M4 12h16M4 17h16",
  plus: "M12 5v14M5 12h14",
  close: "M6 6l12 12M18 6 6 18",
  more: "M5 12h.01M12 12h.01M19 12h.01",
  send: "M3 11.5 21 4l-6 17-4-7.5zM11 13.5 21 4",
  reply: "M9 6 4 11l5 5M4 11h9c4 0 7 2 7 7",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8.5 14c2 2.6 5 2.6 7 0M9 9.5h.01M15 9.5h.01",
  play: "M8 5v14l11-7z",
  pause: "M8 5v14M16 5v14",
  volume: "M4 9v6h4l5 4V5L8 9zM16.5 9a4 4 0 0 1 0 6",
  mute: "M4 9v6h4l5 4V5L8 9zM17 9.5l5 5M22 9.5l-5 5",
  download: "M12 4v11M7 11l5 5 5-5M5 20h14",
  out: "M14 5h5v5M19 5l-9 9M17 14v5H5V7h5",
  moon: "M20 14.5A8.5 8.5 0 1 1 9.5 4a7 7 0 0 0 10.5 10.5z",
  sun: "M12 17a5 5 0 1 0 0-10 5 5 0 0 0 0 10zM12 1.5v2M12 20.5v2M1.5 12h2M20.5 12h2M4.6 4.6 6 6M18 18l1.4 1.4M4.6 19.4 6 18M18 6l1.4-1.4",
  people:
    "M9 11a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM2 20c0-4 3-6 7-6s7 2 7 6M16 4a4 4 0 0 1 0 7M18 14.5c2.5.7 4 2.5 4 5.5",
  panel: "M3 5h18v12H3zM8 21h8M12 17v4M7 11l2.5 2L13 8.5l2 3 2-1.5",
  file: "M6 3h8l5 5v13H6zM14 3v5h5",
  swap: "M7 7h12l-3-3M17 17H5l3 3",
  eye: "M2 12s4-7 10-7 10 7 10 7-4 7-10 7S2 12 2 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z",
  check: "M5 12.5l4.5 4.5L19 7.5",
  back: "M15 5l-7 7 7 7",
  down: "M6 9l6 6 6-6",
  edit: "M4 20h4L19 9l-4-4L4 16z",
  bolt: "M13 3 5 14h6l-1 7 8-11h-6z",
};

/** A drawn icon, invisible to screen readers. */
export function icon(name) {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.classList.add("icon", `icon-${name}`);
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

/** A button with an icon and a name for those who can't see it. */
export function iconButton(name, label, press, props = {}) {
  return h(
    "button",
    {
      type: "button",
      class: "icon-button",
      "aria-label": label,
      title: label,
      on: { click: press },
      ...props,
    },
    icon(name),
  );
}

const RIGHT_TO_LEFT = /[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]/;

/** A name that is to be joined with other words: written from right to left, it would reorder them
 * without the marks FIRST STRONG ISOLATE and POP DIRECTIONAL ISOLATE. */
export const isolated = (name) => (RIGHT_TO_LEFT.test(name) ? `\u2068${name}\u2069` : name);

const COLOURS = ["#5865f2", "#3ba55c", "#eb459e", "#faa61a", "#ed4245", "#747f8d"];

/** The round picture of a user: the bot's mark, or an initial on a colour. */
export function avatar(user, size = "") {
  if (user?.bot) return h("span", { class: `avatar bot ${size}`, "aria-hidden": "true" });
  const name = user?.name ?? "?";
  const colour =
    COLOURS[[...name].reduce((sum, letter) => sum + letter.codePointAt(0), 2) % COLOURS.length];
  return h(
    "span",
    { class: `avatar ${size}`, style: { "background-color": colour }, "aria-hidden": "true" },
    [...name][0] ?? "?",
  );
}

export function toast(text) {
  const made = h("div", { class: "toast" }, text);
  document.getElementById("toasts").append(made);
  setTimeout(() => made.remove(), 5000);
}
