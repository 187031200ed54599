// The browser's own notifications, for a window that nobody looks at; allowed in the preferences.
import { preference } from "../preferences/preferences.js";
import { openConversation } from "../router.js";

const ICON = new URL("../../img/wxdesk.svg", import.meta.url).href;

/** Browsers offer them on https and on this machine only. */
export const canNotify = () => "Notification" in window && isSecureContext;

/** Ask for the browser's permission; true if it was given. Only from a click of the agent. */
export async function askToNotify() {
  if (!canNotify()) return false;
  if (Notification.permission === "granted") return true;
  return (await Notification.requestPermission()) === "granted";
}

/** One notification at a time: a new one takes the place of the last. Never what was written. */
export function notify({ id, title, body }) {
  if (!preference("notifications") || !canNotify() || Notification.permission !== "granted") return;
  if (document.hasFocus()) return;
  try {
    const shown = new Notification(title, { body, tag: "wxdesk", renotify: true, silent: true, icon: ICON });
    shown.onclick = () => {
      window.focus();
      if (id !== null) openConversation(id);
      shown.close();
    };
  } catch {
    // Android's Chromium knows only those of a service worker
  }
}
