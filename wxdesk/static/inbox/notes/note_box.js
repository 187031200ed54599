// The yellow side of the composer: a note for colleagues only; "@" calls one of them.
import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { post } from "../api.js";
import { agents, loadDirectory } from "../dialogs/directory.js";
import { noteOf, setNote } from "../drafts.js";
import { Icon, html } from "../html.js";
import { preference } from "../preferences/preferences.js";
import { PresenceDot } from "../presence/presence_dot.js";
import { desk, show } from "../store.js";
import { sentence, t } from "../texts.js";
import { noteIdle, noteTyping } from "../thread/here.js";
import { addMessages, refreshThread } from "../thread_data.js";
import { GrowingBox, typeInto } from "../writing/box.js";
import { belongsToInputMethod } from "../writing/composition.js";
import { Popup, optionId, usePopup } from "../writing/popup.js";
import { meaningOf } from "../writing/send_keys.js";
import { fitting, mentionAt, mentionedIn, notePieces } from "./mention_text.js";

export const LONGEST_NOTE = 2000;
const SHOWN = 8;

const colleagues = () => (agents.value ?? []).filter(({ id }) => id !== desk.me.id);

function useMention(area) {
  const [asked, setAsked] = useState(null); // {from, query}
  const items = asked ? fitting(colleagues(), asked.query).slice(0, SHOWN) : [];
  const look = () => {
    const { value, selectionStart, selectionEnd } = area.current;
    setAsked(selectionStart === selectionEnd ? mentionAt(value, selectionStart) : null);
  };
  const close = () => setAsked(null);
  const pick = (person) => {
    close();
    typeInto(area.current, `@${person.name} `, asked.from, asked.from + 1 + asked.query.length);
  };
  return { asked, items, look, close, pick, popup: usePopup(items, { pick, close }) };
}

/** One key per written note: a second press or a retry stores it once. */
function useSaving(id, area, onSaved) {
  const [state, setState] = useState({ isBusy: false, error: null, key: null, text: null });
  const save = async () => {
    const text = area.current.value.trim();
    if (!text || state.isBusy || [...text].length > LONGEST_NOTE) return;
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    const fresh = [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const key = state.text === text ? state.key : fresh;
    setState({ isBusy: true, error: null, key, text });
    try {
      const body = { text, mentions: mentionedIn(text, colleagues()) };
      const headers = { "Idempotency-Key": key };
      const message = await post(`/conversations/${id}/notes`, body, { headers });
      setNote(id, "");
      noteIdle();
      addMessages(id, [message], message.id);
      setState({ isBusy: false, error: null, key: null, text: null });
      refreshThread(id);
      onSaved();
    } catch (error) {
      setState({ isBusy: false, error, key, text });
      show(t("note_not_saved", { reason: sentence(error.message) }), "error");
    }
  };
  return { ...state, save };
}

function Row({ person }) {
  return html`<span class="mention-row"><${PresenceDot} presence=${person.presence} /><bdi>${person.name}</bdi></span>`;
}

export function NoteBox({ conversation, area, onSaved }) {
  const { id } = conversation;
  const text = noteOf(id);
  const mention = useMention(area);
  const { asked, items, popup } = mention;
  const { isBusy, save } = useSaving(id, area, onSaved);
  useEffect(() => {
    loadDirectory(["agents"]).catch(() => {}); // without it, names are typed and nobody is called
  }, []);
  const isLong = [...text.trim()].length > LONGEST_NOTE;
  const onInput = (event) => {
    setNote(id, event.target.value);
    if (event.target.value.trim()) noteTyping();
    if (!event.isComposing) mention.look();
  };
  const onKeyDown = (event) => {
    if (belongsToInputMethod(event)) return;
    if (asked && items.length && popup.onKey(event)) return;
    if (event.key === "Escape") event.currentTarget.blur();
    const meaning = meaningOf(event, preference("send_key"));
    if (!meaning || meaning === "newline") return;
    event.preventDefault();
    if (!event.repeat) save();
  };
  const pieces = notePieces(text, colleagues()).map(({ text: words, person }) => ({
    text: words,
    mark: person && "is-mention",
  }));
  const active = asked && items[popup.at];
  return html`${
    asked &&
    items.length > 0 &&
    html`<${Popup} name="mention-popup" label=${t("colleagues")} items=${items} at=${popup.at} setAt=${popup.setAt} pick=${mention.pick} draw=${(person) => html`<${Row} person=${person} />`} />`
  }
    <${GrowingBox}
      area=${area}
      text=${text}
      pieces=${pieces}
      data-note=${id}
      aria-label=${t("note_about", { name: conversation.contact.name })}
      aria-autocomplete="list"
    aria-haspopup="listbox"
      aria-controls=${active ? "mention-popup-list" : undefined}
      aria-activedescendant=${active ? optionId("mention-popup", active) : undefined}
      placeholder=${t("note_placeholder")}
      aria-invalid=${isLong ? "true" : undefined}
      onInput=${onInput}
      oncompositionend=${mention.look}
      onKeyDown=${onKeyDown}
      onBlur=${mention.close}
    />
    <div class="composer-foot">
      <span class="composer-tools">
        <button type="button" class="icon-button" aria-label=${t("mention")} title=${t("mention")} onClick=${() => typeInto(area.current, mentionStart(area.current))}><${Icon} name="at" /></button>
      </span>
      <span class=${`byte-counter${isLong ? " is-over" : ""}`}>${isLong ? t("note_too_long", { n: LONGEST_NOTE }) : ""}</span>
      <span class="composer-hint"><${Icon} name="lock" />${t("note_hint")}</span>
      <span class="composer-send">
        <button type="button" class="btn note-button" disabled=${isBusy || isLong || !text.trim()} onClick=${save}><${Icon} name="note" />${t("add_note")}</button>
      </span>
    </div>`;
}

/** "@", with a space before it where a word ends. */
function mentionStart({ value, selectionStart }) {
  return selectionStart > 0 && !/\s/.test(value[selectionStart - 1]) ? " @" : "@";
}
