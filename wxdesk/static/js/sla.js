// Stages of a policy: add one from the template, remove one.
(() => {
  const list = document.getElementById("stages");
  const template = document.getElementById("stage-template");
  if (!list || !template) return;

  const numbers = () => [...list.querySelectorAll('[name="stages"]')].map((one) => Number(one.value));

  document.querySelector("[data-add-stage]").addEventListener("click", () => {
    const number = Math.max(-1, ...numbers()) + 1;
    const stage = template.content.cloneNode(true);
    for (const field of stage.querySelectorAll("[name]")) {
      field.name = field.name.replace("NUMBER", number);
      if (field.name === "stages") field.value = number;
    }
    list.append(stage);
    list.lastElementChild.querySelector("select").focus();
  });

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-remove-stage]");
    if (button) button.closest("[data-stage]").remove();
  });
})();
