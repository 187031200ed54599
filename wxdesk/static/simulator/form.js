// One dialog for every question: a title, fields, and what was pressed.
import { $, make } from "./page.js";

function input(field) {
  if (field.type === "select") {
    const select = make("select");
    select.append(...field.options.map(([value, text]) => new Option(text, value)));
    select.value = field.value ?? field.options[0]?.[0] ?? "";
    return select;
  }
  const element = make("input");
  element.type = field.type ?? "text";
  element.autocomplete = "off";
  if (field.type === "checkbox") element.checked = field.value;
  else if (field.type === "file") element.accept = field.accept ?? "";
  else element.value = field.value ?? "";
  if (field.type === "number") element.step = "any";
  if (!field.type) element.maxLength = field.most ?? 200;
  return element;
}

function valueOf(element) {
  if (element.type === "checkbox") return element.checked;
  if (element.type === "file") return element.files[0] ?? null;
  if (element.type === "number") return Number(element.value);
  return element.value.trim();
}

// Resolves to {pressed, values}, or null when the person cancels.
export function ask(title, fields, { second = "" } = {}) {
  const dialog = $("form");
  const inputs = new Map();
  $("form-title").textContent = title;
  $("form-second").hidden = !second;
  $("form-second").textContent = second;
  $("form-fields").replaceChildren(
    ...fields.map((field) => {
      if (field.note) return make("p", "note", field.note);
      const label = make("label", field.type === "checkbox" ? "check" : "", field.label);
      const element = input(field);
      inputs.set(field.name, element);
      if (field.type === "checkbox") label.prepend(element);
      else label.append(element);
      return label;
    }),
  );
  dialog.returnValue = "";
  dialog.showModal();
  const first = inputs.values().next().value;
  if (first?.select) first.select();
  return new Promise((resolve) => {
    const close = () => {
      const values = Object.fromEntries([...inputs].map(([name, element]) => [name, valueOf(element)]));
      resolve(dialog.returnValue ? { pressed: dialog.returnValue, values } : null);
    };
    dialog.addEventListener("close", close, { once: true });
  });
}

// Cancel is the first submit button, which Enter would press; so Enter means OK here.
$("form").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.isComposing || event.target.tagName === "BUTTON") return;
  event.preventDefault();
  $("form").close("ok");
});
