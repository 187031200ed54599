// Starts the inbox: reads the page's facts, loads the texts, then draws and listens.
import { render } from "../vendor/preact.js";
import { App } from "./app.js";
import { startContact } from "./customer/contact_data.js";
import { startDrafts } from "./drafts.js";
import { html } from "./html.js";
import { hold, refreshCounts, restartList } from "./list_data.js";
import { startLive } from "./live.js";
import { startOutbox } from "./outbox.js";
import { startRouter } from "./router.js";
import { startShortcuts } from "./shortcuts.js";
import { desk } from "./store.js";
import { loadTexts } from "./texts.js";
import { startClock } from "./time.js";
import { startTitles } from "./titles.js";
import { startUploads } from "./writing/uploads.js";

async function start(root) {
  const { me, locale, timezone, sprite, texts } = root.dataset;
  Object.assign(desk, { me: JSON.parse(me), locale, sprite, timezone: timezone || undefined });
  await loadTexts(texts);
  startDrafts();
  startOutbox();
  startUploads();
  startClock();
  startRouter();
  startContact();
  restartList();
  refreshCounts().catch(() => {});
  root.textContent = "";
  render(html`<${App} />`, root);
  startTitles();
  startShortcuts();
  startLive();
  // A pointer that leaves the window altogether no longer holds the list.
  document.documentElement.addEventListener("mouseleave", () => hold("pointer", false));
}

start(document.getElementById("inbox"));
