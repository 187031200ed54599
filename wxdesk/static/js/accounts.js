// Accounts pages: copy buttons, and the connection test step after step on the same page.
(() => {
  for (const button of document.querySelectorAll("[data-copy]")) {
    if (!navigator.clipboard) continue; // plain http: people copy by hand
    const label = button.querySelector("span");
    const text = label.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).value);
      label.textContent = button.dataset.copied;
      setTimeout(() => (label.textContent = text), 2000);
    });
  }
  for (const input of document.querySelectorAll(".copy-row input")) {
    input.addEventListener("focus", () => input.select());
  }

  const list = document.querySelector(".check-list");
  const all = document.querySelector("form[data-check-all]");
  if (!list || !all) return;

  const setBusy = (isBusy) => {
    for (const button of document.querySelectorAll("[data-check-step] button, [data-check-all] button")) {
      button.disabled = isBusy;
    }
  };

  const run = async (line) => {
    const form = line.querySelector("form[data-check-step]");
    line.classList.add("is-running");
    line.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(form.action, {
        method: "POST",
        body: new FormData(form),
        headers: { "X-Fragment": "1" },
      });
      if (!answer.ok || answer.redirected) throw new Error(String(answer.status));
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      line.replaceWith(document.adoptNode(page.querySelector("[data-step]")));
    } catch {
      line.classList.remove("is-running");
      line.removeAttribute("aria-busy");
      line.querySelector(".check-text").textContent = list.dataset.failed;
      return false;
    }
    return true;
  };

  const runAll = async (lines) => {
    setBusy(true);
    let isGood = true;
    for (const name of lines) {
      isGood = isGood && (await run(list.querySelector(`[data-step="${name}"]`)));
    }
    setBusy(false);
    if (isGood && lines.includes("permissions")) location.reload(); // the table of rights follows
  };

  all.addEventListener("submit", (event) => {
    event.preventDefault();
    runAll([...list.querySelectorAll("[data-step]")].map((line) => line.dataset.step));
  });
  list.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-check-step]")) return;
    event.preventDefault();
    runAll([event.target.closest("[data-step]").dataset.step]);
  });
})();
