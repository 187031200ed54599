// The agent's own choices: sending, alerts, the list; saved at once, each by itself.
import { useState } from "../../vendor/preact-hooks.js";
import { askToNotify, canNotify } from "../alerts/notifications.js";
import { playSound } from "../alerts/sound.js";
import { Dialog, ask } from "../dialogs/dialog.js";
import { html } from "../html.js";
import { t } from "../texts.js";
import { ORDERS } from "../views/catalog.js";
import { preference, savePreferences } from "./preferences.js";

const MOST_MINUTES = 120;
const UNDO_CHOICES = [0, 3, 5, 8, 10];

function useSaving() {
  const [problem, setProblem] = useState(null);
  const save = async (changes) => {
    setProblem(null);
    try {
      await savePreferences(changes);
    } catch (error) {
      setProblem(error.message);
    }
  };
  return { problem, setProblem, save };
}

function Choice({ name, values, text = (value) => t(`pref_${name}_${value}`), save }) {
  const isNumber = typeof values[0] === "number";
  return html`<label class="pref-line">
    <span>${t(`pref_${name}`)}</span>
    <select class="form-select" value=${preference(name)} onChange=${(event) => save({ [name]: isNumber ? Number(event.target.value) : event.target.value })}>
      ${values.map((value) => html`<option key=${value} value=${value}>${text(value)}</option>`)}
    </select>
  </label>`;
}

function Check({ name, onChange, off = false, hint }) {
  return html`<label class="check-line">
    <input type="checkbox" class="form-check-input" checked=${preference(name)} disabled=${off} onChange=${(event) => onChange(event.target.checked, event.target)} />
    <span>${t(`pref_${name}`)}${hint && html`<small>${hint}</small>`}</span>
  </label>`;
}

function Minutes({ save }) {
  const onChange = (event) => {
    const minutes = Math.round(Number(event.target.value));
    if (minutes >= 1 && minutes <= MOST_MINUTES) save({ slow_alarm_minutes: minutes });
    else event.target.value = preference("slow_alarm_minutes");
  };
  return html`<label class="pref-line">
    <span>${t("pref_slow_alarm_minutes")}</span>
    <input class="form-control" type="number" min="1" max=${MOST_MINUTES} value=${preference("slow_alarm_minutes")} onChange=${onChange} />
  </label>`;
}

function Alerts({ save, setProblem }) {
  const chooseSound = (changes) => {
    save(changes);
    if (changes.sound !== "off") playSound();
  };
  const chooseNotifications = async (isOn, box) => {
    if (isOn && !(await askToNotify())) {
      box.checked = false;
      setProblem(t("notifications_refused"));
      return;
    }
    save({ notifications: isOn });
  };
  return html`<fieldset>
    <legend>${t("pref_alerts")}</legend>
    <${Choice} name="sound" values=${["on", "unfocused", "off"]} save=${chooseSound} />
    <${Check} name="sound_repeat" off=${preference("sound") === "off"} onChange=${(isOn) => save({ sound_repeat: isOn })} />
    <${Check} name="notifications" off=${!canNotify()} hint=${canNotify() ? undefined : t("notifications_impossible")} onChange=${chooseNotifications} />
    <${Minutes} save=${save} />
  </fieldset>`;
}

function PreferencesDialog({ onDone }) {
  const { problem, setProblem, save } = useSaving();
  const foot = html`<button type="submit" class="btn btn-primary">${t("done")}</button>`;
  return html`<${Dialog} name="preferences-dialog" title=${t("preferences")} foot=${foot} onSubmit=${() => onDone(null)}>
    <fieldset>
      <legend>${t("pref_writing")}</legend>
      <${Choice} name="send_key" values=${["enter", "ctrl_enter"]} save=${save} />
      <${Choice} name="undo_seconds" values=${UNDO_CHOICES} text=${(n) => (n ? t("seconds", { n }) : t("at_once"))} save=${save} />
      <${Choice} name="after_resolve" values=${["next", "stay"]} save=${save} />
    </fieldset>
    <${Alerts} save=${save} setProblem=${setProblem} />
    <fieldset>
      <legend>${t("pref_list")}</legend>
      <${Choice} name="order" values=${ORDERS} text=${(value) => t(`order_${value}`)} save=${save} />
      <${Choice} name="page_density" values=${["comfortable", "compact"]} save=${save} />
      <${Check} name="shortcuts" onChange=${(isOn) => save({ shortcuts: isOn })} />
    </fieldset>
    ${problem && html`<p class="field-problem" role="alert">${problem}</p>`}
  <//>`;
}

export const openPreferences = () => ask(PreferencesDialog);
