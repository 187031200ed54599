// One sound at a time: what plays, how far it is, how fast; every voice bubble reads it here.
import { signal } from "../../vendor/signals.js";

export const RATES = [1, 1.5, 2];

/** {id, state: "idle" | "loading" | "playing" | "paused" | "failed", position} of the chosen voice. */
export const playing = signal({ id: null, state: "idle", position: 0 });
export const rate = signal(1);

let sound = null;

const put = (facts) => (playing.value = { ...playing.peek(), ...facts });

/** Events of a sound that was replaced meanwhile change nothing. */
function listen(audio) {
  const on = (name, work) =>
    audio.addEventListener(name, () => {
      if (audio === sound) work();
    });
  on("timeupdate", () => put({ position: audio.currentTime }));
  on("playing", () => put({ state: "playing" }));
  on("waiting", () => put({ state: "loading" }));
  on("pause", () => !audio.ended && put({ state: "paused" }));
  on("ended", () => put({ state: "paused", position: 0 }));
  on("error", () => put({ state: "failed" }));
}

function start(id, url, from) {
  sound?.pause();
  sound = new Audio(url);
  listen(sound);
  playing.value = { id, state: "loading", position: from };
  sound.currentTime = from;
  resume();
}

function resume() {
  const audio = sound;
  if (audio.ended) audio.currentTime = 0;
  audio.playbackRate = rate.peek();
  audio.play().catch((error) => {
    if (audio === sound && error.name !== "AbortError") put({ state: "failed" });
  });
}

export function toggle(id, url) {
  const now = playing.peek();
  if (now.id !== id || now.state === "failed") start(id, url, 0);
  else if (now.state === "playing") sound.pause();
  else resume();
}

/** Go to a second of this voice; it starts there if it was not the one that plays. */
export function seek(id, url, seconds) {
  if (playing.peek().id !== id) start(id, url, seconds);
  else {
    sound.currentTime = seconds;
    put({ position: seconds });
  }
}

export function nextRate() {
  rate.value = RATES[(RATES.indexOf(rate.peek()) + 1) % RATES.length];
  if (sound) sound.playbackRate = rate.peek();
}

/** Silence when the agent opens another conversation. */
export function stop() {
  sound?.pause();
  sound = null;
  playing.value = { id: null, state: "idle", position: 0 };
}
