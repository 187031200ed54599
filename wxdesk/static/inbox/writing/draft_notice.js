// Above the box: another device had a draft too; the newer one is shown, the other one click away.
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { forgetLost, lost, swapLost } from "./draft_sync.js";

export function DraftNotice({ id }) {
  const other = lost.value;
  if (other?.conversationId !== id) return null;
  return html`<p class="draft-notice" role="status">
    <${Icon} name="history" />
    <span>${t(other.isOurs ? "draft_from_elsewhere" : "draft_kept_here")}</span>
    <button type="button" class="link-button" onClick=${() => swapLost(id)}>${t("draft_swap")}</button>
    <button type="button" class="icon-button" aria-label=${t("close")} onClick=${forgetLost}><${Icon} name="x" /></button>
  </p>`;
}
