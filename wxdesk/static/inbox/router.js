// Addresses: /inbox and /inbox/<id>, the view in ?view=; the browser's back button works.
import { batch } from "../vendor/signals.js";
import { restartList } from "./list_data.js";
import { VIEWS, chosenOrder, selectedId, view } from "./store.js";
import { openThread } from "./thread_data.js";

export function hrefOf(id, inView = view.value) {
  const path = id === null ? "/inbox" : `/inbox/${id}`;
  return inView === "mine" ? path : `${path}?view=${inView}`;
}

function read() {
  const found = /^\/inbox\/(\d+)/.exec(location.pathname);
  const asked = new URLSearchParams(location.search).get("view");
  return { id: found ? Number(found[1]) : null, name: asked in VIEWS ? asked : "mine" };
}

export function openConversation(id, { replace = false } = {}) {
  if (id === selectedId.peek()) return;
  const href = hrefOf(id, view.peek());
  if (replace) history.replaceState(null, "", href);
  else history.pushState(null, "", href);
  openThread(id);
}

export function openView(name) {
  if (name === view.peek()) {
    restartList();
    return;
  }
  view.value = name;
  history.pushState(null, "", hrefOf(selectedId.peek(), name));
  restartList();
}

export function chooseOrder(name) {
  chosenOrder.value = name;
  restartList();
}

/** A click that means "open here", not in a new tab. */
export function isPlainClick(event) {
  return event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
}

export function startRouter() {
  const follow = () => {
    const { id, name } = read();
    const isOther = name !== view.peek();
    batch(() => {
      view.value = name;
      openThread(id);
    });
    return isOther;
  };
  addEventListener("popstate", () => {
    if (follow()) restartList();
  });
  follow();
}
