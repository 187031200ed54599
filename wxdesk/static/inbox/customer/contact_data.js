// The customer of the open conversation: what the panel shows, and every change to it.
import { computed, effect, signal } from "../../vendor/signals.js";
import { get, patch, put } from "../api.js";
import { current, isPanelOpen, selectedId, show } from "../store.js";
import { sentence, t } from "../texts.js";
import { refreshThread } from "../thread_data.js";

/** {id, status: "loading" | "ready" | "error", data, error} */
const fetched = signal({ id: null, status: "loading", data: null, error: null });
/** Names of the changes under way: "remark", "tags", "blacklist". */
export const changing = signal(new Set());

export const contactId = computed(() => current.value?.contact?.id ?? null);

/** What the conversation says about the customer, and more once the details are here. */
export const contact = computed(() => {
  const known = current.value?.contact ?? {};
  return fetched.value.id === known.id ? { ...known, ...fetched.value.data } : known;
});

export const contactFailure = computed(() =>
  fetched.value.id === contactId.value && fetched.value.status === "error"
    ? fetched.value.error
    : null,
);

function receive(id, data) {
  if (contactId.peek() === id) fetched.value = { id, status: "ready", data, error: null };
}

/** Fetch the details while the panel is open; rows of the list do not carry them. */
export async function refreshContact() {
  const id = contactId.peek();
  if (id === null || !isPanelOpen.peek()) return;
  try {
    receive(id, await get(`/contacts/${id}`));
  } catch (error) {
    const known = fetched.peek();
    if (contactId.peek() === id && !(known.id === id && known.data)) {
      fetched.value = { id, status: "error", data: null, error };
    }
  }
}

export function startContact() {
  effect(() => {
    if (contactId.value !== null && isPanelOpen.value) refreshContact();
  });
}

async function change(name, id, work) {
  if (changing.peek().has(name)) return false;
  changing.value = new Set([...changing.peek(), name]);
  try {
    receive(id, await work());
    if (selectedId.peek() !== null) refreshThread(selectedId.peek());
    return true;
  } catch (error) {
    show(t("not_changed", { reason: sentence(error.message) }), "error");
    return false;
  } finally {
    changing.value = new Set([...changing.peek()].filter((other) => other !== name));
  }
}

export const saveRemark = (id, remark) =>
  change("remark", id, () => patch(`/contacts/${id}`, { remark }));

export const setBlacklisted = (id, isBlacklisted) =>
  change("blacklist", id, () => patch(`/contacts/${id}`, { is_blacklisted: isBlacklisted }));

export const saveTags = (id, tags) =>
  change("tags", id, () => put(`/contacts/${id}/tags`, { tags }));

export const fetchTagNames = (account, stop) =>
  get(`/accounts/${account}/tags`, { signal: stop }).then(({ items }) => items);
