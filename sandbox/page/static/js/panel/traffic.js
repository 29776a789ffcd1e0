// The live list of what the bot sent to Discord and to the providers; each line opens.

import { h } from "../dom.js";
import { on } from "../store.js";

const MAX_LINES = 150;

export class Traffic {
  constructor() {
    this.list = h("ol", { class: "traffic-list" });
    this.filter = h(
      "select",
      { id: "traffic-filter", on: { change: () => this.sift() } },
      ["everything", "to Discord", "to providers"].map((each) =>
        h("option", { value: each }, each),
      ),
    );
    this.questions = h("input", {
      type: "checkbox",
      id: "traffic-questions",
      on: { change: () => this.sift() },
    });
    this.element = h(
      "div",
      {},
      h(
        "div",
        { class: "panel-row" },
        h("label", { htmlFor: "traffic-filter" }, "Show"),
        this.filter,
        h("label", { class: "panel-check" }, this.questions, "show polling"),
      ),
      this.list,
    );
    this.known = new Map(); // number -> line
    this.waiting = new Map();
  }

  listen() {
    on("traffic", (requests) => this.add(requests));
    on("hello", () => {
      this.known.clear();
      this.list.replaceChildren();
    });
  }

  /** Add or update requests; drawn once per frame. */
  add(requests) {
    if (!requests.length) return;
    if (!this.waiting.size) requestAnimationFrame(() => this.draw());
    for (const each of requests) this.waiting.set(`${each.to} ${each.number}`, each);
  }

  draw() {
    for (const [key, request] of [...this.waiting].slice(-MAX_LINES)) {
      const made = line(request);
      const old = this.known.get(key);
      if (old) {
        made.firstElementChild.open = old.firstElementChild.open;
        old.replaceWith(made);
      } else {
        const after = [...this.list.children].find((each) => Number(each.dataset.at) <= request.at);
        this.list.insertBefore(made, after ?? null);
      }
      this.known.set(key, made);
    }
    this.waiting.clear();
    while (this.list.children.length > MAX_LINES) this.list.lastElementChild.remove();
    for (const [key, each] of this.known) if (!each.isConnected) this.known.delete(key);
    this.sift();
  }

  sift() {
    this.list.dataset.show = this.filter.value;
    this.list.classList.toggle("with-questions", this.questions.checked);
  }
}

function line(request) {
  const { status } = request;
  const asks = request.method === "GET" || /get-task|feed/.test(request.path);
  const words = [
    h(
      "span",
      { class: "traffic-time" },
      new Date(request.at * 1000).toLocaleTimeString(undefined, { hour12: false }),
    ),
    h("span", { class: "traffic-to" }, request.to),
    h("span", { class: `traffic-method ${request.method}` }, request.method),
    h("span", { class: "traffic-path" }, request.path.replace(/\d{17,}/g, "…")),
    h(
      "span",
      { class: status >= 400 ? "traffic-status bad" : "traffic-status" },
      status ? String(status) : "…",
    ),
  ];
  const details = h(
    "details",
    {},
    h("summary", {}, words),
    h(
      "pre",
      {},
      [
        request.path,
        request.files?.length ? `files: ${request.files.join(", ")}` : "",
        request.body || "(no body)",
      ]
        .filter(Boolean)
        .join("\n"),
    ),
  );
  return h(
    "li",
    {
      data: {
        at: request.at,
        kind: request.to === "Discord" ? "discord" : "provider",
        asks: String(asks),
      },
    },
    details,
  );
}
