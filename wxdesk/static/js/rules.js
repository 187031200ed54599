// The rules' pages: fields of the chosen trigger only, further replies, the test chat's fields.
(() => {
  const form = document.getElementById("rule-form");

  /** Shows the parts that name the chosen value in data-triggers, data-acts. */
  const follow = (select, attribute) => {
    const show = () => {
      for (const part of document.querySelectorAll(`[${attribute}]`)) {
        part.hidden = !part.getAttribute(attribute).split(" ").includes(select.value);
      }
    };
    select.addEventListener("change", show);
    show();
  };

  const trigger = form?.querySelector("[data-trigger]");
  if (trigger) {
    follow(trigger, "data-triggers");
    const passesOn = form.querySelector("[data-passes-on]");
    trigger.addEventListener("change", () => {
      passesOn.checked = trigger.dataset.passing.split(" ").includes(trigger.value);
    });
  }

  const act = document.querySelector("[data-try-act]");
  if (act) follow(act, "data-acts");

  /** Customers' tags belong to an official account. */
  const account = form?.querySelector("select[name=account_id], input[name=account_id]");
  if (account) {
    const show = () => {
      for (const tag of document.querySelectorAll("[data-account]")) {
        tag.hidden = tag.dataset.account !== account.value;
        if (tag.hidden) tag.querySelector("input").checked = false;
      }
    };
    account.addEventListener("change", show);
    show();
  }

  const list = document.getElementById("more-replies");
  const template = document.getElementById("more-template");
  if (list && template) {
    const used = () => [...list.querySelectorAll('[name="more"]')].map((one) => Number(one.value));
    document.querySelector("[data-add-more]").addEventListener("click", () => {
      const number = Math.max(-1, ...used()) + 1;
      const block = template.content.cloneNode(true);
      for (const name of ["id", "name", "for", "aria-describedby", "data-byte-count-for"]) {
        for (const part of block.querySelectorAll(`[${name}]`)) {
          part.setAttribute(name, part.getAttribute(name).replaceAll("NUMBER", number));
        }
      }
      block.querySelector('[name="more"]').value = number;
      list.append(block);
      list.lastElementChild.querySelector("select").focus();
    });
    list.addEventListener("click", (event) => {
      const button = event.target.closest("[data-remove-more]");
      if (!button) return;
      button.closest("[data-more]").remove();
      form.dispatchEvent(new Event("change", { bubbles: true }));
    });
  }
})();
