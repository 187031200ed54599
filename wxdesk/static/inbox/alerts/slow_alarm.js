// The slow-reply alarm: one panel of everybody who waits longer than the agent's threshold.
import { computed, signal } from "../../vendor/signals.js";
import { Waiting } from "../chips.js";
import { Icon, html } from "../html.js";
import { list } from "../list_data.js";
import { preference } from "../preferences/preferences.js";
import { hrefOf, isPlainClick, openConversation } from "../router.js";
import { counts, current, desk, selectedId } from "../store.js";
import { t } from "../texts.js";
import { formatSpan, tick } from "../time.js";

const MOST_SHOWN = 3;

const isFolded = signal(false);

const isDone = ({ status, waiting_since: since }) => status !== "open" || !since;

/** Those whom we know to be served, although the last count did not: the agent's own work. */
const served = computed(() => {
  const done = list.value.items.filter(isDone).map(({ id }) => id);
  if (current.value && isDone(current.value)) done.push(current.value.id);
  return new Set(done);
});

/** Longest first, as the server names them: at most twenty of {count}. */
const late = computed(() => {
  const { items = [], count = 0 } = counts.value?.slow ?? {};
  const left = items.filter(({ id }) => !served.value.has(id));
  return { items: left, count: count - (items.length - left.length) };
});

function Late({ item }) {
  const { id, contact, waiting_since: since, assignee_id: assignee } = item;
  const isOn = selectedId.value === id;
  const open = (event) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    openConversation(id);
  };
  return html`<li>
    <a href=${hrefOf(id)} class=${isOn ? "is-on" : ""} aria-current=${isOn ? "true" : undefined} onClick=${open}>
      <span class="late-name" dir="auto">${contact.name}</span>
      <span class="late-who">${assignee === desk.me.id ? t("me") : t("nobody")}</span>
      <${Waiting} since=${since} />
    </a>
  </li>`;
}

function Longest({ since }) {
  return html`<b class="late-longest">${formatSpan(tick.value - Date.parse(since))}</b>`;
}

export function SlowAlarm() {
  const { items: found, count: n } = late.value;
  if (!found.length) return null;
  const [first] = found;
  const fold = () => (isFolded.value = !isFolded.peek());
  return html`<section class=${`slow-alarm${isFolded.value ? " is-folded" : ""}`} aria-label=${t("slow_alarm")}>
    <header>
      <${Icon} name="alarm" />
      <p><span>${t("slow_waiting", { n, m: preference("slow_alarm_minutes") })}</span> <small>${t("slow_longest")} <${Longest} since=${first.waiting_since} /></small></p>
      <button type="button" class="btn btn-sm" onClick=${() => openConversation(first.id)}>${t("slow_jump")}</button>
      <button type="button" class="icon-button" aria-expanded=${isFolded.value ? "false" : "true"} aria-label=${t(isFolded.value ? "unfold" : "fold")} title=${t(isFolded.value ? "unfold" : "fold")} onClick=${fold}>
        <${Icon} name=${isFolded.value ? "chevron-up" : "minus"} />
      </button>
    </header>
    ${!isFolded.value && html`<ul>${found.slice(0, MOST_SHOWN).map((item) => html`<${Late} key=${item.id} item=${item} />`)}</ul>`}
    <span class="visually-hidden" role="status">${t("slow_waiting", { n, m: preference("slow_alarm_minutes") })}</span>
  </section>`;
}
