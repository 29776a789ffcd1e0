// A select menu: a button that opens a list of options, one or several of which are chosen.

import { h, icon } from "./dom.js";
import { store } from "./store.js";

const USER = 5,
  ROLE = 6,
  MENTIONABLE = 7,
  CHANNEL = 8;
const GAP = 2; // pixels
let made = 0; // selects drawn so far; their lists need ids

/** The options of a select component, also of those that offer users, roles or channels. */
export function optionsOf(given) {
  const people = () =>
    [...store.members, store.bot].map((each) => ({ label: each.name, value: each.id }));
  const roles = () =>
    [...store.roles.values()].map((each) => ({
      label: each.name.startsWith("@") ? each.name : `@${each.name}`,
      value: each.id,
    }));
  switch (given.type) {
    case USER:
      return people();
    case ROLE:
      return roles();
    case MENTIONABLE:
      return [...people(), ...roles()];
    case CHANNEL:
      return [...store.channels.values()]
        .filter((each) => each.guild && (given.channel_types ?? [each.type]).includes(each.type))
        .map((each) => ({ label: `#${each.name}`, value: each.id }));
    default:
      return given.options ?? [];
  }
}

/** Draw a select; `changed(values, element)` is called when the member has chosen. */
export function dropdown(given, { label, changed }) {
  const options = optionsOf(given);
  const most = given.max_values ?? 1,
    least = given.min_values ?? 1;
  const defaults = new Set((given.default_values ?? []).map((each) => each.id));
  const isDefault = (each) => each.default || defaults.has(each.value);
  let chosen = options.filter(isDefault).map((each) => each.value);
  let before = [...chosen];
  let active = 0;

  const id = `select-${(made += 1)}`;
  const words = h("span", { class: "dropdown-words" });
  const head = h(
    "button",
    {
      type: "button",
      class: "dropdown-head",
      role: "combobox",
      "aria-haspopup": "listbox",
      "aria-expanded": "false",
      "aria-controls": id,
      "aria-label": label,
      disabled: Boolean(given.disabled),
    },
    words,
    icon("down"),
  );
  const list = h("ul", {
    id,
    class: "dropdown-list",
    role: "listbox",
    popover: "manual",
    "aria-label": label,
    "aria-multiselectable": most > 1 ? "true" : null,
  });
  const box = h("div", { class: "dropdown", data: { custom: given.custom_id ?? "" } }, head, list);

  const draw = () => {
    const names = options.filter((each) => chosen.includes(each.value)).map((each) => each.label);
    words.textContent = names.join(", ") || given.placeholder || "Make a selection";
    words.classList.toggle("empty", !names.length);
    [...list.children].forEach((item, index) => {
      item.setAttribute("aria-selected", String(chosen.includes(options[index].value)));
      item.classList.toggle("active", index === active);
    });
    if (isOpen()) head.setAttribute("aria-activedescendant", `${id}-${active}`);
    else head.removeAttribute("aria-activedescendant");
  };
  const isOpen = () => list.matches(":popover-open");
  const open = (wanted) => {
    if (wanted === isOpen()) return;
    list.togglePopover(wanted);
    head.setAttribute("aria-expanded", String(wanted));
    if (!wanted) head.removeAttribute("aria-activedescendant");
    if (wanted) {
      place(list, head);
      active = Math.max(
        0,
        options.findIndex((each) => chosen.includes(each.value)),
      );
      before = [...chosen];
      draw();
      list.children[active]?.scrollIntoView({ block: "nearest" });
    } else if (String(before) !== String(chosen)) {
      if (chosen.length < least && chosen.length) chosen = before;
      draw();
      changed(chosen, box);
    }
  };
  const pick = (index) => {
    const { value } = options[index];
    if (most === 1) chosen = chosen.includes(value) && least === 0 ? [] : [value];
    else if (chosen.includes(value)) chosen = chosen.filter((each) => each !== value);
    else if (chosen.length < most) chosen = [...chosen, value];
    draw();
    if (most === 1) open(false);
  };
  options.forEach((each, index) =>
    list.append(
      h(
        "li",
        {
          role: "option",
          id: `${id}-${index}`,
          on: {
            mousedown: (event) => {
              event.preventDefault();
              active = index;
              pick(index);
            },
          },
        },
        each.emoji?.name && h("span", { class: "button-emoji" }, each.emoji.name),
        h(
          "span",
          { class: "dropdown-option" },
          h("span", {}, each.label),
          each.description && h("small", {}, each.description),
        ),
        icon("check"),
      ),
    ),
  );

  head.addEventListener("click", () => open(!isOpen()));
  head.addEventListener("blur", () => open(false));
  document.addEventListener(
    "scroll",
    (event) => {
      if (!isOpen() || list.contains(event.target)) return;
      // new messages move it while one chooses
      if (isInView(head)) place(list, head);
      else open(false);
    },
    true,
  );
  head.addEventListener("keydown", (event) => {
    const moves = { ArrowDown: 1, ArrowUp: -1 };
    const ends = { Home: 0, End: options.length - 1 };
    if (event.key in ends && isOpen()) {
      event.preventDefault();
      active = ends[event.key];
      draw();
      list.children[active].scrollIntoView({ block: "nearest" });
    } else if (event.key in moves) {
      event.preventDefault();
      if (!isOpen()) return open(true);
      active = (active + moves[event.key] + options.length) % options.length;
      draw();
      list.children[active].scrollIntoView({ block: "nearest" });
    } else if (["Enter", " "].includes(event.key) && isOpen()) {
      event.preventDefault();
      pick(active);
    } else if (event.key === "Escape" && isOpen()) {
      event.preventDefault();
      event.stopPropagation();
      chosen = before;
      open(false);
    }
  });
  draw();
  box.values = () => chosen;
  // what is needed to go on in another select that takes its place
  box.activeValue = () => (isOpen() ? options[active]?.value : undefined);
  box.goOn = (value) => {
    head.focus();
    const index = options.findIndex((each) => each.value === value);
    if (index < 0) return;
    open(true);
    active = index;
    draw();
  };
  return box;
}

function isInView(element) {
  const { top, bottom } = element.getBoundingClientRect();
  return bottom > 0 && top < innerHeight;
}

/** Below its button, or above it where there is more room; it floats over everything. */
function place(list, head) {
  const at = head.getBoundingClientRect();
  const below = innerHeight - at.bottom,
    above = at.top;
  const up = below < list.offsetHeight + GAP && above > below;
  list.style.setProperty("left", `${at.left}px`);
  list.style.setProperty("width", `${at.width}px`);
  list.style.setProperty("top", up ? "auto" : `${at.bottom + GAP}px`);
  list.style.setProperty("bottom", up ? `${innerHeight - at.top + GAP}px` : "auto");
}
