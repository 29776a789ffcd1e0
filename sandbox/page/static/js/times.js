// Times as Discord writes them, and the ticking of those that are relative.

const STYLES = {
  t: { timeStyle: "short" },
  T: { timeStyle: "medium" },
  d: { dateStyle: "short" },
  D: { dateStyle: "long" },
  f: { dateStyle: "long", timeStyle: "short" },
  F: { dateStyle: "full", timeStyle: "short" },
};
const UNITS = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
  ["second", 1],
];

const formats = new Map();
function formatted(date, options) {
  const key = JSON.stringify(options);
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(undefined, options));
  return formats.get(key).format(date);
}

/** `<t:unix:style>` in words. */
export function moment(unix, style = "f") {
  if (style === "R") return relative(unix);
  return formatted(new Date(unix * 1000), STYLES[style] ?? STYLES.f);
}

export const wholeMoment = (unix) => formatted(new Date(unix * 1000), STYLES.F);

export function relative(unix, now = Date.now() / 1000) {
  const seconds = Math.round(unix - now);
  const size = Math.abs(seconds);
  const [unit, length] = UNITS.find(([, each]) => size >= each) ?? UNITS.at(-1);
  const count = Math.floor(size / length);
  const words =
    count === 1 && unit !== "second"
      ? `${unit === "hour" ? "an" : "a"} ${unit}`
      : `${count} ${unit}${count === 1 ? "" : "s"}`;
  if (size === 0) return "now";
  return seconds < 0 ? `${words} ago` : `in ${words}`;
}

/** When a message was written: the time today, the day as well before that. */
export function written(date) {
  const time = formatted(date, STYLES.t);
  const days = Math.round((startOfDay(new Date()) - startOfDay(date)) / 86_400_000);
  if (days === 0) return time;
  return days === 1 ? `Yesterday at ${time}` : `${formatted(date, STYLES.d)} ${time}`;
}

export const shortTime = (date) => formatted(date, STYLES.t);
export const fullTime = (date) => formatted(date, STYLES.F);
export const longDay = (date) => formatted(date, STYLES.D);
export const isSameDay = (one, other) => startOfDay(one) === startOfDay(other);

/** Seconds as a player shows them: `3:07`. */
export function clock(seconds) {
  const whole = Number.isFinite(seconds) ? Math.floor(seconds) : 0;
  const [hours, minutes, rest] = [
    Math.floor(whole / 3600),
    Math.floor(whole / 60) % 60,
    whole % 60,
  ];
  const tail = `${String(rest).padStart(2, "0")}`;
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${tail}` : `${minutes}:${tail}`;
}

/** Have every relative time on the page tick. */
export function startTicking() {
  setInterval(() => {
    for (const time of document.querySelectorAll('time[data-style="R"]')) {
      const words = relative(Number(time.dataset.unix));
      if (time.textContent !== words) time.textContent = words;
    }
  }, 1000);
}

function startOfDay(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}
