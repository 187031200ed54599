// Long polls and posts to the control API.
const WAIT_SECONDS = 20;
const RETRY_MILLISECONDS = 1500;

const sleep = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const troubled = new Set();

function report(path, isTroubled) {
  if (isTroubled) troubled.add(path);
  else troubled.delete(path);
  document.getElementById("offline").hidden = troubled.size === 0;
}

// Poll `path` for ever, handing each answer to `show`; returns a function that stops.
// The first request doesn't wait, so that a page never starts empty.
export function loop(path, show, { pause }) {
  const stopper = new AbortController();
  const run = async () => {
    let since = 0;
    let wait = 0;
    while (!stopper.signal.aborted) {
      try {
        const url = `${path}?since=${since}&wait=${wait}`;
        const response = await fetch(url, { signal: stopper.signal });
        if (!response.ok) throw new Error(String(response.status));
        const answer = await response.json();
        if (stopper.signal.aborted) return;
        report(path, false);
        const isNews = answer.since !== since || wait === 0;
        since = answer.since;
        wait = WAIT_SECONDS;
        if (isNews) show(answer);
        if (pause) await sleep(pause);
      } catch (error) {
        if (stopper.signal.aborted) return;
        report(path, true);
        wait = 0;
        await sleep(RETRY_MILLISECONDS);
      }
    }
  };
  run();
  return () => {
    stopper.abort();
    report(path, false);
  };
}

// Post JSON or a form; returns the refusal's text, or an empty text when it was taken.
export async function post(path, body) {
  try {
    const data = body instanceof FormData ? body : JSON.stringify(body);
    const response = await fetch(path, { method: "POST", body: data });
    return response.ok ? "" : (await response.json()).message;
  } catch (error) {
    return document.getElementById("offline").textContent;
  }
}
