// What the options of a command take: offered values, and reading what was typed. Draws nothing.

import { store } from "../store.js";

export const KIND = {
  string: 3,
  integer: 4,
  boolean: 5,
  user: 6,
  channel: 7,
  role: 8,
  mentionable: 9,
  number: 10,
  attachment: 11,
};
const NAMES = {
  3: "text",
  4: "whole number",
  5: "true or false",
  6: "user",
  7: "channel",
  8: "role",
  9: "user or role",
  10: "number",
  11: "file",
};

export const kindName = (option) => NAMES[option.type] ?? "";
export const isListed = (option) =>
  Boolean(option.choices?.length) || [5, 6, 7, 8, 9].includes(option.type);

/** The values that an option offers by itself: { name, value }. */
export function offered(option) {
  const people = () =>
    [...store.members, store.bot].map((each) => ({ name: each.name, value: each.id }));
  const roles = () =>
    [...store.roles.values()].map((each) => ({ name: each.name, value: each.id }));
  if (option.choices?.length) return option.choices;
  switch (option.type) {
    case KIND.boolean:
      return [
        { name: "True", value: true },
        { name: "False", value: false },
      ];
    case KIND.user:
      return people();
    case KIND.channel:
      return [...store.channels.values()]
        .filter((each) => each.guild)
        .map((each) => ({ name: `#${each.name}`, value: each.id }));
    case KIND.role:
      return roles();
    case KIND.mentionable:
      return [...people(), ...roles()];
    default:
      return [];
  }
}

/** Read typed `text`: { value } (undefined if there is nothing), or { problem }. */
export function read(option, text) {
  const typed = text.trim();
  if (!typed) return {};
  if (isListed(option)) {
    const found = offered(option).find((each) => each.name.toLowerCase() === typed.toLowerCase());
    return found ? { value: found.value } : { problem: "Choose one of the list." };
  }
  if (option.type === KIND.integer || option.type === KIND.number) return readNumber(option, typed);
  const { min_length: least = 0, max_length: most = 6000 } = option;
  if (text.length < least || text.length > most)
    return { problem: `Must be ${least} to ${most} characters long.` };
  return { value: text };
}

function readNumber(option, typed) {
  const value = Number(typed);
  if (!Number.isFinite(value) || (option.type === KIND.integer && !Number.isInteger(value)))
    return { problem: `Enter a ${kindName(option)}.` };
  const { min_value: least = -Infinity, max_value: most = Infinity } = option;
  return value < least || value > most
    ? { problem: `Must be between ${least} and ${most}.` }
    : { value };
}

/** Take apart what follows a command's name, such as `clip:abc at:0:12`: [[option, text], …]. */
export function takenApart(options, text) {
  const names = options.map((each) => each.name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|");
  if (!names) return [];
  const marks = [...text.matchAll(new RegExp(`(?:^|\\s)(${names}):`, "g"))];
  const named = marks.map((mark, index) => [
    options.find((each) => each.name === mark[1]),
    text.slice(mark.index + mark[0].length, marks[index + 1]?.index).trim(),
  ]);
  const loose = text.slice(0, marks[0]?.index ?? text.length).trim();
  const [first] = options.filter(
    (each) => each.required && !named.some(([option]) => option === each),
  );
  return loose && first ? [[first, loose], ...named] : named;
}
