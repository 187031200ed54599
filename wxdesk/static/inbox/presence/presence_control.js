// At the foot of the sidebar: am I online, busy or offline, and how many conversations I have.
import { useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { MenuButton } from "../menu.js";
import { chooseAvailability, myself } from "../preferences/preferences.js";
import { show } from "../store.js";
import { t } from "../texts.js";
import { PresenceDot } from "./presence_dot.js";

const STATE_ICONS = { online: "user-check", away: "coffee", offline: "user-off" };

/** As others see me: chosen online but idle is away. */
function shownOf(me) {
  return me.availability === "online" ? (me.presence === "offline" ? "online" : me.presence) : me.availability;
}

export function PresenceControl() {
  const [isBusy, setBusy] = useState(false);
  const me = myself.value;
  if (!me) return null;
  const shown = shownOf(me);
  const choose = async (availability) => {
    setBusy(true);
    try {
      await chooseAvailability(availability);
      if (availability !== "online") show(t(`availability_${availability}_notice`));
    } catch (error) {
      show(error.message, "error");
    } finally {
      setBusy(false);
    }
  };
  const isFull = me.load >= me.capacity;
  const load = t("load_title", { n: me.load, most: me.capacity });
  const items = Object.entries(STATE_ICONS).map(([state, icon]) => ({
    id: state,
    icon,
    text: t(`presence_${state}`),
    hint: t(`availability_${state}_hint`),
    isOn: me.availability === state,
    run: () => choose(state),
  }));
  return html`<div class="my-state">
    <${MenuButton} label=${t("my_state", { state: t(`presence_${shown}`) })} items=${items} up off=${isBusy} class="presence-button">
      <${PresenceDot} presence=${shown} hasWord /><${Icon} name="chevron-up" />
    <//>
    <span class=${`my-load${isFull ? " is-full" : ""}`} title=${load}>
      <span class="visually-hidden">${load}</span>
      <span aria-hidden="true">${isFull && html`<${Icon} name="alert-circle" />`}${me.load}/${me.capacity}</span>
    </span>
  </div>`;
}
