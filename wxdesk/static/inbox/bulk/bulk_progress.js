// How far the runs are: a bar each, pause and cancel, and in the end what failed and once more.
import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { hrefOf, isPlainClick, openConversation } from "../router.js";
import { show } from "../store.js";
import { t } from "../texts.js";
import { dismissRun, failuresOf, isOver, shownRuns, steer } from "./bulk_data.js";

function Step({ run, verb, icon }) {
  const text = t(`bulk_${verb}`);
  return html`<button type="button" class="icon-button" aria-label=${text} title=${text} onClick=${() => steer(run.id, verb)}><${Icon} name=${icon} /></button>`;
}

/** What failed and why; read when it is opened, and again when their number changes. */
function Failures({ run }) {
  const [isOpen, setOpen] = useState(false);
  const [rows, setRows] = useState(null);
  useEffect(() => {
    if (!isOpen) return undefined;
    let isOld = false;
    failuresOf(run.id).then(
      (found) => isOld || setRows(found),
      (error) => isOld || show(error.message, "error"),
    );
    return () => (isOld = true);
  }, [isOpen, run.failed, run.state]);
  const open = (event, id) => {
    if (!isPlainClick(event)) return;
    event.preventDefault();
    openConversation(id);
  };
  return html`<details class="bulk-failures" onToggle=${(event) => setOpen(event.currentTarget.open)}>
    <summary>${t("bulk_failures", { n: run.failed })}</summary>
    ${!rows && html`<p>${t("loading")}</p>`}
    <ul>
      ${(rows ?? []).map(
        (row) => html`<li key=${row.conversation_id}>
          <a href=${hrefOf(row.conversation_id)} onClick=${(event) => open(event, row.conversation_id)} dir="auto">${row.contact?.name ?? row.conversation_id}</a>
          ${
            run.state === "done" &&
            html`<button type="button" class="icon-button" aria-label=${t("bulk_retry_one", { name: row.contact?.name ?? row.conversation_id })} title=${t("retry")} onClick=${() => steer(run.id, "retry", row.conversation_id)}><${Icon} name="refresh" /></button>`
          }
          <span>${row.error}</span>
        </li>`,
      )}
    </ul>
  </details>`;
}

function Numbers({ run }) {
  const parts = [t("bulk_done", { n: run.done, of: run.total })];
  for (const key of ["skipped", "failed", "waiting"]) {
    if (run[key]) parts.push(t(`bulk_n_${key}`, { n: run[key] }));
  }
  return html`<p class="bulk-numbers">${parts.join(" · ")}</p>`;
}

function Run({ run }) {
  const finished = run.done + run.skipped + run.failed;
  const isEnd = isOver(run);
  const state = t(`bulk_state_${run.state}`);
  return html`<li class=${`bulk-run is-${run.state}`}>
    <div class="bulk-run-head">
      <b>${t(`bulk_title_${run.action}`)}</b><span class="bulk-state">${state}</span>
      ${!isEnd && run.state !== "paused" && html`<${Step} run=${run} verb="pause" icon="player-pause" />`}
      ${run.state === "paused" && html`<${Step} run=${run} verb="resume" icon="player-play" />`}
      ${!isEnd && html`<${Step} run=${run} verb="cancel" icon="player-stop" />`}
      ${run.state === "done" && run.failed > 0 && html`<${Step} run=${run} verb="retry" icon="refresh" />`}
      ${isEnd && html`<button type="button" class="icon-button" aria-label=${t("close")} onClick=${() => dismissRun(run.id)}><${Icon} name="x" /></button>`}
    </div>
    <progress max=${Math.max(1, run.total)} value=${finished} aria-label=${t(`bulk_title_${run.action}`)}></progress>
    <${Numbers} run=${run} />
    ${run.failed > 0 && html`<${Failures} run=${run} />`}
  </li>`;
}

export function BulkProgress() {
  if (!shownRuns.value.length) return null;
  return html`<section class="bulk-progress" aria-label=${t("bulk_runs")}>
    <ul>${shownRuns.value.map((run) => html`<${Run} key=${run.id} run=${run} />`)}</ul>
  </section>`;
}
