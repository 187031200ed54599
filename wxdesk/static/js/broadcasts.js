// Broadcasts: fields that belong to what was chosen, the article of a draft, the question before cancelling.
(() => {
  const chosen = (name) => document.querySelector(`input[name="${name}"]:checked`)?.value;

  function show() {
    for (const part of document.querySelectorAll("[data-mass]")) part.hidden = part.dataset.mass !== chosen("mass_kind");
    for (const part of document.querySelectorAll("[data-audience]")) part.hidden = part.dataset.audience !== chosen("audience");
    const time = document.getElementById("send_at");
    if (time) time.closest(".field").hidden = chosen("when") !== "at";
  }

  document.addEventListener("change", (event) => {
    show();
    const { target } = event;
    if (target.matches("[data-reload] select") && target.value) target.form.submit();
    if (target.matches("[data-draft]") && target.value) {
      document.getElementById("media_id").value = target.value;
      document.getElementById("title").value = target.selectedOptions[0].dataset.title;
    }
  });
  show();

  const dialog = document.getElementById("sure");
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.dataset.asks || form.dataset.isSure || !dialog) return;
    event.preventDefault();
    document.getElementById("sure-text").textContent = form.dataset.asks;
    dialog.returnValue = "";
    dialog.showModal();
    dialog.addEventListener(
      "close",
      () => {
        if (dialog.returnValue !== "yes") return;
        form.dataset.isSure = "yes";
        form.submit();
      },
      { once: true },
    );
  });

  // Buttons and people follow from the state: when it ends, or begins, the page is fetched anew.
  document.addEventListener("htmx:afterSwap", () => {
    const now = document.getElementById("progress")?.dataset.state;
    if (now && now !== first) location.reload();
  });
  const first = document.getElementById("progress")?.dataset.state;
})();
