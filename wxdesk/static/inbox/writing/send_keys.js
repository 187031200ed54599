// Pure: what a press of Enter means in the reply box, by the agent's preference.

/**
 * "send", "resolve", "resolve_next", "newline", or null when the press is none of the box's.
 * `sendKey`: "enter" (Shift+Enter is a new line) or "ctrl_enter" (Enter is a new line).
 */
export function meaningOf({ key, shiftKey, altKey, ctrlKey, metaKey }, sendKey) {
  if (key !== "Enter") return null;
  const isMod = ctrlKey || metaKey;
  if (isMod && altKey) return "resolve_next";
  if (isMod && shiftKey) return "resolve";
  if (isMod) return "send";
  if (shiftKey || altKey) return "newline";
  return sendKey === "ctrl_enter" ? "newline" : "send";
}
