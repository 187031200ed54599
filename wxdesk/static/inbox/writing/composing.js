// What the reply box would send now: parts, files, cost, and whether it may be sent at all.
import { takePicked } from "../canned/used.js";
import { sendReply } from "../outbox.js";
import { MOST_BYTES, bytesOf, splitText } from "./split.js";
import { takeReady } from "./uploads.js";

let lastGroup = 0;

const QUOTA = 5; // answers that a customer's next message will allow

/**
 * Pure: {parts, used, isLong, isUploading, hasFailed, isEmpty, isBlocked, isHeld, cost} for a text
 * and files.
 */
export function planOf({ text, files, ways, remaining, isPassive }) {
  const parts = splitText(text.trim());
  const ready = files.filter((one) => one.state === "ready");
  const isUploading = files.some((one) => one.state === "uploading");
  const hasFailed = files.some((one) => one.state === "failed");
  const n = parts.length + files.filter((one) => one.state !== "failed").length;
  // A long text that the rest of the window cannot take may wait as a whole for the next one.
  const isTooLong = ways.maySend && !files.length && n > remaining;
  const isHeld = (!ways.maySend && ways.mayHold) || (isTooLong && n <= QUOTA);
  const most = isPassive ? 1 : isHeld ? QUOTA : remaining;
  const isTooMany = n > most;
  const isEmpty = !parts.length && !ready.length;
  const isOff = !ways.maySend && !ways.mayHold;
  return {
    parts,
    used: bytesOf(text),
    isLong: parts.length > 1,
    isHeld,
    isUploading,
    isEmpty,
    isBlocked: isOff || isEmpty || isUploading || hasFailed || isTooMany,
    cost: { n, most, isTooMany, isHeld, left: isTooLong ? remaining : null },
  };
}

function bodyOfFile({ kind, attachment, title }, extra) {
  const named = kind === "video" && title.trim() ? { title: title.trim() } : {};
  return { kind, attachment_id: attachment.id, ...named, ...extra };
}

/**
 * Put the files and then the text into the outbox, each as a message of its own; what shall happen
 * `then` to the conversation happens with the last. `thenGo`: open the next conversation.
 */
export function sendAll(conversationId, text, { isHeld, isLong, then, thenGo }) {
  const extra = isHeld ? { hold: true } : {};
  const bodies = takeReady(conversationId).map((one) => [
    bodyOfFile(one, extra),
    { attachment: one.attachment },
  ]);
  const trimmed = text.trim();
  if (trimmed) {
    bodies.push([{ text: trimmed, ...extra, ...(isLong ? { allow_split: true } : {}) }, {}]);
  }
  const canned = takePicked(conversationId);
  const group = `group-${(lastGroup += 1)}-${Date.now()}`;
  bodies.forEach(([body, shown], index) => {
    const last = index === bodies.length - 1 ? { then, thenGo, canned } : {};
    sendReply(conversationId, body, { ...shown, ...last, group });
  });
}

export { MOST_BYTES };
