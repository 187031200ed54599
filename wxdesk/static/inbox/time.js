// The server's clock in the browser: one shared tick, spans such as 4:05, and dates in the desk's zone.
import { signal } from "../vendor/signals.js";
import { desk } from "./store.js";
import { t } from "./texts.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const SECONDS_SHOWN_BELOW = 10 * MINUTE;

let offset = 0; // server minus browser, in milliseconds

export const tick = signal(Date.now());
export const slowTick = signal(Date.now());

export function setServerNow(iso) {
  const now = Date.parse(iso);
  if (Number.isNaN(now)) return;
  // The answer was on its way for a moment: small differences are travel time, not clock error.
  const next = now - Date.now();
  if (Math.abs(next - offset) > 1000) {
    offset = next;
    beat();
  }
}

/** The server's time at this very moment, in milliseconds. */
export const serverNow = () => Date.now() + offset;

function beat() {
  const now = serverNow();
  tick.value = now;
  if (Math.abs(now - slowTick.peek()) >= 10_000) slowTick.value = now;
}

/** Tick once a second while the page can be seen. */
export function startClock() {
  let timer = null;
  const loop = () => {
    beat();
    timer = setTimeout(loop, 1000 - ((Date.now() + offset) % 1000) + 5);
  };
  const follow = () => {
    clearTimeout(timer);
    if (!document.hidden) loop();
  };
  document.addEventListener("visibilitychange", follow);
  follow();
}

/** Server time now; the calling component is redrawn every second only near `instant`. */
export function nowNear(instant) {
  const isNear = Math.abs(instant - tick.peek()) < SECONDS_SHOWN_BELOW + 11_000;
  return isNear ? tick.value : Math.max(slowTick.value, tick.peek());
}

/** 4:05 below ten minutes, then minutes, hours, days. */
export function formatSpan(milliseconds) {
  const span = Math.max(0, milliseconds);
  if (span < SECONDS_SHOWN_BELOW) {
    const seconds = Math.floor(span / 1000);
    return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  }
  if (span < HOUR) return t("span_minutes", { m: Math.floor(span / MINUTE) });
  if (span < DAY) {
    const hours = Math.floor(span / HOUR);
    return t("span_hours", { h: hours, m: Math.floor((span % HOUR) / MINUTE) });
  }
  return t("span_days", { d: Math.floor(span / DAY), h: Math.floor((span % DAY) / HOUR) });
}

/** Whole hours, for the reply window: 41h; minutes in the last hour. */
export function formatHours(milliseconds) {
  if (milliseconds < HOUR) return t("span_minutes", { m: Math.ceil(milliseconds / MINUTE) });
  return t("span_whole_hours", { h: Math.floor(milliseconds / HOUR) });
}

/** For chips: 41h, 32m, in every language. */
export function formatShort(milliseconds) {
  if (milliseconds < HOUR) return `${Math.ceil(milliseconds / MINUTE)}m`;
  return `${Math.floor(milliseconds / HOUR)}h`;
}

const formats = new Map();

function format(name, options, iso) {
  if (!iso) return "–";
  if (!formats.has(name)) {
    const language = desk.locale === "zh_CN" ? "zh-CN" : "en-GB";
    formats.set(
      name,
      new Intl.DateTimeFormat(language, { ...options, timeZone: desk.timezone, hour12: false }),
    );
  }
  return formats.get(name).format(new Date(iso));
}

export const formatTime = (iso) => format("time", { hour: "2-digit", minute: "2-digit" }, iso);

export const formatFull = (iso) =>
  format("full", { dateStyle: "medium", timeStyle: "medium" }, iso);

export const formatMoment = (iso) =>
  format("moment", { month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit" }, iso);

/** A key that is equal for two instants of the same day in the desk's zone. */
export const dayKey = (iso) =>
  format("key", { year: "numeric", month: "2-digit", day: "2-digit" }, iso);

export function formatDay(iso) {
  const now = slowTick.value;
  if (dayKey(iso) === dayKey(now)) return t("today");
  if (dayKey(iso) === dayKey(now - DAY)) return t("yesterday");
  return format("day", { year: "numeric", month: "long", day: "numeric", weekday: "short" }, iso);
}
