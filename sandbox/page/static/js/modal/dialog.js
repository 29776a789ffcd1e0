// A dialog over everything: it holds the focus, Escape closes it, and it leaves nothing behind.

import { h, iconButton } from "../dom.js";

let count = 0;

/** Open a dialog; `body` are its contents, `foot` its buttons. Resolves `closed` when it is gone. */
export function dialog({ title, body, foot, face = null, kind = "" }) {
  count += 1;
  const name = `dialog-title-${count}`;
  const close = () => box.close();
  const box = h(
    "dialog",
    { class: `dialog ${kind}`, "aria-labelledby": name },
    h(
      "div",
      { class: "dialog-head" },
      face,
      h("h2", { id: name }, title),
      iconButton("close", "Close", close),
    ),
    body,
    foot,
  );
  box.addEventListener("close", () => box.remove());
  document.body.append(box);
  box.showModal();
  return { box, close };
}
