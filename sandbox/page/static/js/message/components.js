// What a message can be acted on with: buttons, selects, and the newer layout components.

import { act } from "../api.js";
import { h, icon } from "../dom.js";
import { dropdown } from "../dropdown.js";
import { anchor, markdown } from "../markdown/render.js";
import { openModal } from "../modal/modal.js";
import { store } from "../store.js";
import { picture } from "./embeds.js";

const ROW = 1,
  BUTTON = 2,
  SECTION = 9,
  TEXT = 10,
  THUMBNAIL = 11,
  GALLERY = 12,
  SEPARATOR = 14,
  CONTAINER = 17;
const SELECTS = new Set([3, 5, 6, 7, 8]);
const STYLES = {
  1: "primary",
  2: "secondary",
  3: "success",
  4: "danger",
  5: "link",
  6: "secondary",
};

/** Whether the components of `message` are dead: in locked threads they are, for everybody. */
export const isLocked = (message) => Boolean(store.channels.get(message.channel_id)?.locked);

/** Draw the components of `message`; `report` is given what the member reads when one fails. */
export function components(message, report) {
  return (message.components ?? []).map((each) => component(each, message, report));
}

function component(given, message, report) {
  const inner = () => (given.components ?? []).map((each) => component(each, message, report));
  if (given.type === ROW) return h("div", { class: "row" }, inner());
  if (given.type === BUTTON) return button(given, message, report);
  if (SELECTS.has(given.type)) return select(given, message, report);
  if (given.type === TEXT) return h("div", { class: "md" }, markdown(given.content));
  if (given.type === SEPARATOR) return h("hr", { class: given.divider === false ? "gap" : "" });
  if (given.type === GALLERY)
    return h(
      "div",
      { class: "gallery" },
      (given.items ?? []).map((each) => picture(each.media?.url, "picture", each.description)),
    );
  if (given.type === THUMBNAIL)
    return picture(given.media?.url, "embed-thumbnail", given.description);
  if (given.type === SECTION)
    return h(
      "div",
      { class: "section" },
      h("div", {}, inner()),
      component(given.accessory, message, report),
    );
  if (given.type === CONTAINER) {
    const bar = Number.isInteger(given.accent_color)
      ? `#${given.accent_color.toString(16).padStart(6, "0")}`
      : null;
    return h("div", { class: "embed container", style: bar ? { "--bar": bar } : {} }, inner());
  }
  return null;
}

function face(given) {
  return [
    given.emoji?.name && h("span", { class: "button-emoji" }, given.emoji.name),
    given.label && h("span", {}, given.label),
  ];
}

function button(given, message, report) {
  const style = STYLES[given.style] ?? "secondary";
  if (style === "link") {
    const props = {
      class: `button ${style}`,
      ...(given.disabled ? { "aria-disabled": "true", href: null } : {}),
    };
    return anchor(given.url, [face(given), icon("out")], props);
  }
  const made = h(
    "button",
    {
      type: "button",
      class: `button ${style}`,
      disabled: Boolean(given.disabled) || isLocked(message),
      data: { custom: given.custom_id },
    },
    face(given),
  );
  made.addEventListener("click", async () => {
    if (made.classList.contains("busy")) return;
    await use(made, message, report, () =>
      act("click", {
        channel: message.channel_id,
        message: message.id,
        custom_id: given.custom_id,
      }),
    );
  });
  return made;
}

function select(given, message, report) {
  const usable = { ...given, disabled: given.disabled || isLocked(message) };
  return dropdown(usable, {
    label: given.placeholder ?? "Make a selection",
    changed: (values, box) =>
      use(box, message, report, () =>
        act("select", {
          channel: message.channel_id,
          message: message.id,
          custom_id: given.custom_id,
          values,
        }),
      ),
  });
}

async function use(element, message, report, acting) {
  element.classList.add("busy");
  element.setAttribute("aria-busy", "true");
  report(null);
  const outcome = await acting();
  element.classList.remove("busy");
  element.removeAttribute("aria-busy");
  if (outcome.modal) openModal(outcome.modal);
  else if (outcome.failed || outcome.error) report(outcome.failed ?? outcome.error);
}
