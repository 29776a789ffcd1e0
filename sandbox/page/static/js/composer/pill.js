// The box of one option: its name, what is typed into it, and what may be typed. Completions are
// asked of the bot a moment after the last key; an answer that comes too late is not shown.

import { act } from "../api.js";
import { h } from "../dom.js";
import { isListed, kindName, KIND, offered, read } from "./options.js";

const PAUSE = 120; // milliseconds
const NARROW = 3,
  WIDE = 36; // characters

export class Pill {
  constructor(option, line) {
    this.option = option;
    this.line = line;
    this.chosen = null; // { name, value } that was picked from a list
    this.asked = 0;
    this.listed = []; // what is offered now
    this.problem = null; // what is wrong with it, until something else is typed
    const kind = option.type === KIND.attachment ? "file" : "text";
    this.input = h("input", {
      class: "pill-input",
      type: kind,
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": `${option.name}${option.required ? ", required" : ""}: ${option.description}`,
    });
    this.element = h(
      "span",
      { class: "pill", data: { option: option.name } },
      h("span", { class: "pill-name", "aria-hidden": "true" }, option.name),
      this.input,
    );
    this.input.addEventListener("focus", () => this.offer());
    this.input.addEventListener("blur", (event) => this.left(event));
    if (kind === "text") this.input.addEventListener("input", () => this.typed());
    this.input.addEventListener("keydown", (event) => this.key(event));
    this.element.addEventListener("mousedown", (event) => {
      if (event.target !== this.input) {
        event.preventDefault();
        this.input.focus();
      }
    });
    this.fit();
  }

  get text() {
    return this.chosen?.name ?? (this.option.type === KIND.attachment ? "" : this.input.value);
  }

  fill(text) {
    this.chosen = null;
    this.input.value = text;
    this.fit();
  }

  read() {
    return this.chosen ? { value: this.chosen.value } : read(this.option, this.text);
  }

  choose(choice) {
    this.chosen = choice;
    if (this.option.type !== KIND.attachment) this.input.value = choice.name;
    this.fit();
    this.line.next(this);
  }

  complain(problem) {
    this.problem = problem;
    this.element.classList.add("wrong");
    this.input.setAttribute("aria-invalid", "true");
    this.input.focus();
    this.navigate({ items: this.line.suggestions.input === this.input ? this.listed : [] });
  }

  typed() {
    this.chosen = null;
    this.problem = null;
    this.element.classList.remove("wrong");
    this.input.removeAttribute("aria-invalid");
    this.fit();
    this.offer();
  }

  left(event) {
    this.asked += 1;
    this.line.suggestions.leave(event);
    this.element.classList.toggle("wrong", Boolean(this.read().problem));
  }

  key(event) {
    if (this.line.suggestions.handle(event)) return;
    if (event.key === "Backspace" && !this.text) {
      event.preventDefault();
      if (!this.option.required) this.line.remove(this);
      else if (this.line.pills.every((each) => !each.text)) this.line.leave("");
    } else {
      this.line.key(event);
    }
  }

  fit() {
    const length = Math.min(Math.max(this.input.value.length + 1, NARROW), WIDE);
    if (this.option.type !== KIND.attachment) this.input.style.setProperty("width", `${length}ch`);
    this.element.classList.toggle("filled", Boolean(this.text));
  }

  /** Offer what the option lists, or what the bot completes. */
  offer() {
    const typed = this.chosen ? "" : this.input.value.trim().toLowerCase();
    if (isListed(this.option)) {
      this.navigate({
        items: offered(this.option).filter((each) => each.name.toLowerCase().includes(typed)),
        empty: "No options match your search.",
      });
    } else if (this.option.autocomplete) {
      this.complete();
    } else {
      this.navigate({ items: [] });
    }
  }

  async complete() {
    this.asked += 1;
    const asked = this.asked;
    const { suggestions } = this.line;
    if (suggestions.input !== this.input) this.navigate({ items: [] });
    await new Promise((done) => {
      setTimeout(done, PAUSE);
    });
    if (asked !== this.asked) return;
    const value = this.chosen?.value ?? this.input.value;
    const options = { ...this.line.typed(), [this.option.name]: value };
    const { choices, error } = await act("autocomplete", {
      name: this.line.command.path,
      focused: this.option.name,
      options,
    });
    if (asked !== this.asked) return;
    this.navigate({
      items: choices ?? [],
      empty: error ?? (this.input.value ? "No options match your search." : null),
    });
  }

  navigate({ items, empty = null }) {
    const { suggestions } = this.line;
    const { problem } = this;
    this.listed = items;
    const { name, description } = this.option;
    suggestions.show(this.input, {
      head: problem
        ? h("span", { class: "suggest-problem", role: "alert" }, problem)
        : h(
            "span",
            {},
            h("strong", {}, name),
            ` ${description} `,
            h("small", {}, `(${kindName(this.option)})`),
          ),
      active: items.length && this.input.value && !this.chosen ? 0 : -1,
      items: items.map((each) => ({ label: each.name, pick: () => this.choose(each) })),
      empty,
    });
  }
}
