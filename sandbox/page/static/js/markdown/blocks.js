// Discord's markdown by lines: code blocks, quotes, headings, lists and what lies between them.

import { inlineNodes } from "./inline.js";

const FENCE = /```(?:([\w+.#-]*)\n)?\n*([\s\S]*?)\n*```/;
const HEADING = /^(#{1,3})\s+(.+)$/;
const SMALL = /^-#\s+(.+)$/;
const ITEM = /^(\s*)(?:[-*]|(\d{1,4})\.)\s+(.*)$/;

/** The blocks of a text: { kind: code | quote | heading | small | list | lines }. */
export function blocks(source) {
  const found = FENCE.exec(source);
  if (!found || !found[2].trim()) return lineBlocks(source);
  const before = source.slice(0, found.index).replace(/\n$/, "");
  const after = source.slice(found.index + found[0].length).replace(/^\n/, "");
  return [
    ...(before ? lineBlocks(before) : []),
    { kind: "code", language: found[1] ?? "", text: found[2] },
    ...(after ? blocks(after) : []),
  ];
}

function lineBlocks(source) {
  const made = [];
  const lines = source.split("\n");
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at];
    if (line.startsWith(">>> ")) {
      const rest = [line.slice(4), ...lines.slice(at + 1)].join("\n");
      made.push({ kind: "quote", inside: blocks(rest) });
      break;
    }
    if (/^> /.test(line) || line === ">") {
      const quoted = [];
      while (at < lines.length && (/^> /.test(lines[at]) || lines[at] === ">"))
        quoted.push(lines[at++].slice(2));
      at -= 1;
      made.push({ kind: "quote", inside: lineBlocks(quoted.join("\n")) });
    } else if (HEADING.test(line)) {
      const [, marks, words] = HEADING.exec(line);
      made.push({ kind: "heading", level: marks.length, inside: inlineNodes(words) });
    } else if (SMALL.test(line)) {
      made.push({ kind: "small", inside: inlineNodes(SMALL.exec(line)[1]) });
    } else if (ITEM.test(line)) {
      const items = [];
      while (at < lines.length && ITEM.test(lines[at])) items.push(item(lines[at++]));
      at -= 1;
      made.push(...lists(items));
    } else {
      const last = made.at(-1);
      if (last?.kind === "lines") last.text += `\n${line}`;
      else made.push({ kind: "lines", text: line });
    }
  }
  return made.map((each, at) => {
    if (each.kind !== "lines") return each;
    // a block does not show the line break at its end: a blank line before the next one needs two
    const isBlankAtEnd = at < made.length - 1 && /(^|\n)$/.test(each.text);
    return { kind: "lines", inside: inlineNodes(isBlankAtEnd ? `${each.text}\n` : each.text) };
  });
}

function item(line) {
  const [, indent, number, words] = ITEM.exec(line);
  return {
    depth: Math.min(Math.floor(indent.length / 2), 10),
    number: number === undefined ? null : Number(number),
    inside: inlineNodes(words),
  };
}

/** Lists of the same depth that stand together: a numbered one ends where a bulleted one begins. */
function lists(items) {
  const [first] = items;
  const other = items.findIndex(
    (each) => each.depth <= first.depth && (each.number === null) !== (first.number === null),
  );
  return other < 0 ? [list(items)] : [list(items.slice(0, other)), ...lists(items.slice(other))];
}

function list(items) {
  const [first] = items;
  const made = { kind: "list", start: first.number, items: [] };
  for (let at = 0; at < items.length; at += 1) {
    if (items[at].depth <= first.depth) {
      made.items.push({ inside: items[at].inside, lists: [] });
      continue;
    }
    const inner = [];
    while (at < items.length && items[at].depth > first.depth) inner.push(items[at++]);
    at -= 1;
    made.items.at(-1).lists.push(...lists(inner));
  }
  return made;
}
