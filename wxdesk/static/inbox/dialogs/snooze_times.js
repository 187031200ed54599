// Pure: the instants behind "later today", "tomorrow", "next week", in the desk's time zone.

const HOUR = 3_600_000;
const DAY_STARTS_AT = 9;
const EVENING = 20;

/** What a clock in this zone shows at an instant: {year, month, day, hour, minute, weekday 0–6}. */
export function wallOf(instant, zone) {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  }).formatToParts(new Date(instant));
  const number = (type) => Number(parts.find((part) => part.type === type).value);
  const wall = { year: number("year"), month: number("month"), day: number("day") };
  const weekday = new Date(Date.UTC(wall.year, wall.month - 1, wall.day)).getUTCDay();
  return { ...wall, hour: number("hour"), minute: number("minute"), weekday };
}

/** The instant at which a clock in this zone shows that; days beyond a month's end go on. */
export function instantOf({ year, month, day, hour, minute = 0 }, zone) {
  const asked = Date.UTC(year, month - 1, day, hour, minute);
  const shift = (instant) => {
    const wall = wallOf(instant, zone);
    return Date.UTC(wall.year, wall.month - 1, wall.day, wall.hour, wall.minute) - instant;
  };
  const first = asked - shift(asked);
  return asked - shift(first); // once more: the zone's offset may change in between
}

/** [{key, at}] in the order of their time; `at` in milliseconds. */
export function snoozeChoices(now, zone) {
  const wall = wallOf(now, zone);
  const at = (days) => instantOf({ ...wall, day: wall.day + days, hour: DAY_STARTS_AT, minute: 0 }, zone);
  const nextHour = instantOf({ ...wall, hour: wall.hour + 4, minute: 0 }, zone);
  const toMonday = (8 - wall.weekday) % 7 || 7;
  return [
    { key: "hour", at: now + HOUR },
    ...(wall.hour + 4 <= EVENING ? [{ key: "later", at: nextHour }] : []),
    { key: "tomorrow", at: at(1) },
    ...(toMonday > 1 ? [{ key: "week", at: at(toMonday) }] : [{ key: "week", at: at(8) }]),
  ];
}

/** For <input type="datetime-local">: "2026-11-22T09:00" in this zone. */
export function inputValue(instant, zone) {
  const { year, month, day, hour, minute } = wallOf(instant, zone);
  const two = (number) => String(number).padStart(2, "0");
  return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
}

/** The instant of such a value; NaN if it is not one. */
export function instantOfInput(value, zone) {
  const found = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d)/.exec(value);
  if (!found) return Number.NaN;
  const [year, month, day, hour, minute] = found.slice(1).map(Number);
  return instantOf({ year, month, day, hour, minute }, zone);
}
