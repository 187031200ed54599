// The tags of conversations: search, tick, make new ones where that is allowed.
import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { isComposing } from "../shortcuts.js";
import { may } from "../store.js";
import { t } from "../texts.js";
import { Dialog } from "./dialog.js";
import { conversationTags, loadDirectory } from "./directory.js";
import { moveFocus } from "./pick_list.js";

const LONGEST = 30;
const MOST_SHOWN = 100;

function useKnown() {
  const [error, setError] = useState(null);
  useEffect(() => {
    loadDirectory(["tags"]).catch(setError);
  }, []);
  return error;
}

function Tick({ name, colour, count, isOn, onToggle }) {
  return html`<button type="button" class=${`pick${isOn ? " is-on" : ""}`} role="checkbox" aria-checked=${isOn ? "true" : "false"} onClick=${onToggle}>
    <${Icon} name=${isOn ? "square-check" : "square"} />
    <span class="pick-label"><span class=${`tag-dot tag-${colour ?? "grey"}`}></span><bdi>${name}</bdi></span>
    ${count !== undefined && html`<span class="pick-hint">${count}</span>`}
  </button>`;
}

/** Bulk: the ticked tags are added to all, or removed from all. */
function Mode({ mode, onChoose }) {
  return html`<div class="segments" role="group" aria-label=${t("tags")}>
    ${["add", "remove"].map(
      (key) => html`<button type="button" key=${key} aria-pressed=${mode === key ? "true" : "false"} onClick=${() => onChoose(key)}>${t(`tags_${key}`)}</button>`,
    )}
  </div>`;
}

function changesOf(before, after) {
  return {
    add: after.filter((name) => !before.includes(name)),
    remove: before.filter((name) => !after.includes(name)),
  };
}

/** `tags`: those of the one conversation; null for several, which get or lose what is ticked. */
export function TagDialog({ tags, onDone }) {
  const isMany = tags === null;
  const [chosen, setChosen] = useState(tags ?? []);
  const [text, setText] = useState("");
  const [mode, setMode] = useState("add");
  const error = useKnown();
  const wanted = text.trim();
  const known = conversationTags.value ?? [];
  const all = [...known, ...chosen.filter((name) => !known.some((tag) => tag.name === name)).map((name) => ({ name }))];
  const found = all.filter(({ name }) => name.toLowerCase().includes(wanted.toLowerCase()));
  const isNew = wanted && !all.some(({ name }) => name === wanted);
  const mayMake = may("shared.write") && mode === "add" && [...wanted].length <= LONGEST;
  const toggle = (name) => {
    setText("");
    setChosen(chosen.includes(name) ? chosen.filter((other) => other !== name) : [...chosen, name]);
  };
  const changes = isMany ? { add: [], remove: [], [mode]: chosen } : changesOf(tags, chosen);
  const isSame = !changes.add.length && !changes.remove.length;
  // Enter takes what was typed; on an empty box it is the button.
  const onKeyDown = (event) => {
    if (event.key !== "Enter" || isComposing(event) || !wanted) return;
    event.preventDefault();
    if (isNew ? mayMake : found.length) toggle(isNew ? wanted : found[0].name);
  };
  const foot = html`<button type="submit" class="btn btn-primary" disabled=${isSame}>${t("save")}</button>`;
  return html`<${Dialog} name="tag-dialog" title=${t("conversation_tags")} foot=${foot} onSubmit=${() => !isSame && onDone(changes)}>
    ${isMany && html`<${Mode} mode=${mode} onChoose=${setMode} />`}
    <input
      class="form-control"
      type="text"
      dir="auto"
      data-first
      aria-label=${t("find_tag")}
      placeholder=${t("find_tag")}
      value=${text}
      onInput=${(event) => setText(event.target.value)}
      onKeyDown=${onKeyDown}
    />
    <div class=${`picks is-scrolling${found.length ? "" : " is-empty"}`} role="group" aria-label=${t("conversation_tags")} onKeyDown=${moveFocus}>
      ${found.slice(0, MOST_SHOWN).map((tag) => html`<${Tick} key=${tag.name} ...${tag} isOn=${chosen.includes(tag.name)} onToggle=${() => toggle(tag.name)} />`)}
      ${
        isNew &&
        mayMake &&
        html`<button type="button" class="pick" onClick=${() => toggle(wanted)}><${Icon} name="plus" /><span class="pick-label">${t("make_tag", { name: wanted })}</span></button>`
      }
    </div>
    ${!found.length && !(isNew && mayMake) && html`<p class="picks-empty" role="status">${error ? error.message : !conversationTags.value ? t("loading") : t(wanted ? "no_such_tag" : "no_conversation_tags")}</p>`}
  <//>`;
}
