// The message box: plain messages with files and replies, and the way into commands by `/`.

import { act, upload } from "../api.js";
import { fill, h, icon, iconButton, toast } from "../dom.js";
import { nameOf } from "../message/lines.js";
import { openModal } from "../modal/modal.js";
import { commandsHere, here, on, putLocal, store } from "../store.js";
import { CommandLine } from "./command.js";
import { takenApart } from "./options.js";
import { Suggestions } from "./suggestions.js";

const LONGEST = 2000;
const suggestions = new Suggestions();
const text = h("textarea", {
  class: "compose-text",
  rows: 1,
  maxlength: LONGEST,
  "aria-label": "Message",
  autocomplete: "off",
});
const line = h("div", { class: "compose-line" }, text);
const strip = h("div", { class: "compose-strip", hidden: true });
const picker = h("input", {
  type: "file",
  multiple: true,
  hidden: true,
  "aria-label": "Files to send",
});
const sendButton = iconButton("send", "Send", () => send(), { class: "icon-button compose-send" });
let command = null;
let reply = null;
let files = []; // { file, name on the server }

export function startComposer() {
  const plus = iconButton("plus", "Add a file", () => picker.click(), {
    class: "icon-button compose-plus",
  });
  const box = h("div", { class: "compose-box" }, plus, line, sendButton);
  fill(document.getElementById("composer"), suggestions.element, strip, box, picker);
  text.addEventListener("input", typed);
  text.addEventListener("keydown", key);
  text.addEventListener("blur", (event) => suggestions.leave(event));
  text.addEventListener("focus", offerCommands);
  picker.addEventListener("change", attach);
  document.addEventListener("reply", (event) => {
    reply = event.detail;
    drawStrip();
    text.focus();
  });
  for (const what of ["hello", "view"]) on(what, entered);
  document.querySelector(".skip").addEventListener("click", (event) => {
    event.preventDefault();
    focusComposer();
  });
  on("facts", () => {
    if (document.activeElement === text) offerCommands();
  });
}

/** Write the command `path` with `values` by option name, ready to be completed or sent. */
export function fillCommand(path, values) {
  const found = commandsHere().find((each) => each.path === path);
  if (!found) return toast(`There is no command /${path} here.`);
  begin(found);
  for (const option of found.options)
    if (values[option.name]) command.add(option, values[option.name]);
  command.focus();
}

/** Go to where one writes: the message box, or the command that stands in it. */
export function focusComposer() {
  if (command) command.focus();
  else text.focus();
}

function entered() {
  const place = here();
  text.placeholder = place.guild
    ? `Message ${place.parent ? "" : "#"}${place.name}`
    : `Message @${store.bot.name}`;
  reply = null;
  drawStrip();
  if (command && !commandsHere().some((each) => each.path === command.command.path)) leave("");
}

function begin(found) {
  leave("");
  command = new CommandLine(found, {
    suggestions,
    leave: (rest) => {
      leave(rest);
      text.focus();
    },
    send: use,
  });
  text.hidden = true;
  line.append(command.element);
}

function leave(rest) {
  command?.element.remove();
  command = null;
  text.hidden = false;
  text.value = rest;
  suggestions.hide();
  grow();
}

function grow() {
  text.style.setProperty("height", "auto");
  text.style.setProperty("height", `${Math.min(text.scrollHeight, innerHeight / 2)}px`);
}

function typed() {
  grow();
  const found =
    /^\/(\S+(?: \S+)*) ([^]*)$/.exec(text.value) &&
    commandsHere()
      .filter((each) => text.value.startsWith(`/${each.path} `))
      .sort((one, other) => other.path.length - one.path.length)[0];
  if (found) {
    const rest = text.value.slice(found.path.length + 2);
    begin(found);
    for (const [option, value] of takenApart(found.options, rest)) command.add(option, value);
    command.focus();
  } else {
    offerCommands();
  }
}

function offerCommands() {
  const word = /^\/([^\n]*)$/.exec(text.value)?.[1].toLowerCase();
  if (word === undefined) return suggestions.hide();
  const fitting = commandsHere().filter((each) => each.path.toLowerCase().startsWith(word));
  suggestions.show(text, {
    head: h(
      "span",
      {},
      word ? "Commands matching " : "Commands of ",
      h("strong", {}, word ? `/${word}` : store.bot.name),
    ),
    items: fitting.map((each) => ({
      mark: h("span", { class: "avatar bot small", "aria-hidden": "true" }),
      label: `/${each.path}`,
      description: each.description,
      aside: store.bot.name,
      pick: () => {
        begin(each);
        command.focus();
      },
    })),
    empty: store.commands.length
      ? "There is no such command."
      : "The bot has not registered any commands yet.",
  });
}

function key(event) {
  if (suggestions.handle(event)) return;
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  } else if (event.key === "Escape") {
    if (suggestions.isOpen) suggestions.hide();
    else {
      reply = null;
      drawStrip();
    }
  }
}

async function send() {
  if (command) return command.submit();
  const said = text.value;
  if (!said.trim() && !files.length) return;
  const answer = await act("say", {
    text: said,
    uploads: files.map((each) => each.name),
    reply_to: reply?.id ?? "",
  });
  if (answer.error) return toast(answer.error);
  text.value = "";
  reply = null;
  files = [];
  drawStrip();
  grow();
}

/** Send the command; the line stays as it is until the bot has answered, and if it can't be sent. */
async function use(options) {
  const sent = command;
  const box = document.getElementById("composer");
  if (box.classList.contains("busy")) return;
  box.classList.add("busy");
  const outcome = await act("slash", { name: sent.command.path, options });
  box.classList.remove("busy");
  if (outcome.error) return toast(outcome.error);
  if (command === sent) leave("");
  text.focus();
  if (outcome.modal) openModal(outcome.modal);
  else if (outcome.failed) putLocal({ failed: outcome.failed });
}

async function attach() {
  for (const file of picker.files) {
    const kept = await upload(file);
    if (kept.error) toast(kept.error);
    else files.push({ file, name: kept.upload });
  }
  picker.value = "";
  drawStrip();
  text.focus();
}

function drawStrip() {
  const chips = files.map((each) =>
    h(
      "span",
      { class: "chip" },
      icon("file"),
      each.file.name,
      iconButton("close", `Remove ${each.file.name}`, () => {
        files = files.filter((other) => other !== each);
        drawStrip();
      }),
    ),
  );
  fill(
    strip,
    reply &&
      h(
        "div",
        { class: "replying" },
        h("span", {}, "Replying to ", h("strong", {}, nameOf(reply.author))),
        iconButton("close", "Don't reply", () => {
          reply = null;
          drawStrip();
        }),
      ),
    chips.length ? h("div", { class: "chips" }, chips) : null,
  );
  strip.hidden = !reply && !files.length;
}
