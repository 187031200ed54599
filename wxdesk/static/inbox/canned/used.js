// Which canned responses went into a draft: they are counted when it is sent, not when picked.
import { post } from "../api.js";

const picked = new Map(); // conversation id -> Set of ids

export function notePicked(conversationId, id) {
  const ids = picked.get(conversationId) ?? new Set();
  picked.set(conversationId, ids.add(id));
}

/** The canned responses of the draft that is being sent; none afterwards. */
export function takePicked(conversationId) {
  const ids = [...(picked.get(conversationId) ?? [])];
  picked.delete(conversationId);
  return ids;
}

/** The draft came back: what was in it is in it again. */
export function putPickedBack(conversationId, ids) {
  for (const id of ids ?? []) notePicked(conversationId, id);
}

export function countUsed(ids) {
  for (const id of ids) {
    post(`/canned-responses/${id}/used`).catch(() => {}); // a missing count harms nobody
  }
}
