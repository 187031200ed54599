// Where a reply is typed: Enter by preference, "/" for canned responses, files by paste.
import { useState } from "../../vendor/preact-hooks.js";
import { cannedFound, fillCanned, findCanned } from "../canned/canned_data.js";
import { CannedPopup } from "../canned/canned_popup.js";
import { notePicked } from "../canned/used.js";
import { slashAt, variablesIn } from "../canned/variables.js";
import { setDraft } from "../drafts.js";
import { html } from "../html.js";
import { preference } from "../preferences/preferences.js";
import { show } from "../store.js";
import { t } from "../texts.js";
import { noteIdle, noteTyping } from "../thread/here.js";
import { GrowingBox, typeInto } from "./box.js";
import { belongsToInputMethod } from "./composition.js";
import { optionId, usePopup } from "./popup.js";
import { meaningOf } from "./send_keys.js";
import { selectVariable } from "./sending.js";

/** Files of a paste; a table copied from a spreadsheet is text that also has a picture. */
function filesOfPaste(event) {
  const { files, types } = event.clipboardData;
  return files.length && !types.includes("text/plain") ? files : null;
}

function piecesOf(text) {
  const pieces = [];
  let from = 0;
  for (const { start, end } of variablesIn(text)) {
    pieces.push({ text: text.slice(from, start) }, { text: text.slice(start, end), mark: "is-open" });
    from = end;
  }
  return [...pieces, { text: text.slice(from) }];
}

/** The popup of canned responses: open while a `/word` stands before the cursor. */
function useCanned(id, area) {
  const [asked, setAsked] = useState(null); // {from, query}
  const [folder, setFolder] = useState("");
  const items = asked ? cannedFound.value.items : [];
  const look = () => {
    const { value, selectionStart, selectionEnd } = area.current;
    const found = selectionStart === selectionEnd ? slashAt(value, selectionStart) : null;
    setAsked(found);
    if (found) findCanned(found.query, folder);
    else setFolder("");
  };
  const close = () => setAsked(null);
  const choose = (name) => {
    setFolder(name);
    findCanned(asked.query, name);
  };
  const pick = async (item) => {
    const { from, query } = asked;
    const box = area.current;
    close();
    try {
      const { text } = await fillCanned(item.id, id);
      if (area.current !== box) return; // another conversation is open
      typeInto(box, text, from, from + 1 + query.length);
      notePicked(id, item.id);
      const open = variablesIn(box.value).find(({ start }) => start >= from);
      if (open) selectVariable(box, open);
    } catch (error) {
      show(error.message, "error");
    }
  };
  const popup = usePopup(items, { pick, close });
  return { asked, items, folder, choose, look, close, pick, popup };
}

function noteWriting(value) {
  if (value.trim()) noteTyping();
  else noteIdle();
}

export function ReplyBox({ facts, conversation, area, send, attach }) {
  const { id, text, isOff, mayAttach, plan } = facts;
  const canned = useCanned(id, area);
  const { asked, items, popup } = canned;
  const onInput = (event) => {
    setDraft(id, event.target.value);
    noteWriting(event.target.value);
    if (!event.isComposing) canned.look();
  };
  const onKeyDown = (event) => {
    if (belongsToInputMethod(event)) return;
    if (asked && popup.onKey(event)) return;
    if (asked && event.key === "Enter") {
      // "/ord" that found nothing is not what the customer shall read: a second Enter sends it.
      event.preventDefault();
      canned.close();
      return;
    }
    if (event.key === "Escape") event.currentTarget.blur();
    const meaning = meaningOf(event, preference("send_key"));
    if (!meaning || meaning === "newline") return;
    event.preventDefault();
    if (!event.repeat) send(meaning);
  };
  const onPaste = (event) => {
    const pasted = mayAttach && filesOfPaste(event);
    if (!pasted) return;
    event.preventDefault();
    attach(pasted);
  };
  const active = asked && items[popup.at];
  return html`${
    asked &&
    html`<${CannedPopup} popup=${popup} query=${asked.query} folder=${canned.folder} onFolder=${canned.choose} items=${items} pick=${canned.pick} conversationId=${id} />`
  }
  <${GrowingBox}
    area=${area}
    text=${text}
    pieces=${piecesOf(text)}
    data-conversation=${id}
    aria-label=${t("reply_to", { name: conversation.contact.name })}
    aria-describedby="window-note"
    aria-autocomplete="list"
    aria-haspopup="listbox"
    aria-controls=${asked ? "canned-popup-list" : undefined}
    aria-activedescendant=${active ? optionId("canned-popup", active) : undefined}
    placeholder=${t(isOff ? "cannot_write" : plan.isHeld ? "hold_placeholder" : "reply_placeholder")}
    readonly=${isOff}
    aria-disabled=${isOff}
    onInput=${onInput}
    oncompositionend=${canned.look}
    onKeyDown=${onKeyDown}
    onClick=${() => asked && canned.look()}
    onBlur=${canned.close}
    onPaste=${onPaste}
  />`;
}
