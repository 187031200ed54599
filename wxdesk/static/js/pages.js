// Small behaviour of server-rendered pages: byte counters, tabs in sight, menus that close, failed htmx switches.
(() => {
  const encoder = new TextEncoder();

  const watch = (area) => {
    const counter = document.querySelector(`[data-byte-count-for="${area.id}"]`);
    if (!counter) return;
    const limit = Number(area.dataset.maxBytes);
    const show = () => {
      const text = area.value.replace(/\r?\n/g, "\n");
      const used = encoder.encode(text).length;
      const isOver = used > limit;
      counter.textContent = `${used} / ${limit}${isOver ? ` · ${counter.dataset.over}` : ""}`;
      counter.classList.toggle("is-over", isOver);
      counter.classList.toggle("is-near", !isOver && used > limit * 0.9);
    };
    area.addEventListener("input", show);
    show();
  };
  document.querySelectorAll("textarea[data-max-bytes]").forEach(watch);

  // Sideways only, so that the page itself stays where its address points to.
  for (const tab of document.querySelectorAll(".report-nav [aria-current], .page-tabs [aria-current]")) {
    const bar = tab.closest("nav");
    const [seen, shown] = [bar.getBoundingClientRect(), tab.getBoundingClientRect()];
    bar.scrollLeft += Math.max(0, shown.right - seen.right) + Math.min(0, shown.left - seen.left);
  }

  const closeMenus = (except) => {
    for (const menu of document.querySelectorAll("details.user-menu[open]")) {
      if (!menu.contains(except)) menu.open = false;
    }
  };
  document.addEventListener("click", (event) => closeMenus(event.target));
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") closeMenus(null);
  });

  // A switch that the server did not accept goes back to what is stored.
  const undo = (event) => event.detail.elt.closest?.("form")?.reset();
  document.addEventListener("htmx:responseError", undo);
  document.addEventListener("htmx:sendError", undo);
})();
