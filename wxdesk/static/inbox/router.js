// Addresses: /inbox, /inbox/<id>, /inbox/search; view and filters after the ?; Back works.
import { batch } from "../vendor/signals.js";
import { restartList } from "./list_data.js";
import { chosenOrder, filters, isNavOpen, page, selectedId, targetMessage, view } from "./store.js";
import { openThread } from "./thread_data.js";
import { FILTERS, isViewName } from "./views/catalog.js";

const SEARCH = "/inbox/search";
const SEARCH_FIELDS = ["q", "kind", "account", "agent", "tag", "from", "to", "order"];

/** What the search screen is asked for; {} of strings, as in the address. */
export const searchQuery = { current: {} };
const searchListeners = new Set();

/** Called whenever the address names another search. */
export function onSearch(work) {
  searchListeners.add(work);
}

function paramsOf(name, chosen) {
  const params = new URLSearchParams();
  if (name !== "mine") params.set("view", name);
  for (const key of FILTERS) if (chosen[key]) params.set(key, chosen[key]);
  return params;
}

export function hrefOf(id, inView = view.value, chosen = filters.value) {
  const path = id === null ? "/inbox" : `/inbox/${id}`;
  const params = paramsOf(inView, chosen).toString();
  return params ? `${path}?${params}` : path;
}

/** Where one message is; opening it jumps there. */
export function hrefOfMessage(id, messageId) {
  const params = paramsOf(view.value, filters.value);
  params.set("message", messageId);
  return `/inbox/${id}?${params}`;
}

export function hrefOfSearch(wanted) {
  const params = new URLSearchParams();
  for (const key of SEARCH_FIELDS) if (wanted[key]) params.set(key, wanted[key]);
  const text = params.toString();
  return text ? `${SEARCH}?${text}` : SEARCH;
}

function read() {
  const params = new URLSearchParams(location.search);
  if (location.pathname.startsWith(SEARCH)) {
    const wanted = Object.fromEntries(SEARCH_FIELDS.map((key) => [key, params.get(key) ?? ""]));
    return { page: "search", wanted };
  }
  const found = /^\/inbox\/(\d+)/.exec(location.pathname);
  const name = params.get("view");
  const chosen = FILTERS.filter((key) => params.get(key)).map((key) => [key, params.get(key)]);
  return {
    page: "list",
    id: found ? Number(found[1]) : null,
    name: isViewName(name) ? name : "mine",
    chosen: Object.fromEntries(chosen),
    message: Number(params.get("message")) || null,
  };
}

export function openConversation(id, { replace = false, message = null } = {}) {
  if (id === selectedId.peek() && !message && page.peek() === "list") return;
  const href = message ? hrefOfMessage(id, message) : hrefOf(id, view.peek(), filters.peek());
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  batch(() => {
    page.value = "list";
    targetMessage.value = message;
    openThread(id);
  });
}

/** Leave the search and show the list with whatever is open. */
function showList() {
  page.value = "list";
  isNavOpen.value = false;
}

export function openView(name) {
  const isSame = name === view.peek() && page.peek() === "list";
  showList();
  if (!isSame) {
    view.value = name;
    filters.value = {};
    history.pushState(null, "", hrefOf(selectedId.peek(), name, {}));
  }
  return restartList();
}

/** Set or clear filters: {tag: "退款"} adds, {tag: ""} removes. */
export function chooseFilters(changes) {
  const next = { ...filters.peek(), ...changes };
  for (const key of Object.keys(next)) if (!next[key]) delete next[key];
  filters.value = next;
  history.replaceState(null, "", hrefOf(selectedId.peek(), view.peek(), next));
  return restartList();
}

export const clearFilters = () =>
  chooseFilters(Object.fromEntries(FILTERS.map((key) => [key, ""])));

export function chooseOrder(name) {
  chosenOrder.value = name;
  return restartList();
}

export function openSearch(wanted = {}, { replace = false } = {}) {
  const href = hrefOfSearch(wanted);
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  follow();
}

/** A click that means "open here", not in a new tab. */
export function isPlainClick(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

/** Show what the address says; true if the list has to be fetched anew. */
function follow() {
  const asked = read();
  if (asked.page === "search") {
    const isFirst = page.peek() !== "search";
    batch(() => {
      page.value = "search";
      if (isFirst) openThread(null);
    });
    searchQuery.current = asked.wanted;
    for (const listen of searchListeners) listen(asked.wanted);
    return false;
  }
  const before = hrefOf(null, view.peek(), filters.peek());
  batch(() => {
    page.value = "list";
    view.value = asked.name;
    filters.value = asked.chosen;
    targetMessage.value = asked.message;
    openThread(asked.id);
  });
  return hrefOf(null, asked.name, asked.chosen) !== before;
}

export function startRouter() {
  addEventListener("popstate", () => {
    if (follow()) restartList();
  });
  follow();
}
