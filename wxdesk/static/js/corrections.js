// Pages of corrections: dialogs that ask once more, the preview while typing, printing.
(() => {
  document.addEventListener("click", (event) => {
    const opener = event.target.closest("[data-opens]");
    if (opener) document.getElementById(opener.dataset.opens)?.showModal();
    if (event.target.closest("[data-prints]")) window.print();
  });

  // As corrections/rules.filled does it.
  const PLACE = /\{\{\s*(\w+)\s*(?:\|([^{}]*))?\}\}/g;
  const area = document.getElementById("text");
  const lines = document.querySelectorAll("#preview > li");
  const show = () => {
    for (const line of lines) {
      const remark = line.dataset.remark.trim();
      const text = area.value.replace(PLACE, (_all, _name, other) => remark || (other || "").trim());
      line.querySelector(".fix-bubble").textContent = text || "…";
    }
  };
  if (area && lines.length) {
    area.addEventListener("input", show);
    show();
  }
})();
