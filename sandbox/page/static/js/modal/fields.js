// The inputs of a modal. Each is { element, value(), problem() }: what is drawn, what is sent, and
// a sentence where the member still has to do something (or null).

import { upload } from "../api.js";
import { h, icon } from "../dom.js";
import { dropdown } from "../dropdown.js";
import { size } from "../message/attachments.js";

const TEXT_INPUT = 4,
  FILE_UPLOAD = 19,
  RADIO_GROUP = 21,
  CHECKBOX_GROUP = 22,
  CHECKBOX = 23;
const PARAGRAPH = 2,
  LONGEST = 4000;
const REQUIRED = "This field is required.";

export function field(given, id, described) {
  const common = { id, "aria-describedby": described };
  switch (given.type) {
    case TEXT_INPUT:
      return textInput(given, common);
    case FILE_UPLOAD:
      return fileUpload(given, common);
    case CHECKBOX:
      return checkbox(given, common);
    case CHECKBOX_GROUP:
      return group(given, "checkbox", common);
    case RADIO_GROUP:
      return group(given, "radio", common);
    default:
      return select(given, common);
  }
}

const isRequired = (given) => given.required ?? true;

function textInput(given, common) {
  const most = given.max_length ?? LONGEST;
  const long = given.style === PARAGRAPH;
  const input = h(long ? "textarea" : "input", {
    ...common,
    class: "field-text",
    placeholder: given.placeholder ?? "",
    maxlength: most,
    value: given.value ?? "",
    required: isRequired(given),
    autocomplete: "off",
    ...(long ? { rows: 6 } : { type: "text" }),
    data: { custom: given.custom_id },
  });
  const counter = h("span", { class: "counter", "aria-hidden": "true" });
  const count = () => {
    const left = most - input.value.length;
    counter.textContent = String(left);
    counter.classList.toggle("few", left < Math.min(20, most / 10));
  };
  input.addEventListener("input", count);
  count();
  const problem = () => {
    const { length } = input.value;
    if (!length) return isRequired(given) ? REQUIRED : null;
    const least = given.min_length ?? 0;
    return length < least ? `Must be at least ${least} characters long.` : null;
  };
  return {
    element: h("div", { class: long ? "field-box long" : "field-box" }, input, counter),
    value: () => input.value,
    problem,
    focus: () => input.focus(),
  };
}

function select(given, common) {
  let values = null;
  const box = dropdown(given, {
    label: given.placeholder ?? "Make a selection",
    changed: (chosen) => {
      values = chosen;
    },
  });
  const head = box.querySelector("button");
  head.id = common.id;
  if (common["aria-describedby"]) head.setAttribute("aria-describedby", common["aria-describedby"]);
  const chosen = () => values ?? box.values();
  const least = given.min_values ?? 1;
  const problem = () => {
    if (!chosen().length) return isRequired(given) && least > 0 ? REQUIRED : null;
    return chosen().length < least ? `Choose at least ${least}.` : null;
  };
  return { element: box, value: () => chosen(), problem, focus: () => head.focus() };
}

function checkbox(given, common) {
  const input = h("input", {
    ...common,
    type: "checkbox",
    checked: Boolean(given.default),
    data: { custom: given.custom_id },
  });
  return {
    element: h(
      "label",
      { class: "choice alone" },
      input,
      h("span", { class: "choice-box" }, icon("check")),
    ),
    value: () => input.checked,
    problem: () => null,
    focus: () => input.focus(),
  };
}

function group(given, kind, common) {
  const inputs = (given.options ?? []).map((each) =>
    h("input", { type: kind, name: common.id, value: each.value, checked: Boolean(each.default) }),
  );
  const most = kind === "radio" ? 1 : (given.max_values ?? inputs.length);
  const least = given.min_values ?? 1;
  const chosen = () => inputs.filter((each) => each.checked).map((each) => each.value);
  const limit = () =>
    inputs.forEach((each) => {
      each.disabled = kind === "checkbox" && !each.checked && chosen().length >= most;
    });
  inputs.forEach((each) => each.addEventListener("change", limit));
  limit();
  const items = inputs.map((input, index) => {
    const { label, description } = given.options[index];
    return h(
      "label",
      { class: "choice" },
      input,
      h("span", { class: `choice-box ${kind}` }, icon("check")),
      h(
        "span",
        { class: "choice-words" },
        h("span", {}, label),
        description && h("small", {}, description),
      ),
    );
  });
  const problem = () => {
    if (!chosen().length) return isRequired(given) && least > 0 ? REQUIRED : null;
    return kind === "checkbox" && chosen().length < least ? `Choose at least ${least}.` : null;
  };
  const element = h(
    "div",
    {
      role: kind === "radio" ? "radiogroup" : "group",
      class: "choices",
      id: common.id,
      "aria-describedby": common["aria-describedby"],
      data: { custom: given.custom_id },
    },
    items,
  );
  return { element, value: chosen, problem, focus: () => inputs[0]?.focus() };
}

function fileUpload(given, common) {
  const most = given.max_values ?? 1,
    least = given.min_values ?? 1;
  const kept = new Map(); // file -> name on the server
  const input = h("input", {
    ...common,
    type: "file",
    multiple: most > 1,
    class: "file-input",
    data: { custom: given.custom_id },
  });
  const names = h("ul", { class: "file-names" });
  const note = h("div", { class: "field-problem", role: "alert" });
  const draw = () =>
    names.replaceChildren(
      ...[...kept.keys()].map((file) =>
        h(
          "li",
          {},
          icon("file"),
          `${file.name} · ${size(file.size)}`,
          h(
            "button",
            {
              type: "button",
              class: "icon-button",
              "aria-label": `Remove ${file.name}`,
              on: {
                click: () => {
                  kept.delete(file);
                  draw();
                },
              },
            },
            icon("close"),
          ),
        ),
      ),
    );
  input.addEventListener("change", async () => {
    for (const file of [...input.files].slice(0, most - kept.size)) {
      const { upload: name, error } = await upload(file);
      note.textContent = error ?? "";
      if (name) kept.set(file, name);
    }
    input.value = "";
    draw();
  });
  const problem = () => {
    if (!kept.size) return isRequired(given) && least > 0 ? REQUIRED : null;
    return kept.size < least ? `Choose at least ${least} files.` : null;
  };
  const element = h(
    "div",
    { class: "field-upload" },
    h(
      "label",
      { class: "upload-area" },
      input,
      icon("plus"),
      h("span", {}, most > 1 ? `Choose up to ${most} files` : "Choose a file"),
    ),
    names,
    note,
  );
  return { element, value: () => [...kept.values()], problem, focus: () => input.focus() };
}
