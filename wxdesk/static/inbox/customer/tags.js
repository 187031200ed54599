// A customer's tags, the same as at WeChat: add with suggestions, take away.
import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { isComposing } from "../shortcuts.js";
import { may } from "../store.js";
import { t } from "../texts.js";
import { bytesOf } from "../writing/split.js";
import { changing, fetchTagNames, saveTags } from "./contact_data.js";

const MOST_TAGS = 20;
const MOST_BYTES = 30;
const SUGGESTED = 6;

/** Why WeChat would refuse this tag; null if it would not. */
function problemOf(name, names) {
  if (names.includes(name)) return t("tag_already");
  if (bytesOf(name) > MOST_BYTES) return t("tag_too_long");
  return names.length >= MOST_TAGS ? t("too_many_tags", { n: MOST_TAGS }) : null;
}

function useKnownTags(account) {
  const [known, setKnown] = useState([]);
  useEffect(() => {
    const stop = new AbortController();
    fetchTagNames(account, stop.signal)
      .then(setKnown)
      .catch(() => {}); // suggestions are a help, typing works without
    return () => stop.abort();
  }, [account]);
  return known;
}

function Adder({ account, names, onAdd }) {
  const [text, setText] = useState("");
  const known = useKnownTags(account);
  const wanted = text.trim();
  const problem = wanted ? problemOf(wanted, names) : null;
  const fitting = known
    .filter(({ name }) => !names.includes(name) && name.includes(wanted))
    .slice(0, SUGGESTED);
  const add = (name) => {
    setText("");
    onAdd(name);
  };
  const onSubmit = (event) => {
    event.preventDefault();
    if (wanted && !problem) add(wanted);
  };
  const onKeyDown = (event) => {
    if (event.key === "Enter" && isComposing(event)) event.preventDefault();
  };
  return html`<form class="tag-form" onSubmit=${onSubmit}>
    <input
      class="form-control"
      dir="auto"
      value=${text}
      aria-label=${t("add_tag")}
      placeholder=${t("add_tag")}
      aria-invalid=${problem ? "true" : undefined}
      onInput=${(event) => setText(event.target.value)}
      onKeyDown=${onKeyDown}
    />
    ${problem && html`<small class="field-problem" role="alert">${problem}</small>`}
    ${
      fitting.length > 0 &&
      html`<div class="tag-suggestions" role="group" aria-label=${t("tag_suggestions")}>
      ${fitting.map(({ id, name, count }) => html`<button type="button" key=${id} onClick=${() => add(name)}><bdi>${name}</bdi> <small>${count}</small></button>`)}
    </div>`
    }
  </form>`;
}

/** A tag that WeChat does not know yet has a clock, one that it refused says why. */
function Tag({ tag, isBusy, onRemove }) {
  const { name, state, error } = tag;
  const isNew = Boolean(state) && state !== "synced";
  const mark = error ? "alert-circle" : "clock";
  const words = error || t("sync_pending");
  return html`<li class=${`tag-chip${error ? " is-refused" : ""}`}>
    ${(isNew || error) && html`<span class="tag-mark" title=${words}><${Icon} name=${mark} /><span class="visually-hidden">${words}</span></span>`}
    <bdi>${name}</bdi>
    ${
      onRemove &&
      html`<button type="button" disabled=${isBusy} aria-label=${t("remove_tag", { name })} title=${t("remove")} onClick=${() => onRemove(name)}><${Icon} name="x" /></button>`
    }
  </li>`;
}

export function Tags({ contact, account }) {
  const [isAdding, setAdding] = useState(false);
  const tags = contact.tags ?? [];
  const names = tags.map(({ name }) => name);
  const isBusy = changing.value.has("tags");
  const mayChange = may("conversations.reply") && !contact.is_forgotten;
  const remove = (name) =>
    saveTags(
      contact.id,
      names.filter((other) => other !== name),
    );
  return html`<section aria-busy=${isBusy ? "true" : undefined}>
    <h3>${t("tags")}</h3>
    <ul class="tag-list">
      ${tags.map((tag) => html`<${Tag} key=${tag.id} tag=${tag} isBusy=${isBusy} onRemove=${mayChange && remove} />`)}
      ${!tags.length && html`<li class="tag-none">${t("no_tags")}</li>`}
      ${
        mayChange &&
        html`<li><button type="button" class="tag-add" aria-expanded=${isAdding ? "true" : "false"} aria-label=${t("add_tag")} title=${t("add_tag")} onClick=${() => setAdding(!isAdding)}>
          <${Icon} name=${isAdding ? "chevron-down" : "plus"} />
        </button></li>`
      }
    </ul>
    ${isAdding && mayChange && html`<${Adder} account=${account} names=${names} onAdd=${(name) => saveTags(contact.id, [...names, name])} />`}
    ${contact.sync_note && html`<p class="panel-note">${contact.sync_note}</p>`}
  </section>`;
}
