// The form of a campaign: what customers would see, and further rows of prizes.
(() => {
  for (const preview of document.querySelectorAll("[data-preview-of]")) {
    const area = document.getElementById(preview.dataset.previewOf);
    if (!area) continue;
    const show = () => {
      const text = area.value.trim();
      preview.textContent = text || preview.dataset.empty;
      preview.classList.toggle("is-empty", !text);
    };
    area.addEventListener("input", show);
    show();
  }

  const prizes = document.querySelector("[data-prizes]");
  const button = document.querySelector("[data-add-prize]");
  if (!prizes || !button) return;
  button.hidden = false;
  button.addEventListener("click", () => {
    const rows = prizes.querySelectorAll("[data-prize]");
    const made = rows[rows.length - 1].cloneNode(true);
    for (const input of made.querySelectorAll("input")) {
      input.value = "";
      input.setAttribute("aria-label", input.getAttribute("aria-label").replace(/\d+$/, String(rows.length + 1)));
    }
    prizes.append(made);
    made.querySelector("input").focus();
  });
})();
