// A private note in the thread: yellow, with a lock, and the colleagues it calls highlighted.
import { Icon, html } from "../html.js";
import { pieces } from "../kinds/rich_text.js";
import { desk } from "../store.js";
import { t } from "../texts.js";
import { formatFull, formatTime } from "../time.js";
import { momentOf } from "../timeline.js";
import { notePieces } from "./mention_text.js";

function Words({ text }) {
  return pieces(text).map((piece, index) =>
    piece.type === "link"
      ? html`<a key=${index} href=${piece.href} target="_blank" rel="noopener noreferrer">${piece.text}</a>`
      : (piece.emoji ?? piece.text),
  );
}

export function NoteBubble({ message, extra }) {
  const moment = momentOf(message);
  const { sender } = message;
  const isMine = sender?.id === desk.me.id;
  const people = message.content?.mentions ?? [];
  return html`<div class="note-holder">
    <p class="bubble-label note-label">
      <${Icon} name="lock" /><bdi>${isMine ? t("me") : (sender?.name ?? "")}</bdi><span>${t("private_note")}</span>
    </p>
    <div class="bubble note-bubble">
      <div class="bubble-text" dir="auto">
        ${notePieces(message.text ?? "", people).map(({ text, person }, index) =>
          person
            ? html`<mark key=${index} class=${`mention${person.id === desk.me.id ? " is-me" : ""}`}>${text}</mark>`
            : html`<${Words} key=${index} text=${text} />`,
        )}
      </div>
    </div>
    <div class="bubble-foot">
      <time datetime=${moment} title=${formatFull(moment)}>${formatTime(moment)}</time>
      ${extra}
    </div>
  </div>`;
}
