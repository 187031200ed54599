// The window's title carries the number of customers who wait, the tab's picture a mark.
import { effect } from "../../vendor/signals.js";
import { desk, isSignedOut, waitingCount } from "../store.js";
import { t } from "../texts.js";

const MOST = 99;

export function startTitles() {
  const link = document.querySelector('link[rel="icon"]');
  const plain = link.href;
  effect(() => {
    const n = isSignedOut.value ? 0 : waitingCount.value;
    document.title = `${n ? `(${n > MOST ? `${MOST}+` : n}) ` : ""}${t("inbox")} · wxdesk`;
    const wanted = n ? desk.assets.badge : plain;
    if (link.href !== wanted) link.href = wanted;
  });
}
