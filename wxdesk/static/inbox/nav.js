// The sidebar: views with their counts, saved views, my state; a drawer on narrow screens.
import { useEffect, useRef } from "../vendor/preact-hooks.js";
import { acting, claimNext } from "./actions.js";
import { Icon, html } from "./html.js";
import { MenuButton } from "./menu.js";
import { openPreferences } from "./preferences/preferences_dialog.js";
import { PresenceControl } from "./presence/presence_control.js";
import { hrefOf, hrefOfSearch, isPlainClick, openSearch, openView } from "./router.js";
import { counts, isHelpOpen, isNavOpen, may, page, selectedId, view } from "./store.js";
import { t } from "./texts.js";
import { VIEWS, countOf } from "./views/catalog.js";
import { savedViews } from "./views/saved_views.js";
import { removeView, renameView } from "./views/view_dialog.js";

const MOST_COUNTED = 1000;
const MOST_SHOWN = 9999;

/** 12, 1204, 9999+, nothing for none; saved views are counted to a thousand. */
function shownCount(number, isSaved) {
  if (!number) return "";
  if (isSaved && number >= MOST_COUNTED) return `${MOST_COUNTED}+`;
  return number > MOST_SHOWN ? `${MOST_SHOWN}+` : String(number);
}

function View({ name, icon, title, tone, isSaved = false }) {
  const number = countOf(name, counts.value);
  const isOn = view.value === name && page.value === "list";
  const isAlarming = tone && number > 0;
  const open = (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    openView(name);
  };
  const classes = ["view", isOn && "is-active", isAlarming && `is-${tone}`].filter(Boolean);
  return html`<a class=${classes.join(" ")} href=${hrefOf(selectedId.value, name, {})} aria-current=${isOn ? "page" : undefined} onClick=${open}>
    <${Icon} name=${icon} />
    <span class="view-name" dir="auto">${title}</span>
    <span class="view-count">${shownCount(number, isSaved)}</span>
  </a>`;
}

function SavedMenu({ saved }) {
  const items = [
    { id: "change", icon: "edit", text: t("change_view"), run: () => renameView(saved) },
    { id: "delete", icon: "trash", text: t("delete_view"), isBad: true, run: () => removeView(saved) },
  ];
  return html`<${MenuButton} icon="dots-vertical" label=${t("view_menu", { name: saved.name })} items=${items} />`;
}

function Saved({ title, items, icon }) {
  if (!items.length) return null;
  return html`<h2 class="views-title">${title}</h2>
    <ul>
      ${items.map(
        (saved) => html`<li key=${saved.id} class=${saved.may_edit ? "has-menu" : ""}>
          <${View} name=${`saved-${saved.id}`} icon=${icon} title=${saved.name} isSaved />
          ${saved.may_edit && html`<${SavedMenu} saved=${saved} />`}
        </li>`,
      )}
    </ul>`;
}

function SearchLink() {
  const isOn = page.value === "search";
  const open = (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    isNavOpen.value = false;
    openSearch();
  };
  return html`<a class=${`view${isOn ? " is-active" : ""}`} href=${hrefOfSearch({})} aria-current=${isOn ? "page" : undefined} onClick=${open}>
    <${Icon} name="search" /><span class="view-name">${t("search")}</span><kbd>/</kbd>
  </a>`;
}

/** As a drawer the sidebar takes the focus, and gives it back when it closes. */
function useDrawer(box) {
  const isOpen = isNavOpen.value;
  useEffect(() => {
    if (!isOpen) return undefined;
    const opener = document.activeElement;
    (box.current.querySelector("[aria-current]") ?? box.current.querySelector("a, button"))?.focus();
    const onKeyDown = (event) => {
      if (event.key !== "Escape" || box.current.querySelector("[role=menu]")) return;
      event.preventDefault();
      event.stopPropagation();
      isNavOpen.value = false;
    };
    document.addEventListener("keydown", onKeyDown, true); // before the shortcuts
    return () => {
      document.removeEventListener("keydown", onKeyDown, true);
      if (opener?.isConnected) opener.focus();
    };
  }, [isOpen]);
  return isOpen;
}

export function Nav() {
  const box = useRef(null);
  const isOpen = useDrawer(box);
  const saved = savedViews.value ?? [];
  return html`
    ${isOpen && html`<div class="drawer-shade" onClick=${() => (isNavOpen.value = false)}></div>`}
    <nav class=${`views${isOpen ? " is-open" : ""}`} aria-label=${t("views")} ref=${box}>
      ${
        may("conversations.assign") &&
        html`<button type="button" class="btn btn-primary next-button" disabled=${acting.value.has("next")} onClick=${claimNext}>
        <${Icon} name="player-play" /><span>${t("claim_next")}</span>
      </button>`
      }
      <div class="views-scroll">
        <${SearchLink} />
        <ul>
          ${Object.entries(VIEWS).map(
            ([name, { icon, tone, begins }]) => html`<li key=${name} class=${begins ? "begins" : ""}>
              <${View} name=${name} icon=${icon} tone=${tone} title=${t(`view_${name}`)} />
            </li>`,
          )}
        </ul>
        <${Saved} title=${t("my_views")} icon="bookmark" items=${saved.filter((one) => !one.is_shared)} />
        <${Saved} title=${t("shared_views")} icon="users" items=${saved.filter((one) => one.is_shared)} />
      </div>
      <div class="views-foot">
        <${PresenceControl} />
        <div class="views-tools">
          <button type="button" class="icon-button" aria-label=${t("shortcuts")} title=${`${t("shortcuts")} (?)`} onClick=${() => (isHelpOpen.value = true)}><${Icon} name="keyboard" /></button>
          <button type="button" class="icon-button" aria-label=${t("preferences")} title=${t("preferences")} onClick=${openPreferences}><${Icon} name="adjustments" /></button>
        </div>
      </div>
    </nav>`;
}
