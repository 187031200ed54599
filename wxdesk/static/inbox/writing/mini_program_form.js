// The form of a mini-program card: head, app id, page, and the picture that WeChat wants.
import { useEffect, useRef, useState } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { Field, FormDialog } from "./form_dialog.js";
import { UploadRow } from "./upload_tray.js";
import { addFiles, putBack, removeUpload, uploadsOf } from "./uploads.js";

const OWNER = "mini-program";
const APP_ID = /^wx[0-9a-zA-Z]{1,30}$/;

function problemsOf(values, picture) {
  return {
    title: values.title.trim() ? null : t("field_needed"),
    app_id: APP_ID.test(values.app_id.trim()) ? null : t("app_id_needed"),
    page_path: values.page_path.trim() ? null : t("field_needed"),
    picture: picture?.state === "ready" ? null : t("picture_needed"),
  };
}

function PictureField({ conversationId, picture, error }) {
  const input = useRef(null);
  const onChange = () => {
    addFiles(conversationId, [...input.current.files].slice(0, 1), OWNER);
    input.current.value = "";
  };
  return html`<div class="form-field">
    <span class="form-label">${t("mini_picture")}</span>
    ${picture ? html`<ul class="upload-tray"><${UploadRow} one=${picture} /></ul>` : html`<button type="button" class="btn" onClick=${() => input.current.click()}><${Icon} name="photo" />${t("choose_picture")}</button>`}
    <input ref=${input} type="file" class="visually-hidden" tabindex="-1" aria-hidden="true" accept=".jpg,.jpeg,.png" onChange=${onChange} />
    <small>${t("mini_picture_hint")}</small>
    ${error && html`<small class="field-problem" role="alert">${error}</small>`}
  </div>`;
}

/** The picture belongs to this form only, and goes with it. */
function usePicture(conversationId, attachment) {
  useEffect(() => {
    if (attachment) putBack(conversationId, attachment, "", OWNER);
    return () => uploadsOf(conversationId, OWNER).forEach((one) => removeUpload(one.key));
  }, [conversationId]);
  return uploadsOf(conversationId, OWNER).at(-1);
}

export function MiniProgramForm({ conversation, start, attachment, isHeld, onSend }) {
  const { id } = conversation;
  const [values, setValues] = useState({
    title: start.title ?? "",
    app_id: start.app_id ?? "",
    page_path: start.page_path ?? "",
  });
  const [isTried, setTried] = useState(false);
  const picture = usePicture(id, attachment);
  const problems = problemsOf(values, picture);
  const field = (name, label, rest = {}) =>
    html`<${Field}
      name=${`mini-${name}`}
      label=${label}
      value=${values[name]}
      error=${isTried ? problems[name] : null}
      onInput=${(value) => setValues({ ...values, [name]: value })}
      ...${rest}
    />`;
  const send = () => {
    setTried(true);
    if (Object.values(problems).some(Boolean)) return;
    const trimmed = Object.entries(values).map(([name, value]) => [name, value.trim()]);
    const body = { kind: "miniprogrampage", ...Object.fromEntries(trimmed) };
    onSend({ ...body, attachment_id: picture.attachment.id }, { attachment: picture.attachment });
  };
  const shown = picture?.attachment ? [{ ...picture.attachment, role: "thumbnail" }] : [];
  const preview = {
    kind: "miniprogrampage",
    direction: "outgoing",
    content: values,
    attachments: shown,
  };
  return html`<${FormDialog} title=${t("insert_miniprogrampage")} preview=${preview} isHeld=${isHeld} onSend=${send}>
    ${field("title", t("mini_title"), { maxlength: 64 })}
    ${field("app_id", t("mini_app_id"), { dir: "ltr", placeholder: "wx", hint: t("mini_app_id_hint") })}
    ${field("page_path", t("mini_page"), { dir: "ltr", placeholder: "pages/index/index" })}
    <${PictureField} conversationId=${id} picture=${picture} error=${isTried ? problems.picture : null} />
  <//>`;
}
