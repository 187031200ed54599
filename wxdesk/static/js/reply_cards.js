// A reply that is a card: while its fields are written, the card as the customer's phone will show it.
(() => {
  const valueOf = (block, name) => block.querySelector(`[name$="${name}"]`).value.trim();

  const webAddress = (text) => {
    try {
      return /^https?:\/\//i.test(text) ? new URL(text) : null;
    } catch {
      return null;
    }
  };

  /** Whether a phone, where nobody is logged in, would get a picture. */
  async function isPicture(url) {
    try {
      const answer = await fetch(url, { method: "HEAD", credentials: "omit" });
      return answer.ok && Boolean(answer.headers.get("Content-Type")?.startsWith("image/"));
    } catch {
      return false;
    }
  }

  /** The page may load pictures of its own address only; of any other one it says where it comes from. */
  async function showPicture(preview, text) {
    const frame = preview.querySelector("[data-frame]");
    if (frame.dataset.shown === text) return;
    frame.dataset.shown = text;
    const url = webAddress(text);
    const isOwn = url?.origin === location.origin;
    const isFound = isOwn && (await isPicture(url));
    if (frame.dataset.shown !== text) return; // more was written meanwhile
    const picture = frame.querySelector("[data-picture]");
    picture.hidden = !isFound;
    if (isFound) picture.src = url.href;
    else picture.removeAttribute("src");
    frame.querySelector("[data-note]").hidden = isFound;
    frame.querySelector("[data-says]").textContent = url ? frame.dataset[isOwn ? "broken" : "outside"] : frame.dataset.wrong;
    const address = frame.querySelector("[data-address]");
    address.textContent = address.title = url ? url.host + url.pathname : "";
    frame.hidden = !text;
  }

  function show(block) {
    const preview = block?.querySelector("[data-card-preview]");
    if (!preview) return;
    for (const part of preview.querySelectorAll("[data-part]")) {
      const text = valueOf(block, part.dataset.part);
      part.textContent = text || part.dataset.empty || "";
      part.classList.toggle("is-empty", !text);
    }
    showPicture(preview, valueOf(block, "picture_url"));
  }

  document.addEventListener("input", (event) => show(event.target.closest(".reply-block")));
  document.querySelectorAll(".reply-block").forEach(show);
})();
