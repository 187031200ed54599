// The inside of a bubble by its kind. Text is only ever set as text.
import { button, make, texts } from "./page.js";
import { outward, wordsInto } from "./words.js";

let playing = null;

function picture(url, className) {
  const image = make("img", className);
  image.alt = "";
  image.loading = "lazy";
  if (url) image.src = url;
  image.addEventListener("error", () => image.classList.add("is-broken"));
  return image;
}

function sameOrigin(url) {
  try {
    const found = new URL(url, location.href);
    const loopback = ["localhost", "127.0.0.1", "[::1]"].includes(found.hostname);
    if (loopback && found.port === location.port) return found.pathname;
    return found.origin === location.origin ? found.href : "";
  } catch {
    return "";
  }
}

function imageBubble({ detail }) {
  if (!detail.media_url) return make("div", "bubble", texts.expired);
  const link = outward(detail.media_url, "");
  link.className = "bubble picture";
  link.setAttribute("aria-label", texts.kind_image);
  link.append(picture(detail.media_url, ""));
  return link;
}

async function play(row, detail) {
  if (playing) playing.pause();
  const isWeb = /mpeg|ogg|webm|mp4/.test(detail.content_type);
  const audio = new Audio(isWeb ? detail.media_url : `${detail.media_url}/sound`);
  playing = audio;
  const stop = () => row.classList.remove("is-playing");
  audio.addEventListener("pause", stop);
  audio.addEventListener("ended", stop);
  row.classList.add("is-playing");
  try {
    await audio.play();
  } catch {
    stop();
    if (!row.querySelector(".outward")) {
      row.title = texts.cannot_play;
      const link = outward(detail.media_url, texts.download);
      link.download = detail.file_name;
      row.after(make("div", "state", texts.cannot_play), link);
    }
  }
}

function voiceBubble({ detail }) {
  const seconds = Math.max(1, Math.round(detail.seconds || 1));
  const row = button(`bubble voice long-${Math.min(6, Math.ceil(seconds / 10))}`, "", () => play(row, detail));
  row.setAttribute("aria-label", `${texts.kind_voice} ${seconds}″ ${texts.play}`);
  const waves = make("span", "waves");
  waves.append(make("i"), make("i"), make("i"));
  row.append(waves, make("span", "", detail.seconds ? `${seconds}″` : "…"));
  row.disabled = !detail.media_url;
  return row;
}

function videoBubble({ detail }) {
  if (!detail.media_url) return make("div", "bubble", texts.expired);
  const box = make("div", "bubble film");
  const video = make("video");
  video.controls = true;
  video.preload = "metadata";
  video.src = detail.media_url;
  box.append(video);
  if (detail.title) box.append(make("strong", "", detail.title));
  if (detail.description) box.append(make("small", "", detail.description));
  return box;
}

function locationBubble({ detail }) {
  const card = make("div", "bubble card place");
  card.append(make("strong", "", detail.label || texts.kind_location));
  card.append(make("small", "", `${detail.latitude}, ${detail.longitude}`));
  const map = make("span", "map");
  map.append(make("i"));
  card.append(map);
  return card;
}

function cardBubble(title, lines, pictureUrl, foot) {
  const card = make("div", "bubble card");
  card.append(make("strong", "", title));
  const body = make("div", "card-body");
  body.append(make("small", "", lines.filter(Boolean).join("\n")));
  const url = pictureUrl && sameOrigin(pictureUrl);
  if (url) body.append(picture(url, "card-picture"));
  card.append(body);
  if (foot) card.append(make("div", "card-foot", foot));
  return card;
}

function linkBubble({ detail }) {
  return cardBubble(detail.title, [detail.description, detail.url], "", texts.send_link);
}

function miniProgramBubble({ detail }) {
  const card = make("div", "bubble card mini");
  card.append(make("small", "", detail.app_id), make("strong", "", detail.title || texts.mini_program));
  const url = detail.picture_url && sameOrigin(detail.picture_url);
  if (url) card.append(picture(url, "mini-picture"));
  card.append(make("small", "", detail.page_path), make("div", "card-foot", texts.mini_program));
  return card;
}

function fileBubble({ detail }) {
  const size = Number(detail.size);
  const shown = size >= 1048576 ? `${(size / 1048576).toFixed(1)} MB` : `${Math.max(1, Math.round(size / 1024))} KB`;
  const card = cardBubble(detail.title, [shown], "", texts.send_file);
  card.classList.add("file");
  card.querySelector(".card-body").append(make("span", "paper", String(detail.title).split(".").pop().slice(0, 4)));
  return card;
}

function newsBubble({ detail }) {
  const [article] = detail.articles;
  const card = make("div", "bubble card news");
  const url = article.picture_url && sameOrigin(article.picture_url);
  if (url) card.append(picture(url, "news-picture"));
  card.append(make("strong", "", article.title), make("small", "", article.description));
  if (/^https?:\/\//.test(article.url)) card.append(outward(article.url, texts.details));
  return card;
}

function menuBubble({ detail }, choose) {
  const card = make("div", "bubble menu-message");
  if (detail.head) card.append(wordsInto(make("p"), detail.head, choose));
  for (const choice of detail.choices) {
    card.append(button("choice-link", choice.text, () => choose(choice.text, choice.id)));
  }
  if (detail.tail) card.append(wordsInto(make("p"), detail.tail, choose));
  return card;
}

function templateBubble({ detail }) {
  const card = make("div", "bubble card template");
  card.append(make("strong", "", detail.title));
  for (const line of detail.lines) {
    const [name, ...rest] = line.split(/[：:]/);
    const row = make("p");
    if (rest.length) row.append(make("span", "", name), line.slice(name.length + 1));
    else row.append(line);
    card.append(row);
  }
  const isLink = /^https?:\/\//.test(detail.url);
  if (isLink) card.append(outward(detail.url, texts.details));
  else if (detail.app_id || detail.url) card.append(make("div", "card-foot", texts.mini_program));
  return card;
}

function musicBubble({ detail, text }) {
  const card = cardBubble(text || texts.music, [detail.description], detail.picture_url, texts.music);
  if (/^https?:\/\//.test(detail.url)) card.append(outward(detail.url, texts.play));
  return card;
}

const kinds = {
  image: imageBubble,
  voice: voiceBubble,
  video: videoBubble,
  shortvideo: videoBubble,
  location: locationBubble,
  link: linkBubble,
  miniprogrampage: miniProgramBubble,
  file: fileBubble,
  news: newsBubble,
  msgmenu: menuBubble,
  template: templateBubble,
  music: musicBubble,
  mpnewsarticle: ({ text }) => cardBubble(texts.article, [text], "", ""),
  wxcard: ({ text }) => cardBubble(texts.card, [text], "", ""),
};

const needs = { news: "articles", msgmenu: "choices", template: "lines" };

// `choose(text, menuId)` is called when a choice in the bubble is tapped.
export function bubbleElement(bubble, summary, choose) {
  const build = kinds[bubble.kind];
  const need = needs[bubble.kind];
  const isBare = Object.keys(bubble.detail).length === 0 || (need && !bubble.detail[need]);
  if (build && !isBare) return build(bubble, choose);
  if (bubble.kind === "text") return wordsInto(make("div", "bubble"), bubble.text, choose);
  return make("div", "bubble", summary);
}
