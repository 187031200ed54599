// What replaces the list's head while rows are picked: how many, and what can be done with them.
import { chooseAssign, choosePriority, chooseSnooze, chooseTags } from "../dialogs/index.js";
import { Icon, html } from "../html.js";
import { list } from "../list_data.js";
import { MenuButton } from "../menu.js";
import { may, view } from "../store.js";
import { t } from "../texts.js";
import { openBulk } from "./bulk_data.js";
import { clearPicked, isAllPicked, pickAll, pickLoaded, pickedBody, pickedCount, viewCount } from "./selection.js";

async function askThen(action, asking) {
  const answer = await asking;
  if (!answer) return;
  const { wanted, name, ...own } = answer;
  openBulk({ action, arguments: wanted ?? own, name, ...pickedBody() });
}

export const bulkAssign = () => askThen("assign", chooseAssign({ hasNote: false }));
export const bulkSnooze = () => askThen("snooze", chooseSnooze());
export const bulkTags = () => askThen("tag", chooseTags(null));
export const bulkPriority = () => askThen("priority", choosePriority());
const simple = (action, given = {}) => openBulk({ action, arguments: given, ...pickedBody() });

function Tool({ icon, text, onClick }) {
  return html`<button type="button" class="icon-button" aria-label=${text} title=${text} onClick=${onClick}><${Icon} name=${icon} /></button>`;
}

function More() {
  const isSpamView = view.value === "spam";
  const items = [
    { id: "priority", icon: "flag", text: t("priority"), run: bulkPriority },
    { id: "reply", icon: "message-2", text: t("bulk_reply"), run: () => simple("reply", { text: "" }) },
    {
      id: "spam",
      icon: "shield-x",
      text: t(isSpamView ? "not_spam" : "mark_spam"),
      isBad: !isSpamView,
      run: () => simple("spam", { is_spam: !isSpamView }),
    },
  ];
  return html`<${MenuButton} icon="dots" label=${t("more")} items=${items} />`;
}

/** More than what is picked would fit: offer everything that the view finds. */
function Everything({ n }) {
  if (isAllPicked.value) return html`<p class="bulk-note">${t("all_picked")}</p>`;
  const { items, nextCursor } = list.value;
  if (n < items.length) {
    return html`<p class="bulk-note"><button type="button" class="link-button" onClick=${pickLoaded}>${t("pick_loaded", { n: items.length })}</button></p>`;
  }
  if (!nextCursor) return null;
  const all = viewCount.value;
  const words = all === undefined ? t("pick_by_query") : t("pick_all_by_query", { n: all });
  return html`<p class="bulk-note"><button type="button" class="link-button" onClick=${pickAll}>${words}</button></p>`;
}

export function BulkBar() {
  const n = pickedCount.value;
  const mayAct = may("conversations.reply");
  return html`<div class="list-head bulk-bar" role="toolbar" aria-label=${t("bulk_bar")}>
      <button type="button" class="icon-button" aria-label=${t("clear_picked")} title=${t("clear_picked")} onClick=${clearPicked}><${Icon} name="x" /></button>
      <h2 aria-live="polite">${n === undefined ? t("picked_all") : t("picked", { n })}</h2>
      ${
        mayAct &&
        html`<div class="list-tools">
        <${Tool} icon="check" text=${t("resolve")} onClick=${() => simple("resolve")} />
        <${Tool} icon="user-share" text=${t("assign")} onClick=${bulkAssign} />
        <${Tool} icon="zzz" text=${t("snooze")} onClick=${bulkSnooze} />
        <${Tool} icon="tag" text=${t("conversation_tags")} onClick=${bulkTags} />
        <${More} />
      </div>`
      }
    </div>
    <${Everything} n=${n ?? 0} />`;
}
