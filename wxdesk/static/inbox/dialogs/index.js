// The dialogs for conversations: `choose…` only asks, `open…` asks and does it, to one or to many.
import { assignTo, setPriority, setSnooze, setTags } from "../actions.js";
import { openBulk } from "../bulk/bulk_data.js";
import { list } from "../list_data.js";
import { current } from "../store.js";
import { t } from "../texts.js";
import { formatMoment } from "../time.js";
import { AssignDialog } from "./assign.js";
import { ask } from "./dialog.js";
import { PriorityDialog } from "./priority.js";
import { SnoozeDialog } from "./snooze.js";
import { TagDialog } from "./tag_editor.js";

/** {until: ISO text or null (until the customer writes)}, or null when the dialog was closed. */
export const chooseSnooze = () => ask(SnoozeDialog);

/** {wanted: {assignee, team, note}, name} or null. */
export const chooseAssign = (props) => ask(AssignDialog, props);

/** {add: [names], remove: [names]} or null; `tags` null for several conversations. */
export const chooseTags = (tags = null) => ask(TagDialog, { tags });

/** {priority} or null. */
export const choosePriority = (chosen) => ask(PriorityDialog, { chosen });

function known(id) {
  const open = current.peek();
  return open?.id === id ? open : list.peek().items.find((row) => row.id === id);
}

/** Ask, then do it to the one conversation, or show what it would do to the many. */
async function open(ids, asked, one, action, onDone) {
  const answer = await asked;
  if (!answer || !ids.length) return;
  if (ids.length > 1) {
    const { wanted, name, ...own } = answer;
    openBulk({ action, arguments: wanted ?? own, name, ids });
    return;
  }
  const conversation = await one(ids[0], answer);
  if (conversation) onDone?.(conversation);
}

export const snoozedWords = (until) =>
  until ? t("snoozed_until_notice", { time: formatMoment(until) }) : t("snoozed_reply_notice");

export const openSnooze = (ids, onDone) =>
  open(ids, chooseSnooze(), (id, { until }) => setSnooze(id, until, snoozedWords(until)), "snooze", onDone);

export const openAssign = (ids, onDone) =>
  open(
    ids,
    chooseAssign({ holder: ids.length === 1 ? (known(ids[0])?.assignee ?? null) : null }),
    (id, { wanted, name }) => assignTo(id, wanted, name),
    "assign",
    onDone,
  );

export const openTags = (ids, onDone) =>
  open(ids, chooseTags(ids.length === 1 ? (known(ids[0])?.tags ?? []) : null), setTags, "tag", onDone);

export const openPriority = (ids, onDone) =>
  open(
    ids,
    choosePriority(ids.length === 1 ? known(ids[0])?.priority : undefined),
    (id, { priority }) => setPriority(id, priority),
    "priority",
    onDone,
  );
