// The list above the message box: commands, options, choices. The input that it belongs to keeps
// the focus, unless one goes into the list to scroll it; a screen reader follows by
// aria-activedescendant.

import { fill, h } from "../dom.js";

export class Suggestions {
  constructor() {
    this.head = h("div", { class: "suggest-head" });
    this.list = h("ul", {
      class: "suggest-list",
      role: "listbox",
      id: "suggestions",
      "aria-label": "Suggestions",
      tabindex: 0,
      on: {
        keydown: (event) => {
          if (event.key === "Escape") this.input.focus();
          else this.handle(event);
        },
        blur: (event) => {
          if (event.relatedTarget !== this.input) this.hide();
        },
      },
    });
    this.element = h("div", { class: "suggest", hidden: true }, this.head, this.list);
    this.items = [];
    this.active = -1;
    this.input = null;
  }

  get isOpen() {
    return !this.element.hidden;
  }

  /** Show `items` ({ label, description, aside, mark, pick }) for `input`, with `head` above them. */
  show(input, { head = null, items = [], active = items.length ? 0 : -1, empty = null }) {
    if (this.input !== input) this.forget();
    this.input = input;
    this.items = items;
    fill(this.head, head);
    this.head.hidden = !head;
    fill(
      this.list,
      items.map((each, index) => this.item(each, index)),
      !items.length && empty && h("li", { class: "suggest-empty" }, empty),
    );
    this.element.hidden = !head && !items.length && !empty;
    input.setAttribute("aria-controls", "suggestions");
    input.setAttribute("aria-autocomplete", "list");
    // a field of several lines may not be a combobox
    if (input.tagName !== "TEXTAREA") {
      input.setAttribute("role", "combobox");
      input.setAttribute("aria-expanded", String(items.length > 0));
    }
    this.highlight(active);
  }

  hide() {
    this.forget();
    this.items = [];
    this.active = -1;
    this.element.hidden = true;
  }

  /** Hide the list when its input loses the focus, unless to the list itself. */
  leave(event) {
    if (!this.element.contains(event.relatedTarget)) this.hide();
  }

  /** Act on a key; true if it was meant for the list. */
  handle(event) {
    if (!this.isOpen || !this.items.length || event.isComposing) return false;
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      const { length } = this.items;
      this.highlight(
        this.active < 0 ? (step > 0 ? 0 : length - 1) : (this.active + step + length) % length,
      );
    } else if (["Enter", "Tab"].includes(event.key) && !event.shiftKey && this.active >= 0) {
      this.items[this.active].pick();
    } else {
      return false;
    }
    event.preventDefault();
    return true;
  }

  item(each, index) {
    const press = (event) => {
      event.preventDefault();
      each.pick();
    };
    return h(
      "li",
      {
        role: "option",
        id: `suggestion-${index}`,
        on: { mousedown: press, mousemove: () => this.highlight(index) },
      },
      each.mark && h("span", { class: "suggest-mark" }, each.mark),
      h(
        "span",
        { class: "suggest-words" },
        h("span", { class: "suggest-label" }, each.label),
        each.description && h("small", {}, each.description),
      ),
      each.aside && h("span", { class: "suggest-aside" }, each.aside),
    );
  }

  highlight(index) {
    this.active = index;
    [...this.list.children].forEach((item, at) =>
      item.setAttribute("aria-selected", String(at === index)),
    );
    if (index >= 0) {
      for (const each of [this.input, this.list])
        each.setAttribute("aria-activedescendant", `suggestion-${index}`);
      this.list.children[index].scrollIntoView({ block: "nearest" });
    } else {
      this.input?.removeAttribute("aria-activedescendant");
    }
  }

  forget() {
    if (this.input?.hasAttribute("aria-expanded")) this.input.setAttribute("aria-expanded", "false");
    this.input?.removeAttribute("aria-activedescendant");
    this.input = null;
  }
}
