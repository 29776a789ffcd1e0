// The sides of the page: servers, channels with their threads, who one is, who is there, the header.

import { avatar, fill, h, icon, iconButton, isolated } from "./dom.js";
import { closePopup, menu } from "./menus.js";
import { askForThread } from "./modal/thread.js";
import { areWanted, toggleNotifications } from "./notifications.js";
import { directChannel, here, look, mentionsIn, missedIn, navigate, me, on, store } from "./store.js";
import { isDark, switchTheme } from "./theme.js";

const app = document.getElementById("app");

export function startSidebar() {
  for (const what of ["hello", "view", "channels", "facts"]) on(what, drawKeepingFocus);
  on("unread", markUnread);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  document.addEventListener("pointerdown", (event) => {
    if (
      app.classList.contains("open") &&
      !event.target.closest(".side, .rail, .top .icon-menu, .popup")
    )
      openSide(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && app.classList.contains("open")) openSide(false);
  });
}

export function togglePeople() {
  app.classList.toggle("no-people");
}

/** Open or close the drawer of narrow windows; the focus goes into it, and out of it again. */
function openSide(wanted) {
  const isOpen = app.classList.contains("open");
  app.classList.toggle("open", wanted);
  document.querySelector(".main-area").inert = wanted;
  if (wanted)
    (document.querySelector(".channel[aria-current]") ?? document.querySelector(".channel")).focus();
  else if (isOpen) document.querySelector(".icon-menu").focus();
}

function go(channel) {
  const fromDrawer = app.classList.contains("open");
  closePopup();
  openSide(false);
  navigate({ channel });
  if (fromDrawer) document.getElementById("scroll").focus();
}

/** Draw, and leave the focus on what it was on: everything is made anew. */
function drawKeepingFocus() {
  const focused = document.activeElement;
  const name = focused?.closest(".rail, .side, .top, .people") && keyOf(focused);
  draw();
  if (name) [...document.querySelectorAll("button")].find((each) => keyOf(each) === name)?.focus();
}

const keyOf = (button) =>
  button.dataset.channel ?? button.getAttribute("aria-label") ?? button.title;

function draw() {
  const place = here();
  const direct = !place?.guild;
  fill(
    document.getElementById("rail"),
    railButton(
      "Direct messages",
      direct,
      () => go(directChannel()?.id),
      h("span", { class: "rail-mark" }),
    ),
    h("hr"),
    railButton(store.guild.name, !direct, () => go(store.home), [...store.guild.name][0]),
  );
  fill(document.getElementById("channels"), direct ? directList() : guildList());
  fill(document.getElementById("me"), meBar());
  fill(document.getElementById("top"), header(place, direct));
  fill(document.getElementById("people"), people());
  markUnread();
}

/** Mark the buttons of channels with unread messages and the number of mentions, also in the
 * window's title. No button is made anew, so the focus stays. */
function markUnread() {
  for (const button of document.querySelectorAll(".channel[data-channel]")) {
    const { channel } = button.dataset;
    mark(button, missedIn(channel).length > 0, mentionsIn(channel).length);
    button.title = button.classList.contains("unread") ? "Unread messages" : "";
  }
  const ids = [...store.channels.values()].filter((each) => each.guild).map((each) => each.id);
  const inGuild = ids.flatMap(mentionsIn).length;
  const direct = mentionsIn(directChannel()?.id).length;
  const [directButton, guildButton] = document.querySelectorAll(".rail-button");
  mark(directButton, direct > 0, direct);
  mark(guildButton, ids.some((each) => missedIn(each).length > 0), inGuild);
  drawTitle(inGuild + direct);
}

function mark(button, isUnread, mentions) {
  button.classList.toggle("unread", isUnread);
  button.querySelector(".badge")?.remove();
  if (!mentions) return;
  const words = mentions === 1 ? " mention" : " mentions";
  button.append(h("span", { class: "badge" }, mentions, h("span", { class: "unseen" }, words)));
}

function drawTitle(mentions) {
  const place = here();
  const name = place.guild ? `#${isolated(place.name)}` : store.bot.name;
  const count = mentions ? `(${mentions}) ` : "";
  document.title = `${count}${name} · ${store.guild.name} · Encore's sandbox`;
}

function railButton(name, selected, press, face) {
  return h(
    "button",
    {
      type: "button",
      class: "rail-button",
      "aria-label": name,
      title: name,
      "aria-current": selected ? "page" : null,
      on: { click: press },
    },
    face,
  );
}

function guildList() {
  const channels = [...store.channels.values()].filter((each) => each.guild && !each.parent);
  const threads = (parent) =>
    [...store.channels.values()].filter((each) => each.parent === parent.id && !each.archived);
  return [
    h("h2", { class: "side-title" }, store.guild.name),
    h(
      "ul",
      { class: "channel-list" },
      channels.map((each) =>
        h(
          "li",
          {},
          entry(each, "hash"),
          threads(each).length
            ? h(
                "ul",
                { class: "thread-list" },
                threads(each).map((thread) => h("li", {}, entry(thread, "thread"))),
              )
            : null,
        ),
      ),
    ),
  ];
}

function directList() {
  const channel = directChannel();
  return [
    h("h2", { class: "side-title" }, "Direct messages"),
    h(
      "ul",
      { class: "channel-list" },
      channel &&
        h(
          "li",
          {},
          h(
            "button",
            {
              type: "button",
              class: "channel direct",
              data: { channel: channel.id },
              "aria-current": channel.id === store.channel ? "page" : null,
              on: { click: () => go(channel.id) },
            },
            face(store.bot),
            h("span", {}, store.bot.name),
          ),
        ),
    ),
  ];
}

function entry(channel, kind) {
  return h(
    "button",
    {
      type: "button",
      class: "channel",
      data: { channel: channel.id },
      "aria-current": channel.id === store.channel ? "page" : null,
      on: { click: () => go(channel.id) },
    },
    icon(kind),
    h("span", {}, channel.name),
  );
}

function face(user) {
  const online = !user.bot || store.bot.online;
  return h(
    "span",
    { class: "face" },
    avatar(user, "small"),
    h("span", { class: online ? "dot online" : "dot", title: online ? "Online" : "Offline" }),
  );
}

function meBar() {
  const choose = (event) =>
    menu(event.currentTarget, [
      { title: "See the channel as" },
      ...store.members.map((each) => ({
        label: each.name,
        icon: each.id === store.member ? icon("check") : null,
        act: () => navigate({ member: each.id }),
      })),
      "Notification" in window && { title: "When you are mentioned" },
      "Notification" in window && {
        label: "Desktop notification",
        icon: areWanted() ? icon("check") : null,
        act: toggleNotifications,
      },
    ]);
  return [
    h(
      "button",
      {
        type: "button",
        class: "me-button",
        "aria-haspopup": "menu",
        title: "Switch member",
        on: { click: choose },
      },
      face(me()),
      h("span", { class: "unseen" }, "You are "),
      h(
        "span",
        { class: "me-words" },
        h("strong", {}, me().name),
        " ",
        h("small", {}, "Switch member"),
      ),
      icon("swap"),
    ),
    iconButton(isDark() ? "sun" : "moon", isDark() ? "Light theme" : "Dark theme", () => {
      switchTheme();
      draw();
    }),
  ];
}

function header(place, direct) {
  const threadable = place.guild && !place.parent;
  return [
    iconButton("menu", "Channels", () => openSide(!app.classList.contains("open")), {
      class: "icon-button icon-menu",
    }),
    place.parent &&
      iconButton("back", `Back to #${isolated(store.channels.get(place.parent)?.name)}`, () =>
        go(place.parent),
      ),
    direct ? face(store.bot) : icon(place.parent ? "thread" : "hash"),
    h("h1", {}, direct ? store.bot.name : place.name),
    stateOf(place),
    place.topic && h("span", { class: "topic" }, place.topic),
    h("span", { class: "top-space" }),
    threadable && iconButton("thread", "Create thread", () => askForThread()),
    iconButton("people", "Member list", togglePeople, { class: "icon-button icon-people" }),
    h(
      "button",
      {
        type: "button",
        id: "panel-button",
        class: "panel-button",
        "aria-label": "Behind the scenes",
        title: "Behind the scenes",
        "aria-controls": "panel",
        "aria-expanded": String(!document.getElementById("panel").hidden),
        on: { click: () => document.dispatchEvent(new CustomEvent("panel")) },
      },
      icon("panel"),
      h("span", {}, "Behind the scenes"),
    ),
  ];
}

/** Why one can't do everything in a thread. */
function stateOf(place) {
  const words = place.locked ? "locked" : place.archived ? "archived" : null;
  return words && h("span", { class: "thread-state" }, words);
}

function people() {
  const members = here()?.guild ? store.members : [me()];
  const online = [...(store.bot.online ? [store.bot] : []), ...members];
  const offline = store.bot.online ? [] : [store.bot];
  const group = (title, users) =>
    users.length
      ? [
          h("h2", { class: "people-title" }, `${title} — ${users.length}`),
          h("ul", {}, users.map(person)),
        ]
      : null;
  return [group("Online", online), group("Offline", offline)];
}

function person(user) {
  const words = [
    h("span", { class: "person-name" }, user.name),
    user.bot && h("span", { class: "tag" }, "APP"),
    user.id === store.member && h("small", {}, "you"),
  ];
  if (user.bot)
    return h("li", { class: store.bot.online ? "person" : "person offline" }, face(user), words);
  return h(
    "li",
    {},
    h(
      "button",
      {
        type: "button",
        class: "person",
        title: `See the channel as ${user.name}`,
        on: { click: () => navigate({ member: user.id }) },
      },
      face(user),
      words,
    ),
  );
}
