// Things that pop up beside a button: menus and the emoji picker. One at a time; Escape, a press
// elsewhere or a choice closes it, and the focus goes back to where it came from.

import { h } from "./dom.js";

const EMOJI = [..."🔁⏩👍👎❤🔥🎵🎶🎧🎤🎸🥁🎹🎻✨🎉😀😂😍🤔😮😢😡👏🙏👀💯✅❌⏳⭐🌙"].filter(
  (each) => each.trim(),
);

let shown = null;

export function closePopup() {
  shown?.close();
}

/** Show `content` beside `anchor`, or at `point`: { x, y } in the window. */
export function popup(anchor, content, point) {
  closePopup();
  const box = h("div", { class: "popup" }, content);
  const layer = anchor.closest("dialog") ?? document.body;
  layer.append(box);
  const outside = (event) => {
    if (!box.contains(event.target) && !anchor.contains(event.target)) close();
  };
  const pressed = (event) => {
    if (event.key === "Escape") {
      event.stopPropagation();
      close();
    }
  };
  const close = () => {
    if (shown?.box !== box) return;
    shown = null;
    document.removeEventListener("pointerdown", outside, true);
    document.removeEventListener("keydown", pressed, true);
    if (box.contains(document.activeElement)) anchor.focus();
    box.remove();
    anchor.setAttribute("aria-expanded", "false");
  };
  document.addEventListener("pointerdown", outside, true);
  document.addEventListener("keydown", pressed, true);
  anchor.setAttribute("aria-expanded", "true");
  shown = { box, close };
  place(box, anchor, point);
  return box;
}

function place(box, anchor, point) {
  const { width, height } = box.getBoundingClientRect();
  const at = point ? new DOMRect(point.x, point.y, width, 0) : anchor.getBoundingClientRect();
  const gap = 6;
  const left = Math.min(Math.max(gap, at.right - width), innerWidth - width - gap);
  const below = at.bottom + gap + height < innerHeight;
  box.style.setProperty("left", `${Math.max(gap, left)}px`);
  box.style.setProperty(
    "top",
    `${below ? at.bottom + gap : Math.max(gap, at.top - height - gap)}px`,
  );
}

/** A menu of `entries`: { label, act, icon, danger } or { title }; arrow keys move, Enter chooses. */
export function menu(anchor, entries, point) {
  const items = entries.filter(Boolean).map((each) =>
    each.title
      ? h("div", { class: "menu-title", role: "presentation" }, each.title)
      : h(
          "button",
          {
            type: "button",
            role: "menuitem",
            tabindex: -1,
            class: each.danger ? "menu-item danger" : "menu-item",
            on: {
              click: () => {
                closePopup();
                each.act();
              },
            },
          },
          each.label,
          each.icon,
        ),
  );
  const list = h("div", { class: "menu", role: "menu" }, items);
  const box = popup(anchor, list, point);
  moveWithArrows(box, [...list.querySelectorAll("button")], 1);
}

/** The emoji picker; `chosen(emoji)` is called once. */
export function pickEmoji(anchor, chosen) {
  const choose = (emoji) => {
    closePopup();
    chosen(emoji);
  };
  const buttons = EMOJI.map((emoji) =>
    h(
      "button",
      {
        type: "button",
        class: "emoji-choice",
        tabindex: -1,
        "aria-label": emoji,
        on: { click: () => choose(emoji) },
      },
      emoji,
    ),
  );
  const other = h("input", {
    class: "emoji-other",
    placeholder: "or any other emoji",
    "aria-label": "Another emoji",
    maxlength: 16,
    on: {
      keydown: (event) => {
        if (event.key === "Enter" && other.value.trim()) choose(other.value.trim());
      },
    },
  });
  const box = popup(
    anchor,
    h(
      "div",
      { class: "emoji-picker", role: "dialog", "aria-label": "Choose an emoji" },
      h("div", { class: "emoji-grid" }, buttons),
      other,
    ),
  );
  moveWithArrows(box, buttons, 8);
}

function moveWithArrows(box, buttons, columns) {
  buttons[0]?.focus();
  box.addEventListener("keydown", (event) => {
    const step = { ArrowDown: columns, ArrowUp: -columns, ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step || event.target.tagName === "INPUT") return;
    event.preventDefault();
    const at = buttons.indexOf(document.activeElement);
    buttons[(at + step + buttons.length) % buttons.length].focus();
  });
}
