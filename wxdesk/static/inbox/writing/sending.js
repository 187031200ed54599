// Sending from the reply box: a long text is shown in its parts first, open variables stop it.
import { useState } from "../../vendor/preact-hooks.js";
import { variablesIn } from "../canned/variables.js";
import { chooseSnooze } from "../dialogs/index.js";
import { setDraft } from "../drafts.js";
import { show } from "../store.js";
import { t } from "../texts.js";
import { noteIdle } from "../thread/here.js";
import { sendAll } from "./composing.js";

/** What happens to the conversation together with the answer, as the server wants it. */
export function thenOf(kind, until) {
  if (kind === "resolve" || kind === "resolve_next") return { resolve: true };
  if (kind === "pending") return { pending: true };
  if (kind === "snooze") return { snooze_until: until };
  return undefined;
}

/** The first open variable is selected, so that typing replaces it. */
export function selectVariable(area, variable) {
  area.focus();
  area.setSelectionRange(variable.start, variable.end);
}

/**
 * {isAsking, send(kind)}: kind is "send", "resolve", "resolve_next", "pending" or "snooze". Several
 * parts are sent on the second press.
 */
export function useSending({ id, text, plan, isOff, conflict }, area, onSent) {
  const [askedFor, setAskedFor] = useState(null);
  const isAsking = plan.isLong && askedFor === text;
  const send = async (kind) => {
    // Read the box itself: nothing typed in the last instant is left behind.
    const written = area.current.value;
    if (isOff || conflict || plan.isBlocked) return;
    if (written !== text) return setDraft(id, written);
    const [open] = variablesIn(written);
    if (open) {
      selectVariable(area.current, open);
      return show(t("variable_open", { name: open.name }), "error");
    }
    if (plan.isLong && !isAsking) return setAskedFor(text);
    const answer = kind === "snooze" ? await chooseSnooze() : null;
    if (kind === "snooze" && !answer) return;
    if (area.current?.value !== written) return; // changed while the dialog was open
    setDraft(id, "");
    noteIdle();
    const then = thenOf(kind, answer?.until ?? null);
    const { isHeld, isLong } = plan;
    sendAll(id, written, { isHeld, isLong, then, thenGo: kind === "resolve_next" });
    setAskedFor(null);
    area.current.focus();
    onSent();
  };
  return { isAsking, send };
}
