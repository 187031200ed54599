// Draws the form that is open for this conversation and sends what it makes.
import { useEffect } from "../../vendor/preact-hooks.js";
import { html } from "../html.js";
import { sendReply } from "../outbox.js";
import { replyBox } from "../reply_focus.js";
import { closeForm, openedForm } from "./forms.js";
import { MenuForm } from "./menu_form.js";
import { MiniProgramForm } from "./mini_program_form.js";
import { NewsForm } from "./news_form.js";
import { TemplateForm } from "./template_form.js";

const FORMS = {
  news: NewsForm,
  miniprogrampage: MiniProgramForm,
  msgmenu: MenuForm,
  template: TemplateForm,
};

/** Where typing went on before the form was opened. */
function focusBox(id) {
  const box = replyBox();
  if (box?.dataset.conversation === String(id)) box.focus();
}

export function OpenForm({ conversation, isHeld }) {
  const { id } = conversation;
  const form = openedForm.value;
  const isOpen = form?.conversationId === id;
  useEffect(() => () => closeForm(), [id]);
  useEffect(() => (isOpen ? () => requestAnimationFrame(() => focusBox(id)) : undefined), [isOpen]);
  if (!isOpen) return null;
  // A template does not need the reply window, so it never waits for the customer.
  const willHold = isHeld && form.kind !== "template";
  const send = (body, extra) => {
    const { hold, ...rest } = body;
    sendReply(id, willHold ? { ...rest, hold: true } : rest, extra);
    closeForm();
  };
  return html`<${FORMS[form.kind]} conversation=${conversation} start=${form.start} attachment=${form.attachment} isHeld=${willHold} onSend=${send} />`;
}
