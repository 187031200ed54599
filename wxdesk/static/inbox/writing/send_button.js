// Send, and beside it what can happen to the conversation together with the answer.
import { Icon, html } from "../html.js";
import { MenuButton } from "../menu.js";
import { preference } from "../preferences/preferences.js";
import { t } from "../texts.js";

const isMac = /Mac|iPhone|iPad/.test(navigator.platform ?? "");
const MOD = isMac ? "⌘" : "Ctrl";

function words(plan, isAsking) {
  if (plan.isHeld) return isAsking ? t("hold_as", { n: plan.parts.length }) : t("hold");
  return isAsking ? t("send_as", { n: plan.parts.length }) : t("send");
}

export function SendButton({ plan, isAsking, off, send }) {
  const enter = preference("send_key") === "ctrl_enter" ? `${MOD} Enter` : "Enter";
  const items = [
    { id: "send", icon: "send", text: t("send"), keys: enter },
    { id: "resolve", icon: "circle-check", text: t("send_resolve"), hint: t("send_resolve_hint"), keys: `${MOD} Shift Enter` },
    { id: "resolve_next", icon: "player-track-next", text: t("send_resolve_next"), hint: t("send_resolve_next_hint"), keys: `${MOD} Alt Enter` },
    { id: "snooze", icon: "zzz", text: t("send_snooze"), hint: t("send_snooze_hint") },
    { id: "pending", icon: "clock-pause", text: t("send_pending"), hint: t("send_pending_hint") },
  ].map((item) => ({ ...item, run: () => send(item.id) }));
  return html`<span class="split-button">
    <button type="submit" class="btn btn-primary" disabled=${off} title=${`${t("send")} (${enter})`}>
      <${Icon} name=${plan.isHeld ? "clock-pause" : "send"} />${words(plan, isAsking)}
    </button>
    <${MenuButton} icon="chevron-down" class="btn btn-primary split-more" label=${t("send_more")} items=${items} off=${off} up />
  </span>`;
}
