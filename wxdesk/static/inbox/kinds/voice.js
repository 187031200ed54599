// A voice message: play and pause, a waveform that can be clicked, its length, and faster speech.
import { Icon, html } from "../html.js";
import { t } from "../texts.js";
import { Download, Missing, Unplayable, contentOf } from "./attachment.js";
import { formatLength } from "./size.js";
import { nextRate, playing, rate, seek, toggle } from "./voice_player.js";

const BAR_PX = 3;
const GAP_PX = 2;
const HIGH_PX = 28;
const LOWEST_PX = 3;

/** Long messages get more bars, as in WeChat long ones are wider. */
const barsFor = (seconds) => Math.round(Math.min(44, 16 + (seconds ?? 0) * 0.6));

/** The levels (0..100) of `count` bars out of as many as the server measured. */
export function levels(waveform, count) {
  if (!waveform?.length) return Array.from({ length: count }, () => 12);
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((index * waveform.length) / count);
    const to = Math.max(from + 1, Math.floor(((index + 1) * waveform.length) / count));
    return Math.max(...waveform.slice(from, to));
  });
}

function Waveform({ waveform, seconds, share }) {
  const bars = levels(waveform, barsFor(seconds));
  const width = bars.length * (BAR_PX + GAP_PX) - GAP_PX;
  return html`<svg class="waveform" width=${width} height=${HIGH_PX} viewBox=${`0 0 ${width} ${HIGH_PX}`} aria-hidden="true">
    ${bars.map((level, index) => {
      const high = Math.max(LOWEST_PX, Math.round((level / 100) * HIGH_PX));
      return html`<rect
        key=${index}
        class=${index < share * bars.length ? "is-played" : ""}
        x=${index * (BAR_PX + GAP_PX)}
        y=${(HIGH_PX - high) / 2}
        width=${BAR_PX}
        height=${high}
        rx="1.5"
      />`;
    })}
  </svg>`;
}

const STATE_ICONS = { playing: "player-pause", loading: "loader-2" };

function Player({ attachment }) {
  const { id, play_url: url, duration_seconds: seconds, waveform } = attachment;
  const isMine = playing.value.id === id;
  const state = isMine ? playing.value.state : "idle";
  const position = isMine ? playing.value.position : 0;
  const share = seconds ? Math.min(1, position / seconds) : 0;
  const onSeek = (event) => seek(id, url, Number(event.target.value));
  return html`<div class=${`voice is-${state}`}>
    <button
      type="button"
      class="voice-button"
      aria-label=${t(state === "playing" ? "pause_voice" : "play_voice", { length: formatLength(seconds) })}
      onClick=${() => toggle(id, url)}
    >
      <${Icon} name=${STATE_ICONS[state] ?? "player-play"} />
    </button>
    <span class="voice-track">
      <${Waveform} waveform=${waveform} seconds=${seconds} share=${share} />
      ${
        seconds > 0 &&
        html`<input
          type="range"
          min="0"
          max=${seconds}
          step="0.1"
          value=${position}
          aria-label=${t("voice_position")}
          aria-valuetext=${formatLength(position)}
          onInput=${onSeek}
        />`
      }
    </span>
    <span class="voice-length">${formatLength(isMine && position > 0 ? position : seconds)}</span>
    ${
      isMine &&
      html`<button type="button" class="voice-rate" aria-label=${t("voice_rate", { rate: rate.value })} onClick=${nextRate}>
      ${rate.value}×
    </button>`
    }
    ${state === "failed" && html`<p class="voice-failed" role="alert">${t("voice_not_loaded")} <${Download} attachment=${attachment} /></p>`}
  </div>`;
}

function Silent({ attachment }) {
  const length = attachment.duration_seconds;
  const title = `${t("kind_voice")}${length ? ` · ${formatLength(length)}` : ""}`;
  return html`<${Unplayable} attachment=${attachment} icon="microphone-off" title=${title} reason=${t("cannot_play_voice")} />`;
}

export function VoiceMessage({ message }) {
  const attachment = contentOf(message);
  const words = message.content?.recognition;
  return html`
    ${attachment.state !== "ready" && html`<${Missing} attachment=${attachment} kind="voice" />`}
    ${attachment.state === "ready" && (attachment.play_url ? html`<${Player} attachment=${attachment} />` : html`<${Silent} attachment=${attachment} />`)}
    ${words && html`<p class="voice-words" dir="auto"><span>${t("voice_words")}</span> ${words}</p>`}
  `;
}
