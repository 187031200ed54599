// Phones: the soft keyboard covers the page instead of making it smaller; the desk follows what is seen.

const KEYBOARD_PX = 120;

function follow() {
  const { height } = visualViewport;
  const isCovered = innerHeight - height > KEYBOARD_PX && visualViewport.scale === 1;
  const root = document.documentElement;
  if (isCovered) root.style.setProperty("--visible", `${Math.floor(height)}px`);
  else root.style.removeProperty("--visible");
  if (isCovered) scrollTo(0, 0); // the browser moved the page so that the box could be seen
}

export function startViewport() {
  if (!globalThis.visualViewport) return;
  visualViewport.addEventListener("resize", follow);
  visualViewport.addEventListener("scroll", follow);
}
