// Pure: how newly fetched rows are put into the rows that are loaded already.

/** Where the page that `cursor` fetched begins; 0 for the first page or an unknown one. */
export function startOf({ items, marks }, cursor) {
  const mark = marks.find((one) => one.cursor === cursor);
  if (!mark) return 0;
  return Math.max(0, items.findIndex((row) => row.id === mark.firstId));
}

/** The last page beginning at or before this row: {cursor, start}; cursor null for the first. */
export function pageBefore(state, index) {
  const places = new Map(state.items.map((row, place) => [row.id, place]));
  let found = { cursor: null, start: 0 };
  for (const { cursor, firstId } of state.marks) {
    const start = places.get(firstId) ?? -1;
    if (start >= found.start && start <= index) found = { cursor, start };
  }
  return found;
}

/**
 * Rows with one part fetched anew: what is above stays, what follows stays where it still joins.
 * `page` is {items, next_cursor} as fetched with `cursor`.
 */
export function spliced(state, cursor, page) {
  const { items, marks } = state;
  const fresh = new Set(page.items.map((row) => row.id));
  const start = startOf(state, cursor);
  const head = items.slice(0, start).filter((row) => !fresh.has(row.id));
  const end = page.next_cursor ? endOfRun(items, page.items, start) : -1;
  const tail = end < 0 ? [] : items.slice(end + 1).filter((row) => !fresh.has(row.id));
  const next = [...head, ...page.items, ...tail];
  const ids = new Set(next.map((row) => row.id));
  const kept = marks.filter((mark) => mark.cursor === cursor || (ids.has(mark.firstId) && !fresh.has(mark.firstId)));
  const found = kept.map((mark) =>
    mark.cursor === cursor ? { cursor, firstId: page.items[0]?.id } : mark,
  );
  if (tail.length) found.push({ cursor: page.next_cursor, firstId: tail[0].id });
  return {
    items: next,
    marks: found,
    nextCursor: tail.length ? state.nextCursor : page.next_cursor,
  };
}

/** The old place of the last of those rows that kept their order: what came after it still follows. */
function endOfRun(old, rows, start) {
  const places = new Map(old.map((row, place) => [row.id, place]));
  const stayed = rows.map((row) => places.get(row.id)).filter((place) => place >= start);
  return risingRun(stayed).at(-1) ?? -1;
}

/** The smallest ends of the longest rising runs of places; its length is the longest run. */
export function risingRun(places) {
  const ends = []; // ends[n]: the smallest place that a run of n + 1 rows can end with
  for (const place of places) {
    let low = 0;
    let high = ends.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (ends[middle] < place) low = middle + 1;
      else high = middle;
    }
    ends[low] = place;
  }
  return ends;
}

/** How many rows came, went or moved between two lists of rows. */
export function countChanges(before, after) {
  const places = new Map(before.map((row, index) => [row.id, index]));
  const stayed = after.map((row) => places.get(row.id)).filter((place) => place !== undefined);
  const came = after.length - stayed.length;
  const gone = before.length - stayed.length;
  return came + gone + (stayed.length - risingRun(stayed).length);
}

const DRAWN_WHOLE = 60;
const SPARE = 6;

/** First and last index of the rows to draw: those in view with some to spare; of few rows all. */
export function visibleRange({ top, height, rowHeight, count }) {
  const spare = count <= DRAWN_WHOLE ? count : SPARE;
  const from = Math.max(0, Math.floor(top / rowHeight) - spare);
  const to = Math.min(count - 1, Math.ceil((top + height) / rowHeight) + spare);
  return { from, to };
}
