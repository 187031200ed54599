// To whom a conversation goes: a colleague or a team, with presence, load and a note.
import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { isComposing } from "../shortcuts.js";
import { desk } from "../store.js";
import { t } from "../texts.js";
import { PresenceDot } from "../presence/presence_dot.js";
import { Dialog } from "./dialog.js";
import { agents, loadDirectory, teams, watchPeople } from "./directory.js";

const MOST_SHOWN = 60;
const LONGEST_NOTE = 2000;
const RANK = { online: 0, away: 1, offline: 2 };

/** Me first, then who is there, the least busy first. */
function sorted(people) {
  const rank = (one) => (one.id === desk.me.id ? -1 : (RANK[one.presence] ?? 3));
  return [...people].sort((a, b) => rank(a) - rank(b) || a.load - b.load || a.id - b.id);
}

function choicesOf(wanted, holder) {
  const fits = (name) => name.toLowerCase().includes(wanted.trim().toLowerCase());
  const people = sorted(agents.value ?? [])
    .filter(({ name }) => fits(name))
    .map((agent) => ({ key: `agent-${agent.id}`, agent, name: agent.name }));
  const groups = (teams.value ?? [])
    .filter(({ name }) => fits(name))
    .map((team) => ({ key: `team-${team.id}`, team, name: team.name }));
  const nobody = holder && fits(t("nobody")) ? [{ key: "nobody", name: t("unassign") }] : [];
  return [...people.slice(0, MOST_SHOWN), ...groups.slice(0, MOST_SHOWN), ...nobody];
}

function Load({ agent }) {
  const isFull = agent.load >= agent.capacity;
  return html`<span class=${`pick-hint load${isFull ? " is-full" : ""}`}>
    ${isFull && html`<${Icon} name="alert-circle" />`}${t(isFull ? "load_full" : "load_of", { n: agent.load, most: agent.capacity })}
  </span>`;
}

function Choice({ choice, isOn, isHolder, onPick, onTake }) {
  const { key, agent, team, name } = choice;
  return html`<div
    id=${`assign-${key}`}
    class=${`pick${isOn ? " is-on" : ""}`}
    role="option"
    aria-selected=${isOn ? "true" : "false"}
    onClick=${onPick}
    onDblClick=${onTake}
  >
    ${agent && html`<${PresenceDot} presence=${agent.presence} />`}
    ${team && html`<${Icon} name="users-group" />`}
    ${!agent && !team && html`<${Icon} name="user-minus" />`}
    <span class="pick-label"><bdi>${name}</bdi>
      ${agent?.id === desk.me.id && html` <small>${t("me")}</small>`}
      ${isHolder && html` <small>${t("holds_it")}</small>`}
    </span>
    ${agent && html`<${Load} agent=${agent} />`}
    ${team && html`<span class="pick-hint">${t("team_members", { n: team.members.length })}</span>`}
  </div>`;
}

function answerOf(choice, note) {
  const said = note.trim() ? { note: note.trim() } : {};
  const { agent, team, name } = choice;
  if (agent) return { wanted: { assignee: agent.id, ...said }, name };
  if (team) return { wanted: { assignee: null, team: team.id, ...said }, name };
  return { wanted: { assignee: null, ...said }, name: t("nobody") };
}

function useDirectory() {
  const [error, setError] = useState(null);
  useEffect(() => {
    loadDirectory(["agents", "teams"]).catch(setError);
    return watchPeople();
  }, []);
  return error;
}

/** `holder` {id} or null is who has it now; `hasNote: false` leaves the note out. */
export function AssignDialog({ holder = null, hasNote = true, onDone }) {
  const [wanted, setWanted] = useState("");
  const [note, setNote] = useState("");
  const [chosen, setChosen] = useState(null);
  const error = useDirectory();
  const choices = choicesOf(wanted, holder);
  const at = Math.max(0, choices.findIndex(({ key }) => key === chosen));
  const take = (choice = choices[at]) => choice && onDone(answerOf(choice, note));
  const move = (by) => {
    const next = choices[(at + by + choices.length) % choices.length];
    setChosen(next?.key);
    document.getElementById(`assign-${next?.key}`)?.scrollIntoView({ block: "nearest" });
  };
  const onKeyDown = (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by || isComposing(event)) return;
    event.preventDefault();
    move(by);
  };
  const foot = html`<button type="submit" class="btn btn-primary" disabled=${!choices.length}>${t("assign")}</button>`;
  return html`<${Dialog} name="assign-dialog" title=${t("assign_title")} foot=${foot} onSubmit=${() => take()}>
    <input
      class="form-control"
      type="text"
      role="combobox"
      data-first
      aria-label=${t("assign_search")}
      placeholder=${t("assign_search")}
      aria-expanded="true"
      aria-controls="assign-choices"
      aria-activedescendant=${choices[at] ? `assign-${choices[at].key}` : undefined}
      value=${wanted}
      onInput=${(event) => {
        setWanted(event.target.value);
        setChosen(null);
      }}
      onKeyDown=${onKeyDown}
    />
    <div class="picks is-scrolling" id="assign-choices" role="listbox" aria-label=${t("assign_title")} tabindex="-1">
      ${choices.map(
        (choice, index) => html`<${Choice}
          key=${choice.key}
          choice=${choice}
          isOn=${index === at}
          isHolder=${holder?.id === choice.agent?.id && Boolean(holder)}
          onPick=${() => setChosen(choice.key)}
          onTake=${() => take(choice)}
        />`,
      )}
    </div>
    ${!choices.length && html`<p class="picks-empty" role="status">${error ? error.message : agents.value ? t("nobody_found") : t("loading")}</p>`}
    ${
      hasNote &&
      html`<label class="form-label" for="assign-note">${t("assign_note")}</label>
      <textarea id="assign-note" class="form-control" rows="2" maxlength=${LONGEST_NOTE} value=${note} placeholder=${t("assign_note_hint")} onInput=${(event) => setNote(event.target.value)}></textarea>`
    }
  <//>`;
}
