// The window's title carries the number of customers who wait.
import { effect } from "../vendor/signals.js";
import { waitingCount } from "./store.js";
import { t } from "./texts.js";

export function startTitles() {
  effect(() => {
    const n = waitingCount.value;
    document.title = `${n ? `(${n}) ` : ""}${t("inbox")} · wxdesk`;
  });
}
