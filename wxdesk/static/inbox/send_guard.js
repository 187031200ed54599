// Shown when the thread moved on while the agent was typing: read, then send anyway or edit.
// It never takes the focus: the agent may be typing, and letters outside a field are shortcuts.
import { Icon, html } from "./html.js";
import { editAgain, sendAnyway } from "./outbox.js";
import { desk } from "./store.js";
import { kindName, t } from "./texts.js";
import { formatTime } from "./time.js";
import { momentOf } from "./timeline.js";
import { previewOf } from "./conversation_row.js";

const SHOWN = 3;

function who(message) {
  const { sender } = message;
  if (sender?.kind === "rule") return t("auto_plain");
  return sender?.id === desk.me.id && sender?.kind === "agent" ? t("me") : (sender?.name ?? "");
}

export function SendGuard({ entry }) {
  const newer = entry.newer ?? [];
  return html`<section class="send-guard" aria-labelledby="guard-title">
    <p id="guard-title" role="alert"><${Icon} name="alert-triangle" /><strong>${t("newer_messages", { n: newer.length })}</strong></p>
    <ul>
      ${newer.slice(-SHOWN).map(
        (message) => html`<li key=${message.id}>
          <b>${who(message)}</b> <span>${previewOf(message)}</span>
          <time>${formatTime(momentOf(message))}</time>
        </li>`,
      )}
    </ul>
    <p class="guard-text"><span>${t("your_reply")}</span> ${entry.text || kindName(entry.body.kind)}</p>
    <div class="guard-actions">
      <button type="button" class="btn btn-primary" onClick=${() => editAgain(entry.key)}>
        <${Icon} name="pencil" />${t("edit_draft")}
      </button>
      <button type="button" class="btn" onClick=${() => sendAnyway(entry.key)}>${t("send_anyway")}</button>
    </div>
  </section>`;
}
