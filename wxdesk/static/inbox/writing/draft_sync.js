// Drafts on the server: told 1.5 s after the last letter, taken over on other devices; the newer wins.
import { signal } from "../../vendor/signals.js";
import { call, get } from "../api.js";
import { drafts, putDraft, whenDraftChanges } from "../drafts.js";

const TELL_AFTER_MS = 1500;
const AGAIN_MS = 15_000;

/** {conversationId, text, note, isOurs}: the draft that lost against a newer one, or null. */
export const lost = signal(null);

const timers = new Map();
const telling = new Set();

function later(id, milliseconds) {
  clearTimeout(timers.get(id));
  timers.set(
    id,
    setTimeout(() => tell(id), milliseconds),
  );
}

whenDraftChanges((id) => {
  const { text, note } = drafts.peek()[id] ?? {};
  later(id, text || note ? TELL_AFTER_MS : 0); // an empty one was sent: gone at once
});

async function tell(id, { keepalive = false } = {}) {
  clearTimeout(timers.get(id));
  timers.delete(id);
  const entry = drafts.peek()[id];
  if (!entry?.isDirty) return;
  if (telling.has(id) && !keepalive) {
    later(id, TELL_AFTER_MS);
    return;
  }
  telling.add(id);
  const body = { reply: entry.text ?? "", note: entry.note ?? "" };
  try {
    const answer = await call("PUT", `/conversations/${id}/draft`, { body, keepalive });
    const isSame = drafts.peek()[id]?.at === entry.at;
    putDraft(id, { base: answer?.updated_at ?? null, isDirty: !isSame });
  } catch (error) {
    // Kept in this browser; told again later unless the server will never take it.
    if (error.isUncertain) later(id, AGAIN_MS);
  } finally {
    telling.delete(id);
  }
}

/** What the server has, against what this browser has. Pure. */
export function judge(ours, theirs) {
  const isNews = Boolean(theirs.updated_at) && theirs.updated_at !== ours?.base;
  const isGone = !theirs.updated_at && Boolean(ours?.base);
  const isSame =
    (ours?.text ?? "") === (theirs.reply ?? "") && (ours?.note ?? "") === (theirs.note ?? "");
  if (isSame) return "same";
  if (!isNews && !isGone) return ours?.isDirty ? "tell" : "same";
  if (!ours?.isDirty) return "take";
  if (isGone) return "tell";
  return Date.parse(theirs.updated_at) > ours.at ? "take_newer" : "keep_newer";
}

function take(id, { reply, note, updated_at: base }) {
  const at = base ? Date.parse(base) : 0;
  putDraft(id, { text: reply ?? "", note: note ?? "", at, base: base ?? null, isDirty: false });
}

/** Called when a conversation is opened or looked at again. */
export async function fetchDraft(id) {
  let theirs;
  try {
    theirs = await get(`/conversations/${id}/draft`);
  } catch {
    return; // what this browser has is shown; asked again at the next look
  }
  const ours = drafts.peek()[id];
  const verdict = judge(ours, theirs);
  const other = { text: theirs.reply ?? "", note: theirs.note ?? "" };
  if (verdict === "same" && ours && theirs.updated_at) {
    putDraft(id, { base: theirs.updated_at, isDirty: false });
  }
  if (verdict === "take_newer") {
    lost.value = { conversationId: id, text: ours.text ?? "", note: ours.note ?? "", isOurs: true };
  }
  if (verdict === "keep_newer") lost.value = { conversationId: id, ...other, isOurs: false };
  if (verdict.startsWith("take")) take(id, theirs);
  if (verdict === "keep_newer" || verdict === "tell") tell(id);
}

/** The draft that lost comes back, and the one that is shown is kept to change again. */
export function swapLost(id) {
  const other = lost.peek();
  if (other?.conversationId !== id) return;
  const { text = "", note = "" } = drafts.peek()[id] ?? {};
  lost.value = { conversationId: id, text, note, isOurs: !other.isOurs };
  putDraft(id, { text: other.text, note: other.note, at: Date.now(), isDirty: true });
  tell(id);
}

export function forgetLost() {
  lost.value = null;
}

/** Before the page goes, what was not told yet is told in one last request each. */
addEventListener("pagehide", () => {
  for (const id of timers.keys()) tell(id, { keepalive: true });
});
