// A command that is being written: its name, a box for each option, and a place to add more.

import { upload } from "../api.js";
import { h, toast } from "../dom.js";
import { KIND } from "./options.js";
import { Pill } from "./pill.js";

export class CommandLine {
  /** `leave(text)` goes back to plain writing, `send(options)` is called with what was typed. */
  constructor(command, { suggestions, leave, send }) {
    Object.assign(this, { command, suggestions, leave, send });
    this.pills = [];
    this.rest = h("input", {
      class: "command-rest",
      "aria-label": `More options of /${command.path}`,
      autocomplete: "off",
      spellcheck: "false",
    });
    this.element = h(
      "div",
      { class: "command-line", role: "group", "aria-label": `Command /${command.path}` },
      h("span", { class: "command-name" }, `/${command.path}`),
      this.rest,
    );
    this.rest.addEventListener("focus", () => this.offerOptions());
    this.rest.addEventListener("input", () => this.typedRest());
    this.rest.addEventListener("keydown", (event) => this.keyInRest(event));
    this.rest.addEventListener("blur", (event) => this.suggestions.leave(event));
    this.element.addEventListener("mousedown", (event) => {
      if (event.target === this.element) {
        event.preventDefault();
        this.rest.focus();
      }
    });
    command.options.filter((each) => each.required).forEach((each) => this.add(each));
  }

  get left() {
    return this.command.options.filter((each) => !this.pills.some((pill) => pill.option === each));
  }

  /** Add an option's box, with `text` in it; one that is there already is filled. */
  add(option, text = "") {
    let pill = this.pills.find((each) => each.option === option);
    if (!pill) {
      pill = new Pill(option, this);
      this.pills.push(pill);
      this.rest.before(pill.element);
      if (option.type === KIND.attachment)
        pill.input.addEventListener("change", () => this.attach(pill));
    }
    if (text) pill.fill(text);
    this.drawRest();
    return pill;
  }

  remove(pill) {
    const at = this.pills.indexOf(pill);
    this.pills.splice(at, 1);
    pill.element.remove();
    this.drawRest();
    (this.pills[at - 1]?.input ?? this.rest).focus();
  }

  /** Go to the first box that still needs something, or to the end. */
  focus() {
    const open = this.pills.find((each) => each.option.required && !each.text);
    (open?.input ?? this.rest).focus();
  }

  next(pill) {
    const after = this.pills[this.pills.indexOf(pill) + 1];
    (after?.input ?? this.rest).focus();
  }

  async attach(pill) {
    const [file] = pill.input.files;
    if (!file) return;
    const kept = await upload(file);
    if (kept.error) toast(kept.error);
    else pill.choose({ name: file.name, value: kept.upload });
  }

  drawRest() {
    const { length } = this.left;
    this.rest.placeholder = length ? `+${length} optional` : "";
  }

  offerOptions() {
    const typed = this.rest.value.trim().toLowerCase();
    const fitting = this.left.filter((each) => each.name.startsWith(typed));
    this.suggestions.show(this.rest, {
      head: fitting.length
        ? "Options. Enter uses the command."
        : h("span", {}, h("strong", {}, `/${this.command.path}`), ` ${this.command.description}`),
      active: typed ? 0 : -1,
      items: fitting.map((each) => ({
        label: each.name,
        description: each.description,
        aside: each.required ? "required" : null,
        pick: () => this.pickOption(each),
      })),
    });
  }

  pickOption(option, text = "") {
    this.rest.value = "";
    this.add(option, text).input.focus();
  }

  typedRest() {
    const [, name, text] = /^\s*(\w+):(.*)$/s.exec(this.rest.value) ?? [];
    const option = this.left.find((each) => each.name === name);
    if (option) this.pickOption(option, text.trim());
    else this.offerOptions();
  }

  keyInRest(event) {
    if (this.suggestions.handle(event)) return;
    if (event.key === "Backspace" && !this.rest.value) {
      event.preventDefault();
      const last = this.pills.at(-1);
      if (last) last.input.focus();
      else this.leave("");
    } else {
      this.key(event);
    }
  }

  /** Keys that mean the same everywhere on the line. */
  key(event) {
    if (event.key === "Enter" && !event.isComposing) {
      event.preventDefault();
      this.submit();
    } else if (event.key === "Escape") {
      event.preventDefault();
      event.stopPropagation();
      if (this.suggestions.items.length) this.suggestions.hide();
      else this.leave("");
    }
  }

  submit() {
    const values = {};
    for (const pill of this.pills) {
      const { value, problem } = pill.read();
      const missing = value === undefined && pill.option.required;
      if (problem || missing) {
        pill.complain(problem ?? "This option is required. Specify a value.");
        return;
      }
      if (value !== undefined) values[pill.option.name] = value;
    }
    this.suggestions.hide();
    this.send(values);
  }

  /** What has been typed so far, for autocompletion: values by name. */
  typed() {
    return Object.fromEntries(
      this.pills
        .map((each) => [each.option.name, each.read().value])
        .filter(([, value]) => value !== undefined),
    );
  }
}
