// "Later": until a time that is offered, one that is chosen, or until the customer writes.
import { useState } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { desk } from "../store.js";
import { t } from "../texts.js";
import { formatMoment, tick } from "../time.js";
import { Dialog } from "./dialog.js";
import { PickList } from "./pick_list.js";
import { inputValue, instantOfInput, snoozeChoices } from "./snooze_times.js";

const CHOICE_ICONS = { hour: "clock", later: "sun", tomorrow: "coffee", week: "calendar-event" };
const MINUTE = 60_000;
const LONGEST = 366 * 24 * 60 * MINUTE;

export function SnoozeDialog({ onDone }) {
  const [now] = useState(tick.peek());
  const offered = snoozeChoices(now, desk.timezone);
  const [custom, setCustom] = useState(inputValue(offered.at(-2).at, desk.timezone));
  const [problem, setProblem] = useState(null);
  const choices = [
    ...offered.map(({ key, at }) => ({
      key,
      icon: CHOICE_ICONS[key],
      label: t(`snooze_${key}`),
      hint: formatMoment(at),
    })),
    { key: "reply", icon: "message-2", label: t("snooze_reply") },
  ];
  const pick = (key) => {
    const found = offered.find((one) => one.key === key);
    onDone({ until: found ? new Date(found.at).toISOString() : null });
  };
  const submit = () => {
    const at = instantOfInput(custom, desk.timezone);
    if (!(at > tick.peek() && at < tick.peek() + LONGEST)) return setProblem(t("snooze_future"));
    onDone({ until: new Date(at).toISOString() });
  };
  return html`<${Dialog} name="snooze-dialog" title=${t("snooze")} onSubmit=${submit}>
    <${PickList} label=${t("snooze")} choices=${choices} onPick=${pick} />
    <div class="snooze-custom">
      <label class="form-label" for="snooze-at">${t("snooze_custom")}</label>
      <div>
        <input
          id="snooze-at"
          class="form-control"
          type="datetime-local"
          value=${custom}
          min=${inputValue(now, desk.timezone)}
          aria-invalid=${problem ? "true" : undefined}
          aria-describedby=${problem ? "snooze-problem" : undefined}
          onInput=${(event) => setCustom(event.target.value)}
        />
        <button type="submit" class="btn">${t("set")}</button>
      </div>
      ${problem && html`<small id="snooze-problem" class="field-problem" role="alert">${problem}</small>`}
    </div>
  <//>`;
}
