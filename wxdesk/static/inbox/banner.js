// What floats above the panes: state of the connection, short notices, and the live region.
import { Icon, html } from "./html.js";
import { connection } from "./live.js";
import { isSignedOut, notice, spoken } from "./store.js";
import { t } from "./texts.js";

const CONNECTION_ICONS = { lost: "wifi-off", polling: "refresh" };

export function Banner() {
  if (isSignedOut.value) {
    const next = encodeURIComponent(location.pathname + location.search);
    return html`<div class="banner is-bad" role="alert">
      <${Icon} name="logout" /><span>${t("signed_out")}</span>
      <a href=${`/login?next=${next}`}>${t("log_in_again")}</a>
    </div>`;
  }
  const state = connection.value;
  if (state === "ok") return null;
  return html`<div class=${`banner ${state === "lost" ? "is-bad" : "is-quiet"}`} role="status">
    <${Icon} name=${CONNECTION_ICONS[state]} /><span>${t(`connection_${state}`)}</span>
  </div>`;
}

function Action({ action }) {
  const run = () => {
    notice.value = null;
    action.run();
  };
  return html`<button type="button" class="link-button" onClick=${run}>${action.text}</button>`;
}

export function Notice() {
  const { text, kind, action } = notice.value ?? {};
  return html`<div class="notice-holder" role=${kind === "error" ? "alert" : "status"}>
    ${
      text &&
      html`<div class=${`notice is-${kind}`}>
      <${Icon} name=${kind === "error" ? "alert-circle" : "check"} /><span>${text}</span>
      ${action && html`<${Action} action=${action} />`}
      <button type="button" class="icon-button" aria-label=${t("close")} onClick=${() => (notice.value = null)}>
        <${Icon} name="x" />
      </button>
    </div>`
    }
  </div>`;
}

export function Spoken() {
  return html`<div class="visually-hidden" aria-live="polite">${spoken.value}</div>`;
}
