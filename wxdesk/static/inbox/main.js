// Starts the inbox: reads the page's facts, loads the texts, then draws and listens.
import { render } from "../vendor/preact.js";
import { startBellNews } from "./alerts/bell_news.js";
import { prepareSound } from "./alerts/sound.js";
import { startTitles } from "./alerts/titles.js";
import { startWatch } from "./alerts/watch.js";
import { App } from "./app.js";
import { startBulk } from "./bulk/bulk_data.js";
import { startSelection } from "./bulk/selection.js";
import { startContact } from "./customer/contact_data.js";
import { startDrafts } from "./drafts.js";
import { html } from "./html.js";
import { hold, refreshCounts, restartList } from "./list_data.js";
import { startListKeys } from "./list_keys.js";
import { startLive } from "./live.js";
import { startOutbox } from "./outbox.js";
import { startPreferences } from "./preferences/preferences.js";
import { startHeartbeat } from "./presence/heartbeat.js";
import { startRouter } from "./router.js";
import { startSearch } from "./search/search_data.js";
import { startShortcuts } from "./shortcuts.js";
import { desk } from "./store.js";
import { loadTexts } from "./texts.js";
import { startThread } from "./thread/start.js";
import { startClock } from "./time.js";
import { startViews } from "./views/saved_views.js";
import { startUploads } from "./writing/uploads.js";

/** What the agent sees first. */
function startScreen() {
  startPreferences();
  startDrafts();
  startOutbox();
  startUploads();
  startClock();
  startSearch();
  startListKeys();
  startRouter();
  startThread();
  startContact();
  restartList();
  refreshCounts().catch(() => {});
}

/** What goes on while the page is open. */
function startWork(sound) {
  startSelection();
  startTitles();
  startShortcuts();
  startLive();
  startViews();
  startBulk();
  startHeartbeat();
  prepareSound(sound);
  startWatch();
  startBellNews();
}

async function start(root) {
  const { me, locale, timezone, sprite, texts, sound, badge } = root.dataset;
  Object.assign(desk, { me: JSON.parse(me), locale, sprite, timezone: timezone || undefined });
  desk.assets = { badge: new URL(badge, location.href).href };
  await loadTexts(texts);
  startScreen();
  root.textContent = "";
  render(html`<${App} />`, root);
  startWork(sound);
  // A pointer that leaves the window altogether no longer holds the list.
  document.documentElement.addEventListener("mouseleave", () => hold("pointer", false));
}

start(document.getElementById("inbox"));
