// The views of the sidebar: what each asks the server, which count it shows, how it is ordered.

export const ORDERS = ["deadline", "waiting", "newest", "priority"];

/** Built-in views in the order of the sidebar; a line is drawn above `begins`. */
export const VIEWS = {
  mine: { icon: "user", query: { status: "open", assignee: "me" } },
  unassigned: { icon: "user-question", query: { status: "open", assignee: "none" } },
  all: { icon: "messages", query: { status: "open" } },
  breached: {
    icon: "alert-circle",
    query: { status: "open", breached: "true" },
    tone: "red",
    begins: true,
  },
  due_soon: { icon: "clock-exclamation", query: { status: "open", due_soon: "true" }, tone: "amber" },
  closing_soon: { icon: "hourglass", query: { status: "open", closing_soon: "true" }, tone: "amber" },
  mentions: { icon: "at", query: { mentions: "me" }, order: "newest", begins: true },
  pending: { icon: "message-2", query: { status: "pending" }, order: "newest" },
  snoozed: { icon: "zzz", query: { status: "snoozed" }, order: "newest" },
  drafts: { icon: "pencil", query: { drafts: "me" }, order: "newest" },
  resolved: {
    icon: "circle-check",
    query: { status: "resolved" },
    count: "resolved_today",
    order: "newest",
    begins: true,
  },
  spam: { icon: "shield-x", query: { spam: "true" }, order: "newest" },
};

export const FILTERS = ["team", "assignee", "tag", "account", "priority", "unread"];
export const PRIORITIES = ["urgent", "high", "normal", "low"];

const SAVED = /^saved-(\d+)$/;

/** The id of a saved view by the name that addresses use ("saved-12"); null for a built-in one. */
export function savedIdOf(name) {
  const found = SAVED.exec(name ?? "");
  return found ? Number(found[1]) : null;
}

export const isViewName = (name) => Object.hasOwn(VIEWS, name ?? "") || savedIdOf(name) !== null;

/** What the list asks the server for this view. */
export function queryOf(name) {
  return VIEWS[name]?.query ?? { view: savedIdOf(name) };
}

/** The number beside a view; undefined while it is not known. */
export function countOf(name, counts) {
  const saved = savedIdOf(name);
  if (saved !== null) return counts?.views?.[saved];
  return counts?.[VIEWS[name].count ?? name];
}
