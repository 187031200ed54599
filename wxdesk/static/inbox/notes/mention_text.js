// Pure: names after an @ in a note: what is being typed, and which colleagues are meant.

/** {from, query} of the name that is being typed before the cursor, or null. */
export function mentionAt(text, cursor) {
  const found = /(?:^|[\s,，。.;；:：(（])@([^\s@]{0,20})$/u.exec(text.slice(0, cursor));
  return found ? { from: cursor - found[1].length - 1, query: found[1] } : null;
}

/** Ids of the people whose `@name` is in the text; the longest name wins. */
export function mentionedIn(text, people) {
  const byLength = [...people].sort((a, b) => b.name.length - a.name.length);
  const found = new Set();
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const person = byLength.find(({ name }) => name && text.startsWith(name, at + 1));
    if (person) found.add(person.id);
  }
  return [...found];
}

/** Pieces {text, person|null} of a note; together they are the text. */
export function notePieces(text, people) {
  const byLength = [...(people ?? [])].sort((a, b) => b.name.length - a.name.length);
  const pieces = [];
  let from = 0;
  for (let at = text.indexOf("@"); at >= 0; at = text.indexOf("@", at + 1)) {
    const person = byLength.find(({ name }) => name && text.startsWith(name, at + 1));
    if (!person || at < from) continue;
    if (at > from) pieces.push({ text: text.slice(from, at), person: null });
    pieces.push({ text: `@${person.name}`, person });
    from = at + 1 + person.name.length;
  }
  if (from < text.length) pieces.push({ text: text.slice(from), person: null });
  return pieces;
}

/** People whose name fits what was typed: from the start first, then anywhere. */
export function fitting(people, query) {
  const wanted = query.toLowerCase();
  const at = (person) => person.name.toLowerCase().indexOf(wanted);
  return people
    .filter((person) => at(person) >= 0)
    .sort((a, b) => Number(at(a) > 0) - Number(at(b) > 0) || a.name.localeCompare(b.name));
}
