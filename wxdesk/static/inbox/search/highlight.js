// A text with the parts that were found marked; `ranges` are [start, length] in characters.
import { html } from "../html.js";

/** Pure: [{text, isFound}] of a text and its ranges, in order, without overlaps. */
export function pieces(text, ranges = []) {
  const letters = [...text]; // the server counts characters, not halves of them
  const found = [];
  let at = 0;
  for (const [start, length] of [...ranges].sort((a, b) => a[0] - b[0])) {
    const from = Math.max(at, start);
    const to = Math.min(letters.length, start + length);
    if (to <= from) continue;
    if (from > at) found.push({ text: letters.slice(at, from).join(""), isFound: false });
    found.push({ text: letters.slice(from, to).join(""), isFound: true });
    at = to;
  }
  if (at < letters.length) found.push({ text: letters.slice(at).join(""), isFound: false });
  return found;
}

export function Highlight({ text, ranges }) {
  return html`<span dir="auto">${pieces(text, ranges).map(({ text: part, isFound }) => (isFound ? html`<mark>${part}</mark>` : part))}</span>`;
}
