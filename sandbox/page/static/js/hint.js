// A bar for newcomers above the message box: clips to try, each of which fills in the command.
// It goes once the member has got a song in the channel, or by its own button.

import { panelAction, sampleClips } from "./api.js";
import { fillCommand } from "./composer/composer.js";
import { fill, h, iconButton, isolated, toast } from "./dom.js";
import { play } from "./dock.js";
import { remember, remembered } from "./memory.js";
import { here, on, store, visibleMessages } from "./store.js";
import { clock } from "./times.js";

const MOST = 2;
let clips = [];
const DISMISSED_KEY = "hint dismissed";
let dismissed = remembered(DISMISSED_KEY) !== null;

export function startHint() {
  for (const what of ["hello", "view", "facts"]) on(what, draw);
  on("messages", () => {
    if (!dismissed && hasOwnSong()) draw();
  });
  on("hello", async () => {
    const found = await sampleClips();
    // one take of each song is enough to begin with
    clips = found
      .filter((each, index) => found.findIndex((other) => other.title === each.title) === index)
      .filter((each, index) => index !== 1)
      .slice(0, MOST);
    draw();
  });
}

const hasOwnSong = () => visibleMessages().some((each) => isAnswer(each) && isHeard(each));
const isAnswer = (message) => message.interaction_metadata?.user.id === store.member;
const isHeard = (message) =>
  message.attachments.some((each) => each.content_type?.startsWith("audio/"));

/** Hide the bar for good: it does not come back after a reload either. */
function dismiss() {
  dismissed = true;
  remember(DISMISSED_KEY, "");
}

function draw() {
  const bar = document.getElementById("hint");
  const offered = store.commands.some((each) => each.name === "extend");
  if (!dismissed && here() && hasOwnSong()) dismiss();
  bar.hidden = dismissed || !clips.length || !offered || !here();
  if (bar.hidden) return;
  fill(
    bar,
    h(
      "span",
      { class: "hint-words" },
      h("strong", {}, "New here?"),
      " Type ",
      h("kbd", {}, "/extend"),
      ", or continue one of these:",
    ),
    h(
      "span",
      { class: "hint-clips" },
      clips.map((each) =>
        h(
          "span",
          { class: "hint-clip" },
          h(
            "button",
            {
              type: "button",
              class: "hint-fill",
              title: `/extend clip:${each.id}`,
              on: { click: () => fillCommand("extend", { clip: each.id }) },
            },
            h("strong", {}, isolated(each.title)),
            ` · ${clock(each.duration)}`,
          ),
          iconButton("play", `Listen to ${isolated(each.title)}`, () => play(each.audio_url, each.title)),
        ),
      ),
    ),
    store.commands.some((each) => each.name === "session") &&
      h(
        "button",
        {
          type: "button",
          class: "button small primary",
          on: { click: playEvening },
        },
        "Write a song with others",
      ),
    iconButton("close", "Hide these hints", () => {
      dismiss();
      draw();
    }),
  );
}

/** Four members who act by themselves start a session; whoever is here can take part. */
async function playEvening() {
  const { error } = await panelAction("evening");
  if (error) return toast(error);
  dismiss();
  draw();
  toast("Bo starts a session. Open its thread: vote, or write a part.");
}
