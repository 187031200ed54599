// How urgent a conversation is, chosen from four.
import { html } from "../html.js";
import { t } from "../texts.js";
import { PRIORITIES } from "../views/catalog.js";
import { Dialog } from "./dialog.js";
import { PickList } from "./pick_list.js";

const PRIORITY_ICONS = { urgent: "alert-triangle", high: "chevron-up", normal: "minus", low: "chevron-down" };

export function PriorityDialog({ chosen, onDone }) {
  const choices = PRIORITIES.map((key) => ({
    key,
    icon: PRIORITY_ICONS[key],
    label: t(`priority_${key}`),
    isOn: chosen ? key === chosen : undefined,
  }));
  return html`<${Dialog} name="priority-dialog" title=${t("priority")}>
    <${PickList} label=${t("priority")} choices=${choices} onPick=${(priority) => onDone({ priority })} />
  <//>`;
}
