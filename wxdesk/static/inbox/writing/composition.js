// Whether a key press belongs to an input method, in every order in which browsers tell.
import { isComposing } from "../shortcuts.js";

const SAME_PRESS_MS = 10;

let endedAt = Number.NEGATIVE_INFINITY;

document.addEventListener("compositionend", (event) => (endedAt = event.timeStamp), true);
document.addEventListener("keyup", () => (endedAt = Number.NEGATIVE_INFINITY), true);

/**
 * Safari ends the composition first and only then reports the Enter that ended it, as an ordinary
 * key: what comes together with the end of a composition belongs to it.
 */
export function belongsToInputMethod(event) {
  return isComposing(event) || event.timeStamp - endedAt < SAME_PRESS_MS;
}
