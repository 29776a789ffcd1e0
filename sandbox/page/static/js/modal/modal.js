// A modal that the bot opened: its form, what is still missing in it, and sending it. A form that
// could not be sent stays open with everything that was typed.

import { act } from "../api.js";
import { avatar, h } from "../dom.js";
import { markdown } from "../markdown/render.js";
import { store } from "../store.js";
import { dialog } from "./dialog.js";
import { field } from "./fields.js";

const ROW = 1,
  TEXT = 10,
  LABEL = 18;

/** Show a modal: { id, title, components } as the server's answer to an action carries it. */
export function openModal(given) {
  const fields = new Map(); // custom id -> { input, problem }
  const body = h(
    "div",
    { class: "modal-body" },
    given.components.flatMap((each, index) => part(each, `field-${index}`, fields)),
  );
  const problem = h("div", { class: "modal-problem", role: "alert" });
  const cancel = h("button", { type: "button", class: "button secondary" }, "Cancel");
  const send = h("button", { type: "submit", class: "button primary" }, "Submit");
  const warning = h(
    "p",
    { class: "modal-warning" },
    `This form will be submitted to ${store.bot.name}. Do not share passwords or other sensitive information.`,
  );
  const form = h(
    "form",
    { class: "modal-form", novalidate: true },
    warning,
    body,
    problem,
    h("div", { class: "dialog-foot" }, cancel, send),
  );
  const { box, close } = dialog({
    title: given.title,
    face: avatar(store.bot, "small"),
    body: form,
    kind: "modal",
  });
  const [first] = fields.values();
  first?.input.focus();

  cancel.addEventListener("click", close);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (send.disabled || !complete(fields)) return;
    send.disabled = true;
    send.classList.add("busy");
    problem.textContent = "";
    const values = Object.fromEntries(
      [...fields].map(([name, { input }]) => [name, input.value()]),
    );
    const outcome = await act("submit", { modal: given.id, values });
    send.disabled = false;
    send.classList.remove("busy");
    if (outcome.error) problem.textContent = outcome.error;
    else if (outcome.failed)
      problem.textContent = `${outcome.failed}. Something went wrong. Try again.`;
    else close();
  });
  return box;
}

/** Say under each input what it still needs; the first such input gets the focus. */
function complete(fields) {
  let first = null;
  for (const { input, problem } of fields.values()) {
    const text = input.problem();
    problem.textContent = text ?? "";
    if (text) first ??= input;
  }
  first?.focus();
  return !first;
}

function part(given, id, fields) {
  if (given.type === TEXT) return [h("div", { class: "modal-text md" }, markdown(given.content))];
  if (given.type === ROW)
    return given.components.map((each, index) =>
      labelled(each.label, null, each, `${id}-${index}`, fields),
    );
  if (given.type === LABEL)
    return [labelled(given.label, given.description, given.component, id, fields)];
  return [];
}

function labelled(label, description, component, id, fields) {
  const described = `${id}-words`;
  const input = field(component, id, described);
  const problem = h("div", { class: "field-problem", role: "alert" });
  const required = component.required ?? true;
  fields.set(component.custom_id, { input, problem });
  return h(
    "div",
    { class: "field" },
    h(
      "label",
      { class: "field-label", htmlFor: id },
      label,
      required &&
        component.type !== 23 &&
        h("span", { class: "star", "aria-hidden": "true" }, " *"),
    ),
    h("div", { class: "field-description", id: described }, description ?? ""),
    input.element,
    problem,
  );
}
