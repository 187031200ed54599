// Which rows are older than what was heard since they were fetched: only these are fetched again.

const MOST_NAMED = 5000;
const LASTS_MS = 20_000; // for what changes without news: by the clock, by another tab of one's own

let news = 0; // how often something was heard
let latestOfAll = 0; // when that concerned everything
const latestOf = new Map(); // "conversation:4" or "contact:4" -> when it was named last
const fetched = new WeakMap(); // row -> {news, at}: when its fetch began

/** Whether a list, its order or a row of it may be another after this topic. */
export const isOfList = (topic) => topic === "inbox" || /^(conversation|contact):/.test(topic);

/** Something changed at the server: what these topics name, or with "inbox" anything. */
export function noteNews(topics = ["inbox"]) {
  news += 1;
  const named = topics.filter(isOfList);
  if (named.includes("inbox") || latestOf.size + named.length > MOST_NAMED) {
    latestOfAll = news;
    latestOf.clear();
    return;
  }
  for (const topic of named) latestOf.set(topic, news);
}

/** Taken before a fetch: what is heard meanwhile may or may not be in its answer. */
export const newsUntilNow = () => ({ news, at: performance.now() });

export const stamp = (rows, moment) => rows.forEach((row) => fetched.set(row, moment));

/** Something was heard of the row since it was fetched. */
export function hasNews(row) {
  const latest = [latestOf.get(`conversation:${row.id}`), latestOf.get(`contact:${row.contact?.id}`)];
  return (fetched.get(row)?.news ?? -1) < Math.max(latestOfAll, ...latest.map((one) => one ?? 0));
}

/** The row is as the server would tell it, as far as anybody has heard. */
export function isFresh(row, now = performance.now()) {
  return !hasNews(row) && now - (fetched.get(row)?.at ?? -LASTS_MS) < LASTS_MS;
}
