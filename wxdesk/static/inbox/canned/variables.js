// Pure: the {{variables}} that a text still has, and the `/` that asks for canned responses.

const VARIABLE = /\{\{\s*[\p{L}_][\p{L}\p{N}_ .-]*\s*\}\}/gu;

/** [{name, start, end}] of the variables left in a text. */
export function variablesIn(text) {
  return [...text.matchAll(VARIABLE)].map((match) => ({
    name: match[0].slice(2, -2).trim(),
    start: match.index,
    end: match.index + match[0].length,
  }));
}

/** {from, query} of the `/words` before the cursor: at the start, after a space or a new line. */
export function slashAt(text, cursor) {
  const found = /(?:^|\s)\/([^\s/]{0,30})$/u.exec(text.slice(0, cursor));
  return found ? { from: cursor - found[1].length - 1, query: found[1] } : null;
}
