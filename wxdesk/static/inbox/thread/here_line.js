// "Mei is typing…": colleagues at this conversation, in words and as small heads.
import { useEffect } from "../../vendor/preact-hooks.js";
import { Icon, html } from "../html.js";
import { announce } from "../store.js";
import { t } from "../texts.js";
import { peopleAt } from "./here.js";

const NAMED = 2;

function namesOf(people) {
  const shown = people.slice(0, NAMED).map(({ name }) => name);
  const more = people.length - shown.length;
  const names = shown.join(t("name_separator"));
  return more > 0 ? t("names_and_more", { names, n: more }) : names;
}

/** At the composer: those who type, else those who look. */
export function HereLine({ conversation }) {
  const people = peopleAt(conversation);
  const typing = people.filter(({ doing }) => doing === "typing");
  const isTyping = typing.length > 0;
  const words = isTyping
    ? t("are_typing", { names: namesOf(typing), n: typing.length })
    : people.length
      ? t("are_viewing", { names: namesOf(people), n: people.length })
      : "";
  useEffect(() => {
    if (isTyping) announce(words); // at most once in five seconds, with everything else
  }, [isTyping && words]);
  return html`<p class=${`here-line${isTyping ? " is-typing" : ""}`}>
    ${words && html`<${Icon} name=${isTyping ? "pencil" : "eye"} /><span>${words}</span>`}
  </p>`;
}

function initialOf(name) {
  return ([...name.trim()].at(-1) ?? "?").toUpperCase();
}

/** In the head: a small head each, red while typing, as one picture with words. */
export function HereHeads({ conversation }) {
  const people = peopleAt(conversation);
  if (!people.length) return null;
  const label = people
    .map(({ name, doing }) => t(doing === "typing" ? "is_typing" : "is_viewing", { name }))
    .join(t("name_separator"));
  return html`<span class="here-heads" role="img" aria-label=${label} title=${label}>
    ${people.slice(0, 3).map(({ id, name, doing }) => html`<i key=${id} class=${`is-${doing}`}>${initialOf(name)}</i>`)}
    ${people.length > 3 && html`<i>+${people.length - 3}</i>`}
  </span>`;
}
