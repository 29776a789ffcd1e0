// A player for audio: play, time and length, a bar to seek on, sound off, download.

import { h, icon, iconButton, isolated } from "./dom.js";
import { clock } from "./times.js";

/** A player for `url`; `aside` are more buttons at its end. */
export function player(url, name, { aside = [], autoplay = false } = {}) {
  const audio = h("audio", { src: url, preload: "metadata", "aria-label": name });
  const time = h("span", { class: "player-time" }, "0:00");
  const seek = h("input", {
    type: "range",
    class: "player-seek",
    min: 0,
    max: 1000,
    value: 0,
    step: 1,
    "aria-label": `Position in ${name}`,
  });
  const toggle = iconButton("play", `Play ${name}`, () => (audio.paused ? start() : audio.pause()));
  const sound = iconButton("volume", "Sound off", () => {
    audio.muted = !audio.muted;
  });
  let failed = false;

  const start = () =>
    audio.play().catch(() => {
      if (audio.error) fail();
    });
  const fail = () => {
    failed = true;
    time.textContent = "can't be played";
  };
  const draw = () => {
    if (failed) return;
    const known = Number.isFinite(audio.duration);
    const played = clock(audio.currentTime);
    const waiting = !audio.paused && audio.readyState < HTMLMediaElement.HAVE_CURRENT_DATA;
    time.textContent = waiting
      ? "loading …"
      : known
        ? `${played} / ${clock(audio.duration)}`
        : played;
    seek.disabled = !known;
    if (known && document.activeElement !== seek)
      seek.value = (audio.currentTime / audio.duration) * 1000;
    seek.style.setProperty(
      "--done",
      known ? `${(audio.currentTime / audio.duration) * 100}%` : "0%",
    );
    seek.setAttribute("aria-valuetext", time.textContent);
  };
  const drawState = () => {
    toggle.replaceChildren(icon(audio.paused ? "play" : "pause"));
    const words = `${audio.paused ? "Play" : "Pause"} ${isolated(name)}`;
    toggle.setAttribute("aria-label", words);
    toggle.title = words;
  };
  const pauseOthers = () => {
    for (const other of document.querySelectorAll("audio")) if (other !== audio) other.pause();
  };

  for (const event of [
    "timeupdate",
    "durationchange",
    "loadedmetadata",
    "seeked",
    "play",
    "playing",
    "waiting",
    "ended",
  ])
    audio.addEventListener(event, draw);
  for (const event of ["play", "pause", "ended"]) audio.addEventListener(event, drawState);
  audio.addEventListener("play", pauseOthers);
  audio.addEventListener("error", fail);
  audio.addEventListener("volumechange", () => {
    sound.replaceChildren(icon(audio.muted ? "mute" : "volume"));
    sound.setAttribute("aria-pressed", String(audio.muted));
  });
  seek.addEventListener("input", () => {
    if (Number.isFinite(audio.duration)) audio.currentTime = (seek.value / 1000) * audio.duration;
    draw();
  });
  if (autoplay) start();
  return h(
    "div",
    { class: "player", role: "group", "aria-label": name },
    toggle,
    time,
    seek,
    sound,
    aside,
    audio,
  );
}
