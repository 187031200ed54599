// The form of a template or subscription message: choose one, fill its places, see the result.
import { useEffect, useState } from "../../vendor/preact-hooks.js";
import { get } from "../api.js";
import { Icon, html } from "../html.js";
import { safeAddress } from "../kinds/rich_text.js";
import { t } from "../texts.js";
import { Field, FormDialog } from "./form_dialog.js";

/** The template's text with what was typed in its {{places}}. */
export function filled(content, data) {
  return content.replace(
    /\{\{\s*(\w+)\.DATA\s*\}\}/g,
    (place, name) => data[name]?.trim() || place,
  );
}

/** What a place is called: the words before it on its line, else its own name. */
export function labelOf(content, name) {
  const line = content.split("\n").find((text) => text.includes(`{{${name}.DATA}}`)) ?? "";
  const before = line
    .slice(0, line.indexOf("{{"))
    .replace(/[：:\s]+$/, "")
    .trim();
  return before || name;
}

/** {status: "loading" | "ready" | "error", items, error, reload} of the account's templates. */
function useTemplates(slug) {
  const [state, setState] = useState({ status: "loading", items: [] });
  const [turn, setTurn] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setState({ status: "loading", items: [] });
    get(`/accounts/${slug}/templates`, { signal: stop.signal })
      .then(({ items }) => setState({ status: "ready", items }))
      .catch((error) => !stop.signal.aborted && setState({ status: "error", items: [], error }));
    return () => stop.abort();
  }, [slug, turn]);
  return { ...state, reload: () => setTurn(turn + 1) };
}

function Choice({ items, chosen, onChoose }) {
  return html`<div class="form-field">
    <label class="form-label" for="template-choice">${t("template_choice")}</label>
    <select id="template-choice" class="form-select" value=${chosen?.id ?? ""} onChange=${(event) => onChoose(event.target.value)}>
      ${items.map((one) => html`<option key=${one.id} value=${one.id}>${one.title}${one.kind === "subscription" ? ` · ${t("subscription")}` : ""}</option>`)}
    </select>
    ${chosen?.kind === "subscription" && html`<small>${t("subscription_hint")}</small>`}
  </div>`;
}

function Waiting({ templates }) {
  if (templates.status === "loading") return html`<p class="form-note">${t("loading")}</p>`;
  if (templates.status === "error") {
    return html`<div class="form-note" role="alert">
      <p>${templates.error.message}</p>
      <button type="button" class="btn btn-sm" onClick=${templates.reload}><${Icon} name="refresh" />${t("retry")}</button>
    </div>`;
  }
  return html`<p class="form-note">${t("no_templates")}</p>`;
}

function problemOf(template, data, url) {
  const empty = template?.fields.find((name) => !data[name]?.trim());
  return { empty, url: !url.trim() || safeAddress(url.trim()) ? null : t("address_needed") };
}

export function TemplateForm({ conversation, start, onSend }) {
  const templates = useTemplates(conversation.account);
  const [chosenId, setChosenId] = useState(start.template_id ?? null);
  const [data, setData] = useState(start.data ?? {});
  const [url, setUrl] = useState(start.url ?? "");
  const [isTried, setTried] = useState(false);
  const template =
    templates.items.find((one) => String(one.id) === String(chosenId)) ?? templates.items[0];
  const problem = problemOf(template, data, url);
  const send = () => {
    setTried(true);
    if (!template || problem.empty || problem.url) return;
    const given = Object.fromEntries(template.fields.map((name) => [name, data[name].trim()]));
    const link = url.trim() ? { url: url.trim() } : {};
    const shown = { title: template.title, text: filled(template.content, given), ...link };
    onSend({ kind: "template", template_id: template.id, data: given, ...link }, { shown });
  };
  const preview = template && {
    kind: "template",
    direction: "outgoing",
    content: { title: template.title, text: filled(template.content, data), url },
  };
  return html`<${FormDialog} title=${t("insert_template")} preview=${preview} cannotSend=${!template} onSend=${send}>
    ${!template && html`<${Waiting} templates=${templates} />`}
    ${
      template &&
      html`<${Choice} items=${templates.items} chosen=${template} onChoose=${setChosenId} />
      ${template.fields.map(
        (name) => html`<${Field}
          key=${`${template.id}-${name}`}
          name=${`template-${name}`}
          label=${labelOf(template.content, name)}
          value=${data[name] ?? ""}
          error=${isTried && !data[name]?.trim() ? t("field_needed") : null}
          onInput=${(value) => setData({ ...data, [name]: value })}
        />`,
      )}
      <${Field} name="template-url" label=${t("template_url")} value=${url} onInput=${setUrl} dir="ltr" placeholder="https://" error=${isTried ? problem.url : null} />`
    }
  <//>`;
}
