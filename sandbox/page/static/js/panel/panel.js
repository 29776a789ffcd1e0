// The control panel: the bot's process, the gateway, the providers, and the bot's requests. It
// is closed at first, and polls only while it is open.

import { panelAction, panelStatus } from "../api.js";
import { fill, h, iconButton, toast } from "../dom.js";
import { wantTraffic } from "../socket.js";
import { clock } from "../times.js";
import { Clips } from "./clips.js";
import { Traffic } from "./traffic.js";

const REFRESH_INTERVAL = 500; // milliseconds
const KINDS = { submit: "on a submission", fetch: "on polling", any: "on any request" };
// slower, an extension would take longer than the bot waits for one here
const SPEEDS = [5, 10, 20, 60];
const WORDS = {
  start: "Starting the bot …",
  restart: "Restarting the bot …",
  kill: "Killed.",
  stop: "Stopping the bot …",
  drop: "The connection was dropped; waiting for the bot …",
  cut: "The gateway is down: the bot hears nothing until it is mended.",
  mend: "The gateway is back; waiting for the bot …",
  play: "Ada extends a clip on each provider, in #songs.",
  evening:
    "Bo, Cy, Dee and Eli write a song in #songs; it takes about five minutes. " +
    "Open the thread by Join in: write a part, vote, choose.",
};

const panel = document.getElementById("panel");
const clips = new Clips();
const traffic = new Traffic();
const parts = {};
let since = -1;
let timer = null;
let view = null;

export function startPanel() {
  document.addEventListener("panel", toggle);
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") toggle();
  });
  traffic.listen();
}

function toggle() {
  const open = panel.hidden;
  panel.hidden = !open;
  document.getElementById("app").classList.toggle("panel-open", open);
  const button = document.getElementById("panel-button");
  button?.setAttribute("aria-expanded", String(open));
  wantTraffic(open);
  if (!open) {
    clearTimeout(timer);
    button?.focus();
    return;
  }
  if (!panel.firstChild) build();
  panel.querySelector("button").focus();
  refresh();
}

async function refresh() {
  clearTimeout(timer);
  const seen = await panelStatus(since);
  if (seen && !seen.error) {
    since = seen.since;
    view = seen;
    draw();
    traffic.add(seen.requests);
  }
  if (!panel.hidden) timer = setTimeout(refresh, REFRESH_INTERVAL);
}

function build() {
  const order = (what, label, kind = "secondary") =>
    h(
      "button",
      {
        type: "button",
        class: `button small ${kind}`,
        data: { order: what },
        on: { click: (event) => act(event.currentTarget, what) },
      },
      label,
    );
  parts.state = h("div", { class: "panel-state", role: "status" });
  parts.note = h("div", { class: "panel-note", role: "status" });
  parts.scene = h("ol", { class: "panel-scene", "aria-label": "What happens in the scene" });
  parts.speed = h(
    "select",
    {
      id: "speed",
      on: { change: () => act(parts.speed, "speed", { speed: Number(parts.speed.value) }) },
    },
    SPEEDS.map((each) => h("option", { value: each }, `${each}×`)),
  );
  parts.provider = h("select", {
    id: "provider",
    on: {
      change: () => {
        clips.provider = parts.provider.value;
        draw();
      },
    },
  });
  parts.fault = h("select", { id: "fault", on: { change: drawKinds } });
  parts.kind = h(
    "select",
    { "aria-label": "Which request fails" },
    Object.entries(KINDS).map(([kind, label]) => h("option", { value: kind }, label)),
  );
  parts.planned = h("div", { class: "panel-planned" });
  parts.clock = h("output", { class: "panel-clock", "aria-label": "The providers' clock" });
  parts.rules = h("div", { class: "panel-rules" });
  parts.log = h("pre", {
    class: "panel-log",
    role: "region",
    tabindex: 0,
    "aria-label": "The bot's log",
  });
  const fail = h(
    "button",
    {
      type: "button",
      class: "button small danger",
      on: {
        click: (event) =>
          act(event.currentTarget, "fault", {
            provider: parts.provider.value,
            fault: parts.fault.value,
            on: parts.kind.value,
          }),
      },
    },
    "Fail next",
  );
  const clear = order("clear", "Forget faults");
  const forget = h(
    "button",
    {
      type: "button",
      class: "button small",
      title: "A self-hosted service forgets what it works on",
      on: {
        click: (event) =>
          act(event.currentTarget, "forget", { provider: parts.provider.value }),
      },
    },
    "Restart it, forgetting all",
  );
  fill(
    panel,
    h(
      "div",
      { class: "panel-head" },
      h("h2", {}, "Behind the scenes"),
      iconButton("close", "Close the panel", toggle),
    ),
    h(
      "div",
      { class: "panel-body" },
      h(
        "section",
        {},
        h("h3", {}, "The bot"),
        parts.state,
        h(
          "div",
          { class: "panel-row" },
          order("restart", "Restart"),
          order("kill", "Kill (SIGKILL)", "danger"),
          order("start", "Start", "success"),
          order("drop", "Drop the gateway"),
          order("cut", "Cut the gateway"),
          order("mend", "Mend the gateway"),
          order("play", "Play the demo", "primary"),
          order("evening", "Play an evening", "primary"),
        ),
        parts.note,
        parts.scene,
        parts.rules,
        h("h3", { class: "panel-log-title" }, "Its log"),
        parts.log,
      ),
      h(
        "section",
        {},
        h("h3", {}, "The provider"),
        h(
          "div",
          { class: "panel-grid" },
          h("label", { htmlFor: "provider" }, "Provider"),
          parts.provider,
          h("label", { htmlFor: "speed" }, "Its clock runs"),
          h("span", { class: "panel-row" }, parts.speed, parts.clock, forget),
          h("label", { htmlFor: "fault" }, "Next request fails with"),
          h("span", { class: "panel-row" }, parts.fault, parts.kind, fail, clear),
        ),
        parts.planned,
        clips.element,
      ),
      h("section", { class: "traffic" }, h("h3", {}, "What the bot sends"), traffic.element),
    ),
  );
}

function draw() {
  const { running, connected, providers, fault_choices: groups, speed } = view;
  const words = running
    ? connected
      ? "Running and connected"
      : "Running, not connected"
    : "Not running";
  fill(
    parts.state,
    h("span", { class: running && connected ? "dot online" : running ? "dot idle" : "dot" }),
    words,
  );
  enable("kill", running);
  enable("start", !running);
  enable("drop", connected);
  show("cut", view.reachable);
  show("mend", !view.reachable);
  enable("play", connected && !view.playing);
  enable("evening", connected && !view.playing);
  const lines = view.scene.join("\n");
  if (parts.scene.dataset.lines !== lines) {
    parts.scene.dataset.lines = lines;
    fill(
      parts.scene,
      view.scene.map((each) => h("li", {}, each)),
    );
  }
  drawLog(view.log);
  if (!parts.fault.length) {
    fill(
      parts.provider,
      providers.map((each) => h("option", { value: each }, each)),
    );
    fill(
      parts.fault,
      groups.map(({ label, faults }) =>
        h(
          "optgroup",
          { label },
          faults.map((each) =>
            h("option", { value: each.name, data: { onRequest: each.on_request } }, each.label),
          ),
        ),
      ),
    );
    drawKinds();
  }
  const used = view.requests.filter((each) => each.method === "POST").at(-1)?.to;
  if (used && !clips.provider) parts.provider.value = used;
  if (document.activeElement !== parts.speed) {
    if (![...parts.speed.options].some((each) => Number(each.value) === speed))
      parts.speed.append(h("option", { value: speed }, `${speed}×`));
    parts.speed.value = String(speed);
  }
  parts.clock.textContent = `service time ${clock(view.now)}`;
  parts.planned.textContent = view.faults.length
    ? `Next: ${view.faults.join("; ")}`
    : "";
  fill(
    parts.rules,
    view.violations.length
      ? h(
          "details",
          {},
          h("summary", {}, `${view.violations.length} Discord rules broken`),
          view.violations.map((each) => h("p", {}, each)),
        )
      : "No Discord rule broken.",
  );
  clips.draw(view, parts.provider.value);
}

/** Offer the kinds of request where they matter: clips fail whatever is asked. */
function drawKinds() {
  parts.kind.hidden = parts.fault.selectedOptions[0]?.dataset.onRequest !== "true";
}

/** Show the log's last lines; it stays at its end unless one has scrolled up in it. */
function drawLog(lines) {
  const { log } = parts;
  const words = lines.join("\n") || "Nothing has been logged yet.";
  if (log.textContent === words) return;
  const isAtEnd = log.scrollHeight - log.scrollTop - log.clientHeight < 8;
  log.textContent = words;
  if (isAtEnd) log.scrollTop = log.scrollHeight;
}

function enable(what, able) {
  for (const each of panel.querySelectorAll(`[data-order="${what}"]`))
    if (!each.classList.contains("busy")) each.disabled = !able;
}

function show(what, wanted) {
  for (const each of panel.querySelectorAll(`[data-order="${what}"]`)) each.hidden = !wanted;
}

async function act(button, what, fields = {}) {
  if (button.classList.contains("busy")) return;
  button.classList.add("busy");
  parts.note.textContent = WORDS[what] ?? "";
  const { error, note } = await panelAction(what, fields);
  button.classList.remove("busy");
  parts.note.textContent = error ?? note ?? parts.note.textContent;
  if (error) toast(error);
  refresh();
}
