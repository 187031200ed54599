// Pure: the stretch of a customer's history that is loaded, growing at both ends and cut at page borders.

/** Most messages that are kept and drawn at once; the rest comes back when it is scrolled to. */
export const MOST_LOADED = 200;

/** In the order of their arrival, as the server orders them. */
export function compare(one, other) {
  return one.received_at.localeCompare(other.received_at) || one.id - other.id;
}

/**
 * Both lists by id, the later version of each message, in the order of their arrival. What did not
 * change stays the same object, so that it is not drawn again.
 */
export function merged(older, newer) {
  const byId = new Map(older.map((message) => [message.id, message]));
  for (const message of newer) {
    const known = byId.get(message.id);
    if (known && JSON.stringify(known) === JSON.stringify(message)) continue;
    byId.set(message.id, message);
  }
  return [...byId.values()].sort(compare);
}

/** What a page says about the two ends of the stretch, by the message at each end. */
function bordersOf(page, borders) {
  const olderAt = { ...borders?.olderAt };
  const newerAt = { ...borders?.newerAt };
  const first = page.items[0];
  const last = page.items.at(-1);
  if (first) olderAt[first.id] = page.next_cursor ?? null;
  if (last && page.newer_cursor) newerAt[last.id] = page.newer_cursor;
  return { olderAt, newerAt };
}

/** The stretch when it begins with this page. */
export function startedWith(page) {
  return {
    items: page.items,
    nextCursor: page.next_cursor ?? null,
    newerCursor: page.newer_cursor ?? null,
    borders: bordersOf(page),
  };
}

/** Older messages came: the newest pages beyond the limit go, and can be fetched again. */
export function withOlder(stretch, page, most = MOST_LOADED) {
  const items = merged(page.items, stretch.items);
  const borders = bordersOf(page, stretch.borders);
  const grown = { items, borders, nextCursor: page.next_cursor ?? null };
  if (items.length <= most) return grown;
  for (let at = most - 1; at >= page.items.length; at -= 1) {
    const cursor = borders.newerAt[items[at].id];
    if (cursor) return { ...grown, items: items.slice(0, at + 1), newerCursor: cursor };
  }
  return grown;
}

/** Newer messages came: the oldest pages beyond the limit go. */
export function withNewer(stretch, page, most = MOST_LOADED) {
  const items = merged(stretch.items, page.items);
  const borders = bordersOf(page, stretch.borders);
  const grown = { items, borders, newerCursor: page.newer_cursor ?? null };
  return { ...grown, ...cutOldest(items, borders, most, page.items.length) };
}

function cutOldest(items, borders, most, keep) {
  if (items.length <= most) return {};
  for (let at = items.length - most; at < items.length - keep; at += 1) {
    const cursor = borders.olderAt[items[at].id];
    if (cursor) return { items: items.slice(at), nextCursor: cursor };
  }
  return {};
}

/**
 * The newest page again: what changed is replaced, what is not there any more (taken back) goes.
 * null when messages in between are missing.
 */
export function withNewest(stretch, page, most = MOST_LOADED) {
  const known = new Set(stretch.items.map((message) => message.id));
  if (!page.items.some((message) => known.has(message.id))) return null;
  const told = new Set(page.items.map((message) => message.id));
  const [first] = page.items;
  const stays = (message) =>
    told.has(message.id) || compare(message, first) < 0 || message.id > page.last_message_id;
  const items = merged(stretch.items.filter(stays), page.items);
  const borders = bordersOf(page, stretch.borders);
  return { items, borders, ...cutOldest(items, borders, most, page.items.length) };
}
