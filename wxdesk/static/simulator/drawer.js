// The drawer under the text field: emoticons, and everything else that a customer can send.
import { ask } from "./form.js";
import { $, accountPath, button, customerPath, get, make, texts } from "./page.js";
import { cancelRecording, record } from "./recorder.js";
import { emoticons } from "./words.js";

const icons = {
  image: "M4 5h16v14H4zM4 16l5-5 4 4 3-3 4 4M9 9h.01",
  voice: "M12 4v8M9 7v4a3 3 0 0 0 6 0V7a3 3 0 0 0-6 0M6 11a6 6 0 0 0 12 0M12 17v3",
  video: "M4 7h11v10H4zM15 11l5-3v8l-5-3",
  shortvideo: "M5 5h14v14H5zM10 9l5 3-5 3z",
  location: "M12 21c4-5 6-8 6-11a6 6 0 0 0-12 0c0 3 2 6 6 11M12 11h.01",
  link: "M10 14a4 4 0 0 0 6 0l2-2a4 4 0 0 0-6-6l-1 1M14 10a4 4 0 0 0-6 0l-2 2a4 4 0 0 0 6 6l1-1",
  miniprogrampage: "M12 4a8 8 0 1 0 0 16 8 8 0 0 0 0-16M9 14c2 1 3 0 3-2s1-3 3-2",
  file: "M7 4h7l4 4v12H7zM14 4v4h4",
  scan: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M4 12h16",
  grant: "M6 10a6 6 0 0 1 12 0c0 5 2 6 2 6H4s2-1 2-6M10 20h4",
};
let phone; // {current(), act(path, body), isFollowing()}

function icon(path) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const line = document.createElementNS(svg.namespaceURI, "path");
  line.setAttribute("d", path);
  svg.append(line);
  return svg;
}

export function closeDrawer() {
  if (!$("drawer").hidden) cancelRecording();
  $("drawer").hidden = true;
  for (const id of ["to-more", "to-emoticons"]) $(id).setAttribute("aria-expanded", "false");
}

function toggle(id, className, build) {
  const isOpen = $(id).getAttribute("aria-expanded") === "true";
  closeDrawer();
  if (isOpen) return;
  $(id).setAttribute("aria-expanded", "true");
  $("drawer").className = `drawer ${className}`;
  $("drawer").replaceChildren(...build());
  $("drawer").hidden = false;
}

function emoticonButtons() {
  return Object.entries(emoticons).map(([name, shown]) => {
    const key = button("emoticon", shown, () => {
      const box = $("text");
      box.setRangeText(`[${name}]`, box.selectionStart, box.selectionEnd, "end");
      box.focus();
    });
    key.title = name;
    key.setAttribute("aria-label", name);
    return key;
  });
}

function kindButtons() {
  return Object.keys(icons).map((kind) => {
    const name = texts[`send_${kind}`];
    const key = button("kind", "", () => acts[kind]());
    const square = make("span", "square");
    square.append(icon(icons[kind]));
    key.append(square, make("span", "", name));
    return key;
  });
}

function send(body) {
  closeDrawer();
  return phone.act(customerPath(phone.current(), "messages"), body);
}

function upload(kind, blob) {
  const form = new FormData();
  form.set("kind", kind);
  form.set("media", blob, blob.name ?? "file");
  return send(form);
}

async function chooseFile(kind, accept) {
  const fields = [{ name: "file", label: texts.choose_file, type: "file", accept }];
  const answer = await ask(texts[`send_${kind}`], fields, { second: texts.send_sample });
  if (!answer) return;
  if (answer.pressed === "ok" && answer.values.file) await upload(kind, answer.values.file);
  else await send({ kind });
}

async function sendVoice() {
  const { voice_encoder: encoder } = await get("/sim/samples");
  const box = make("div", "recording");
  const note = make("p", "note", encoder ? texts.with_encoder : texts.without_encoder);
  const start = button("send", texts.record, () => record(controls, (sound) => upload("voice", sound)));
  const file = button("quiet", texts.choose_file, () => chooseFile("voice", "audio/*,.amr"));
  const sample = button("quiet", texts.send_sample, () => send({ kind: "voice" }));
  const controls = make("div", "controls");
  controls.append(start, file, sample);
  box.append(note, controls);
  $("drawer").className = "drawer is-voice";
  $("drawer").replaceChildren(box);
}

async function card(kind, fields) {
  const answer = await ask(texts[`send_${kind}`], fields);
  if (!answer) return;
  const given = Object.entries(answer.values).filter(([, value]) => value !== "");
  await send({ kind, ...Object.fromEntries(given) });
}

const field = (name, label, value, type) => ({ name, label, value, type });

async function scan() {
  const codes = (await get(accountPath(phone.account(), "qrcodes"))).qrcodes;
  const options = [["", texts.other_scene], ...codes.map((code) => [code.ticket, code.scene])];
  const fields = [
    field("scene", texts.scene, "booth_1"),
    { ...field("ticket", texts.qr_code, options.length > 1 ? options[1][0] : "", "select"), options },
  ];
  const answer = await ask(texts.scan, codes.length ? fields : fields.slice(0, 1));
  if (!answer) return;
  const { ticket, scene } = answer.values;
  if (!ticket && !scene) return;
  closeDrawer();
  await phone.act(customerPath(phone.current(), "scan"), ticket ? { ticket } : { scene });
}

async function grant() {
  const found = await get(accountPath(phone.account(), "templates"));
  const options = found.subscribe_templates.map((each) => [each.priTmplId, each.title]);
  if (!options.length) return;
  const choices = [["accept", texts.accept], ["reject", texts.reject]];
  const answer = await ask(texts.send_grant, [
    { ...field("template_id", texts.template, "", "select"), options },
    { ...field("answer", texts.answer, "accept", "select"), options: choices },
    field("times", texts.times, 1, "number"),
  ]);
  if (!answer) return;
  closeDrawer();
  const { template_id, times } = answer.values;
  const is_accepted = answer.values.answer === "accept";
  await phone.act(customerPath(phone.current(), "grants"), { template_id, times, is_accepted });
}

const acts = {
  image: () => chooseFile("image", "image/png,image/jpeg,image/gif"),
  voice: sendVoice,
  video: () => chooseFile("video", "video/mp4"),
  shortvideo: () => chooseFile("shortvideo", "video/mp4"),
  location: () =>
    card("location", [
      field("label", texts.label, "上海市人民广场"),
      field("latitude", texts.latitude, 31.2304, "number"),
      field("longitude", texts.longitude, 121.4737, "number"),
    ]),
  link: () =>
    card("link", [
      field("title", texts.link_title, "白色加湿器，静音款"),
      field("description", texts.description, "公众号文章里看到的这一款"),
      field("url", texts.url, "https://example.com/goods/42"),
    ]),
  miniprogrampage: () =>
    card("miniprogrampage", [
      field("title", texts.link_title, "我的订单"),
      field("app_id", texts.app_id, "wx1234567890abcdef"),
      field("page_path", texts.page_path, "pages/order/detail?id=42"),
    ]),
  file: () =>
    card("file", [
      field("title", texts.file_name, "报价单.pdf"),
      field("size", texts.file_size, 128413, "number"),
    ]),
  scan,
  grant,
};

export const scanCode = scan;

export function startDrawer(thePhone) {
  phone = thePhone;
  $("to-emoticons").addEventListener("click", () => toggle("to-emoticons", "is-emoticons", emoticonButtons));
  $("to-more").addEventListener("click", () => toggle("to-more", "is-kinds", kindButtons));
}
