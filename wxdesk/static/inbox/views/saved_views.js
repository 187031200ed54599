// Saved views, one's own and shared ones: fetched once, changed at the server.
import { signal } from "../../vendor/signals.js";
import { call, get, patch, post } from "../api.js";
import { coalesced, onTopic } from "../live.js";
import { view } from "../store.js";
import { VIEWS, queryOf, savedIdOf } from "./catalog.js";
import { t } from "../texts.js";

const EVERY_MS = 2000;

/** [{id, name, is_shared, owner, query, may_edit}] by name; null until it was fetched. */
export const savedViews = signal(null);

export async function refreshViews() {
  savedViews.value = (await get("/views")).items;
}

export const savedView = (name) => {
  const id = savedIdOf(name);
  return id === null ? null : ((savedViews.value ?? []).find((one) => one.id === id) ?? null);
};

/** What the head of the list says above the rows. */
export function viewTitle(name = view.value) {
  if (VIEWS[name]) return t(`view_${name}`);
  return savedView(name)?.name ?? t("saved_view");
}

/** The filters of a view and those chosen on top of it, to be saved as one. */
export function mergedQuery(name, chosen) {
  const { view: saved, ...own } = queryOf(name);
  return { ...(saved ? (savedView(name)?.query ?? {}) : own), ...chosen };
}

export async function createView(name, query, isShared) {
  const made = await post("/views", { name, query, is_shared: isShared });
  await refreshViews();
  return made;
}

export async function changeView(id, facts) {
  await patch(`/views/${id}`, facts);
  await refreshViews();
}

export async function deleteView(id) {
  await call("DELETE", `/views/${id}`);
  await refreshViews();
}

export function startViews() {
  const refresh = coalesced(refreshViews, EVERY_MS);
  onTopic("views", refresh);
  onTopic("resync", refresh);
  refresh();
}
