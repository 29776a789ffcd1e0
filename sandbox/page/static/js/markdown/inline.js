// Discord's markdown within a line: text -> a tree of plain nodes. Knows nothing of the page.
// A node is { kind, … }; kinds with `inside` hold more nodes.

const RULES = [
  [/^\\([^0-9A-Za-z\s])/, (found) => text(found[1])],
  [/^(`+)([\s\S]*?[^`])\1(?!`)/, (found) => ({ kind: "code", text: found[2].trim() || found[2] })],
  [/^<(https?:\/\/[^\s<>]+)>/, (found) => link(found[1], [text(found[1])])],
  [
    /^<t:(-?\d{1,13})(?::([tTdDfFR]))?>/,
    (found) => ({ kind: "time", unix: Number(found[1]), style: found[2] ?? "f" }),
  ],
  [/^<@!?(\d+)>/, (found) => ({ kind: "user", id: found[1] })],
  [/^<@&(\d+)>/, (found) => ({ kind: "role", id: found[1] })],
  [/^<#(\d+)>/, (found) => ({ kind: "channel", id: found[1] })],
  [/^<\/([^:<>]{1,100}):(\d+)>/, (found) => ({ kind: "command", name: found[1] })],
  [/^<a?:(\w{2,32}):\d+>/, (found) => text(`:${found[1]}:`)],
  [/^@(everyone|here)\b/, (found) => ({ kind: "everyone", text: found[0] })],
  [
    /^\[((?:\\.|\[[^\]\n]*\]|[^[\]\\])+)\]\(\s*<?(https?:\/\/(?:\\.|\([^()\s]*\)|[^()\s<>\\])+)>?(?:\s+"[^"]*")?\s*\)/,
    (found, deeper) => link(unescaped(found[2]), deeper(found[1])),
  ],
  [/^https?:\/\/[^\s<]+/, (found) => bare(found[0])],
  [
    /^\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/,
    (found, deeper) => ({ kind: "strong", inside: deeper(found[1]) }),
  ],
  [
    /^__((?:\\[\s\S]|[^\\])+?)__(?!_)/,
    (found, deeper) => ({ kind: "underline", inside: deeper(found[1]) }),
  ],
  [
    /^~~((?:\\[\s\S]|[^\\])+?)~~(?!~)/,
    (found, deeper) => ({ kind: "strike", inside: deeper(found[1]) }),
  ],
  [
    /^\|\|((?:\\[\s\S]|[^\\])+?)\|\|/,
    (found, deeper) => ({ kind: "spoiler", inside: deeper(found[1]) }),
  ],
  [
    /^\*(?=\S)((?:\\[\s\S]|\*\*|[^*\\])+?)\*(?!\*)/,
    (found, deeper) =>
      /\s$/.test(found[1]) ? null : { kind: "emphasis", inside: deeper(found[1]) },
  ],
  [
    /^_((?:\\[\s\S]|__|[^_\\])+?)_(?!\w)/,
    (found, deeper, before) =>
      /\w$/.test(before) ? null : { kind: "emphasis", inside: deeper(found[1]) },
  ],
];
const SPECIAL = /[\\`<@[*_~|]|https?:\/\//g;
const DEEPEST = 12;

export function inlineNodes(source, depth = 0) {
  const nodes = [];
  const deeper = (inner) => (depth < DEEPEST ? inlineNodes(inner, depth + 1) : [text(inner)]);
  let at = 0;
  while (at < source.length) {
    SPECIAL.lastIndex = at;
    const next = SPECIAL.exec(source)?.index ?? source.length;
    if (next > at) add(nodes, text(source.slice(at, next)));
    at = next;
    if (at >= source.length) break;
    const rest = source.slice(at);
    const [length, node] = firstMatch(rest, deeper, source.slice(Math.max(0, at - 1), at));
    add(nodes, node ?? text(rest.slice(0, length)));
    at += length;
  }
  return nodes;
}

function firstMatch(rest, deeper, before) {
  for (const [pattern, made] of RULES) {
    const found = pattern.exec(rest);
    const node = found && made(found, deeper, before);
    if (node) return [node.length ?? found[0].length, node];
  }
  return [1, null];
}

function add(nodes, node) {
  const last = nodes.at(-1);
  if (node.kind === "text" && last?.kind === "text") last.text += node.text;
  else nodes.push(node);
}

const text = (value) => ({ kind: "text", text: value });
const link = (url, inside, length) => ({ kind: "link", url, inside, length });
const unescaped = (url) => url.replace(/\\([^0-9A-Za-z\s])/g, "$1");

/** A bare address ends before the punctuation that follows it, and before a bracket not opened in it. */
function bare(url) {
  let found = url;
  while (
    /[.,:;"'*~|\]]$/.test(found) ||
    (found.endsWith(")") && count(found, ")") > count(found, "("))
  )
    found = found.slice(0, -1);
  return /^https?:\/\/./.test(found) ? link(found, [text(found)], found.length) : null;
}

const count = (value, letter) => value.split(letter).length - 1;
