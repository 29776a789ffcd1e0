// The sides of the page: servers, channels with their threads, who one is, who is there, the header.

import { avatar, fill, h, icon, iconButton, isolated } from "./dom.js";
import { closePopup, menu } from "./menus.js";
import { askForThread } from "./modal/thread.js";
import { directChannel, here, navigate, me, on, store } from "./store.js";
import { isDark, switchTheme } from "./theme.js";

const app = document.getElementById("app");

export function startSidebar() {
  for (const what of ["hello", "view", "channels", "facts"]) on(what, draw);
  on("unread", markUnread);
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

function openSide(wanted) {
  app.classList.toggle("open", wanted);
}

function go(channel) {
  closePopup();
  openSide(false);
  navigate({ channel });
}

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
  document.title = `${direct ? store.bot.name : `#${isolated(place.name)}`} · ${store.guild.name} · Encore's sandbox`;
}

/** Mark the buttons of channels with unread messages; none is made anew, so the focus stays. */
function markUnread() {
  for (const button of document.querySelectorAll("[data-channel]")) {
    const isUnread = store.unread.has(button.dataset.channel);
    button.classList.toggle("unread", isUnread);
    button.title = isUnread ? "Unread messages" : "";
  }
  const direct = document.querySelector(".rail-button");
  direct.classList.toggle("unread", store.unread.has(directChannel()?.id));
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
  const online = [...(store.bot.online ? [store.bot] : []), ...store.members];
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
