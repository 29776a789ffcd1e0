// Asks for the name of a new thread.

import { act } from "../api.js";
import { h } from "../dom.js";
import { navigate, store } from "../store.js";
import { dialog } from "./dialog.js";

export function askForThread(message = null) {
  const name = h("input", {
    id: "thread-name",
    class: "field-text",
    maxlength: 100,
    required: true,
    autocomplete: "off",
    value: message?.embeds?.[0]?.title?.slice(0, 100) ?? "",
  });
  const problem = h("div", { class: "modal-problem", role: "alert" });
  const cancel = h("button", { type: "button", class: "button secondary" }, "Cancel");
  const form = h(
    "form",
    { class: "modal-form" },
    h(
      "div",
      { class: "field" },
      h("label", { class: "field-label", htmlFor: "thread-name" }, "Thread name"),
      name,
    ),
    problem,
    h(
      "div",
      { class: "dialog-foot" },
      cancel,
      h("button", { type: "submit", class: "button primary" }, "Create thread"),
    ),
  );
  const { close } = dialog({ title: "Create thread", body: form, kind: "modal" });
  name.focus();
  cancel.addEventListener("click", close);
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const made = await act("thread", {
      channel: message?.channel_id ?? store.channel,
      ...(message ? { message: message.id } : {}),
      name: name.value,
    });
    problem.textContent = made.error ?? "";
    if (made.channel) {
      close();
      setTimeout(() => navigate({ channel: made.channel }), 100);
    }
  });
}
