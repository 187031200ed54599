// The page of posters: shows what the server would make whenever the form changes. The page works without it.
(() => {
  const form = document.querySelector("[data-poster]");
  const picture = document.querySelector("[data-preview-picture]");
  const note = document.querySelector("[data-preview-note]");
  if (!form) return;
  let latest = 0;
  let timer = 0;

  const asAddress = (blob) =>
    new Promise((resolve, reject) => {
      const reader = new FileReader();
      reader.addEventListener("load", () => resolve(reader.result));
      reader.addEventListener("error", () => reject(reader.error));
      reader.readAsDataURL(blob);
    });

  function show(text) {
    note.textContent = text;
    note.hidden = !text;
    picture.hidden = Boolean(text);
  }

  async function preview() {
    const number = ++latest;
    const body = new FormData(form);
    body.delete("save");
    body.set("preview", "1");
    const answer = await fetch(location.href, { method: "POST", body, credentials: "same-origin" });
    if (number !== latest) return;
    if (answer.ok) {
      const address = await asAddress(await answer.blob());
      if (number !== latest) return;
      picture.src = address;
      show("");
      return;
    }
    const isJson = answer.headers.get("Content-Type")?.includes("json");
    const said = isJson ? await answer.json() : {};
    show(said.message ?? said.detail ?? `${answer.status} ${answer.statusText}`);
  }

  form.addEventListener("input", () => {
    if (!form.elements.background.files.length) return;
    clearTimeout(timer);
    timer = setTimeout(() => preview().catch((error) => show(String(error))), 300);
  });
})();
