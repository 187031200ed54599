// The views on the left, with their counts; a row of tabs on narrow screens.
import { acting, claimNext } from "./actions.js";
import { Icon, html } from "./html.js";
import { hrefOf, isPlainClick, openView } from "./router.js";
import { VIEWS, counts, isHelpOpen, may, selectedId, view } from "./store.js";
import { t } from "./texts.js";

function View({ name }) {
  const { icon, count } = VIEWS[name];
  const number = counts.value?.[count];
  const isOn = view.value === name;
  const isAlarming = name === "breached" && number > 0;
  const open = (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    openView(name);
  };
  return html`<li>
    <a
      class=${`view${isOn ? " is-active" : ""}${isAlarming ? " is-alarming" : ""}`}
      href=${hrefOf(selectedId.value, name)}
      aria-current=${isOn ? "page" : undefined}
      onClick=${open}
    >
      <${Icon} name=${icon} />
      <span class="view-name">${t(`view_${name}`)}</span>
      <span class="view-count">${number ?? ""}</span>
    </a>
  </li>`;
}

function DueSoon() {
  const n = counts.value?.due_soon;
  if (!n) return null;
  return html`<p class="due-soon"><${Icon} name="clock-exclamation" />${t("due_soon", { n })}</p>`;
}

export function Nav() {
  return html`<nav class="views" aria-label=${t("views")}>
    ${
      may("conversations.assign") &&
      html`<button
      type="button"
      class="btn btn-primary next-button"
      disabled=${acting.value.has("next")}
      onClick=${claimNext}
    >
      <${Icon} name="player-play" /><span>${t("claim_next")}</span>
    </button>`
    }
    <ul>
      ${Object.keys(VIEWS).map((name) => html`<${View} key=${name} name=${name} />`)}
    </ul>
    <${DueSoon} />
    <button type="button" class="help-button" onClick=${() => (isHelpOpen.value = true)}>
      <${Icon} name="keyboard" />${t("shortcuts")}
    </button>
  </nav>`;
}
