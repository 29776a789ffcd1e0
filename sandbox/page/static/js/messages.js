// The list of messages of the shown channel. It draws once a frame at most, keeps the newest in view
// while one reads at the end, and keeps only so many messages in the document as can be read.

import { fill, h, icon } from "./dom.js";
import { nameOf, summary } from "./message/lines.js";
import { MessageView } from "./message/message.js";
import { plain } from "./markdown/render.js";
import { here, navigate, me, on, store, visibleMessages } from "./store.js";

const FIRST = 60; // messages drawn at once when a channel is entered
const MORE = 40; // and so many more when one scrolls up to them
const MOST = 240; // kept in the document while one reads at the end
const FEW = 25; // messages that may come between two frames
const NEAR = 80; // pixels
const ANSWER_TIME = 10_000; // milliseconds in which what arrives can be the answer to an own action

const scroll = document.getElementById("scroll");
const list = document.getElementById("messages");
const jumpButton = document.getElementById("jump");

const views = new Map(); // message id -> MessageView, of those in the document
let ids = []; // those in the document, in order
let changed = new Set();
let planned = false;
let atEnd = true;
let lastTop = 0; // where the list stood when it was last looked at
let action = { at: -Infinity }; // what the member did last, and to which message

export function startMessages() {
  on("hello", restart);
  on("view", restart);
  on("facts", () => plan());
  on("channels", () => {
    // a thread may have been locked, or named anew
    ids.forEach((id) => changed.add(id));
    plan();
  });
  on("messages", (news) => {
    news.changed.forEach((id) => changed.add(id));
    // a thread's messages are counted where it began
    news.places.forEach((place) => changed.add(place));
    announce(news);
    if (isAnswered(news)) atEnd = true;
    plan();
  });
  document.addEventListener("acted", ({ detail }) => {
    action = { at: Date.now(), message: detail.message };
  });
  scroll.addEventListener("scroll", scrolled, { passive: true });
  scroll.addEventListener("keydown", move);
  new ResizeObserver(() => {
    if (atEnd) toEnd();
  }).observe(list);
  new ResizeObserver(() => {
    if (atEnd) toEnd();
  }).observe(scroll);
  jumpButton.addEventListener("click", () => {
    atEnd = true;
    restart();
  });
  document.addEventListener("jump", (event) => jump(event.detail));
}

function restart() {
  views.clear();
  ids = [];
  changed.clear();
  list.replaceChildren();
  atEnd = true;
  plan();
}

function plan() {
  if (planned) return;
  planned = true;
  requestAnimationFrame(() => {
    planned = false;
    draw();
  });
}

function draw() {
  const all = visibleMessages();
  welcome();
  let from = all.length - FIRST;
  if (ids.length) {
    const at = all.findIndex((each) => each.id >= ids[0] || each.id.length > ids[0].length);
    from = at < 0 ? from : at;
    // when many come at once, those that nobody could read wait until one scrolls up to them
    const fresh = all.length - 1 - all.findLastIndex((each) => each.id === ids.at(-1));
    if (atEnd) from = Math.max(from, all.length - (fresh > FEW ? FIRST : MOST));
  }
  show(all, Math.max(0, from));
}

/** Bring the document in line with the messages from index `from` on. */
function show(all, from) {
  const shown = all.slice(from);
  const wanted = new Set(shown.map((each) => each.id));
  for (const id of ids) {
    if (wanted.has(id)) continue;
    views.get(id).element.remove();
    views.delete(id);
  }
  let place = list.firstElementChild;
  let fresh = false;
  shown.forEach((message, index) => {
    let view = views.get(message.id);
    const isNew = !view;
    if (isNew) {
      view = new MessageView(message);
      views.set(message.id, view);
    }
    const before = all[from + index - 1];
    if (
      isNew ||
      fresh ||
      changed.has(message.id) ||
      view.message !== message ||
      view.before !== before?.id ||
      view.eyes !== store.member
    ) {
      view.update(message, before);
      view.before = before?.id;
      view.eyes = store.member;
    }
    fresh = isNew;
    if (view.element === place) place = place.nextElementSibling;
    else list.insertBefore(view.element, place);
  });
  ids = shown.map((each) => each.id);
  changed.clear();
  document.getElementById("welcome").hidden = from > 0;
  if (atEnd) toEnd();
  else jumpButton.hidden = false;
}

function toEnd() {
  scroll.scrollTop = scroll.scrollHeight;
  lastTop = scroll.scrollTop;
  jumpButton.hidden = true;
}

function scrolled() {
  const left = scroll.scrollHeight - scroll.scrollTop - scroll.clientHeight;
  // a list that grows is no longer at its end either; only who goes up wants to leave it
  if (left < NEAR) atEnd = true;
  else if (scroll.scrollTop < lastTop) atEnd = false;
  lastTop = scroll.scrollTop;
  if (atEnd) return toEnd();
  jumpButton.hidden = left < scroll.clientHeight;
  if (scroll.scrollTop < NEAR && ids.length) older();
}

/** Whether something arrived that the member has just sent or asked for. */
function isAnswered({ changed: arrived }) {
  if (Date.now() - action.at > ANSWER_TIME) return false;
  const known = new Set(ids);
  return visibleMessages().some(
    (each) =>
      arrived.has(each.id) &&
      !known.has(each.id) &&
      (each.author.id === store.member ||
        each.visible_to === store.member ||
        each.interaction_metadata?.user.id === store.member ||
        (action.message && each.message_reference?.message_id === action.message)),
  );
}

/** Draw messages above the first one, leaving what is read where it is. */
function older(count = MORE) {
  const all = visibleMessages();
  const first = all.findIndex((each) => each.id === ids[0]);
  if (first <= 0) return;
  const from = scroll.scrollHeight - scroll.scrollTop;
  atEnd = false;
  show(all, Math.max(0, first - count));
  scroll.scrollTop = scroll.scrollHeight - from;
}

function jump({ channel, message }) {
  if (channel !== store.channel) navigate({ channel });
  if (!message) return;
  requestAnimationFrame(() =>
    requestAnimationFrame(() => {
      if (!views.has(message) && visibleMessages().some((each) => each.id === message))
        older(Infinity);
      const body = views.get(message)?.body;
      if (!body) return;
      atEnd = false;
      body.scrollIntoView({ block: "center" });
      body.classList.add("flash");
      setTimeout(() => body.classList.remove("flash"), 1500);
      body.focus({ preventScroll: true });
    }),
  );
}

/** Arrow keys go from message to message; Tab then goes to what can be done with it. */
function move(event) {
  const step = { ArrowUp: -1, ArrowDown: 1 }[event.key];
  if (!step || !ids.length || event.target.closest("input, [role=combobox], [role=menu]")) return;
  const current = document.activeElement.closest(".message")?.dataset.id;
  const at = current ? ids.indexOf(current) + step : ids.length - 1;
  event.preventDefault();
  if (at < 0) return older();
  views.get(ids[Math.min(at, ids.length - 1)])?.body.focus();
}

function welcome() {
  const place = here();
  const direct = !place.guild;
  const name = direct ? store.bot.name : place.name;
  const words = direct
    ? `This is the beginning of your direct messages with ${name}. Commands work here too.`
    : place.parent
      ? `Started by ${store.users.get(place.owner)?.name ?? "somebody"}`
      : `This is the start of the #${name} channel. ${store.bot.name} continues songs here: name a clip and a second, write lyrics, and listen.`;
  fill(
    document.getElementById("welcome"),
    h(
      "div",
      { class: "welcome-mark", "aria-hidden": "true" },
      direct ? "" : place.parent ? icon("thread") : "#",
    ),
    h("h2", {}, direct || place.parent ? name : `Welcome to #${name}!`),
    h("p", {}, words),
  );
}

/** Say who wrote what, for those who don't see it: of one message at a time, never of its edits. */
let announced = "0";
function announce({ changed: arrived }) {
  const fresh = visibleMessages()
    .slice(-1)
    .find((each) => arrived.has(each.id));
  if (!fresh || fresh.id === announced || fresh.author.id === me()?.id) return;
  announced = fresh.id;
  document.getElementById("announce").textContent =
    `${nameOf(fresh.author)}: ${plain(summary(fresh))}`;
}
