// Which conversations are picked for an action on many: single rows, ranges, or all of a query.
import { computed, effect, signal } from "../../vendor/signals.js";
import { list, listQuery } from "../list_data.js";
import { counts, filters, page, view } from "../store.js";
import { countOf } from "../views/catalog.js";

const picked = signal(new Set());
/** Everything that the view and its filters find, also what is not loaded. */
export const isAllPicked = signal(false);

let anchor = null; // where a range begins

export function isPicked(id) {
  return isAllPicked.value || picked.value.has(id);
}

/** How many the view finds; undefined with filters on top, which nobody has counted. */
export const viewCount = computed(() =>
  Object.keys(filters.value).length ? undefined : countOf(view.value, counts.value),
);

/** How many are picked; undefined if it is everything and nobody has counted it yet. */
export const pickedCount = computed(() =>
  isAllPicked.value ? viewCount.value : picked.value.size,
);

export const hasPicked = computed(() => isAllPicked.value || picked.value.size > 0);

export function toggle(id, { isRange = false } = {}) {
  const next = new Set(isAllPicked.peek() ? list.peek().items.map((row) => row.id) : picked.peek());
  isAllPicked.value = false;
  const ids = list.peek().items.map((row) => row.id);
  const from = ids.indexOf(anchor);
  const to = ids.indexOf(id);
  if (isRange && from >= 0 && to >= 0) {
    for (const one of ids.slice(Math.min(from, to), Math.max(from, to) + 1)) next.add(one);
  } else if (next.has(id)) {
    next.delete(id);
  } else {
    next.add(id);
  }
  anchor = id;
  picked.value = next;
}

export function pickLoaded() {
  isAllPicked.value = false;
  picked.value = new Set(list.peek().items.map((row) => row.id));
}

export const pickAll = () => (isAllPicked.value = true);

export function clearPicked() {
  anchor = null;
  isAllPicked.value = false;
  if (picked.peek().size) picked.value = new Set();
}

/** For the server: {ids} or {query}. */
export function pickedBody() {
  return isAllPicked.peek() ? { query: listQuery() } : { ids: [...picked.peek()] };
}

/** Another view or other filters show other rows: nothing stays picked out of sight. */
export function startSelection() {
  effect(() => {
    void [view.value, filters.value, page.value];
    clearPicked();
  });
}
