// Files on their way into an answer: checked, uploaded with progress, kept until they are sent.
import { signal } from "../../vendor/signals.js";
import { csrfToken } from "../api.js";
import { isSignedOut, show } from "../store.js";
import { sentence, t } from "../texts.js";
import { kindOf, lengthProblemOf, problemOf } from "./limits.js";

export const MOST_FILES = 9;
const TIMEOUT_MS = 5 * 60_000;

/**
 * {key, conversationId, owner, name, kind, size, file, state, progress (0..1), error, attachment,
 * title}; state: "uploading" | "ready" | "failed". `owner` is "reply", or the form it belongs to.
 */
export const uploads = signal([]);

const requests = new Map(); // key -> XMLHttpRequest
let lastKey = 0;

export function uploadsOf(conversationId, owner = "reply") {
  return uploads.value.filter(
    (one) => one.conversationId === conversationId && one.owner === owner,
  );
}

function change(key, facts) {
  uploads.value = uploads.peek().map((one) => (one.key === key ? { ...one, ...facts } : one));
}

function fail(key, error, mayRetry = true) {
  change(key, { state: "failed", error, mayRetry });
}

function answerOf(request) {
  try {
    return JSON.parse(request.responseText);
  } catch {
    return {};
  }
}

/** XMLHttpRequest, because fetch tells nothing about how much has gone out. */
function upload(key, conversationId, file) {
  const request = new XMLHttpRequest();
  requests.set(key, request);
  request.open("POST", `/api/v1/conversations/${conversationId}/attachments`);
  request.timeout = TIMEOUT_MS;
  request.setRequestHeader("Accept", "application/json");
  request.setRequestHeader("X-CSRFToken", csrfToken());
  request.upload.onprogress = (event) =>
    event.lengthComputable && change(key, { progress: event.loaded / event.total });
  request.onload = () => {
    const answer = answerOf(request);
    if (request.status === 401) isSignedOut.value = true;
    if (request.status === 201) change(key, { state: "ready", progress: 1, attachment: answer });
    else
      fail(
        key,
        sentence(answer.detail) || t("error_http", { status: request.status }),
        request.status !== 422,
      );
  };
  request.onerror = () => fail(key, t("error_network"));
  request.ontimeout = () => fail(key, t("upload_timeout"));
  request.onloadend = () => requests.delete(key);
  const form = new FormData();
  form.append("file", file, file.name);
  request.send(form);
}

async function begin(key, conversationId, file) {
  const problem = problemOf(file) ?? (await lengthProblemOf(file));
  if (!uploads.peek().some((one) => one.key === key)) return; // taken away meanwhile
  if (problem) fail(key, t(...problem), false);
  else upload(key, conversationId, file);
}

/** Take files into the answer of this conversation and upload what WeChat would accept. */
export function addFiles(conversationId, files, owner = "reply") {
  const room = MOST_FILES - uploadsOf(conversationId, owner).length;
  const taken = [...files].slice(0, Math.max(0, room));
  if (taken.length < files.length) show(t("too_many_files", { n: MOST_FILES }), "error");
  for (const file of taken) {
    const key = `upload-${(lastKey += 1)}`;
    const facts = { name: file.name, kind: kindOf(file) ?? "file", size: file.size, file };
    const fresh = { state: "uploading", progress: 0, error: null, attachment: null, title: "" };
    uploads.value = [...uploads.peek(), { key, conversationId, owner, ...facts, ...fresh }];
    begin(key, conversationId, file);
  }
}

export function retryUpload(key) {
  const one = uploads.peek().find((other) => other.key === key);
  if (one?.state !== "failed") return;
  change(key, { state: "uploading", progress: 0, error: null });
  begin(key, one.conversationId, one.file);
}

/** Stop an upload or leave a file out of the answer. */
export function removeUpload(key) {
  uploads.value = uploads.peek().filter((one) => one.key !== key);
  requests.get(key)?.abort();
}

export const setTitle = (key, title) => change(key, { title });

/** Take the ready files of an answer out of the list: they are being sent. */
export function takeReady(conversationId, owner = "reply") {
  const ready = uploadsOf(conversationId, owner).filter((one) => one.state === "ready");
  const gone = new Set(ready.map((one) => one.key));
  uploads.value = uploads.peek().filter((one) => !gone.has(one.key));
  return ready;
}

/** A file whose message was not sent lies in the answer again. */
export function putBack(conversationId, attachment, title = "", owner = "reply") {
  const key = `upload-${(lastKey += 1)}`;
  const { file_name: name, size_bytes: size, kind } = attachment;
  const facts = { name: name || kind, kind, size, file: null, attachment, title };
  const state = { state: "ready", progress: 1, error: null };
  uploads.value = [...uploads.peek(), { key, conversationId, owner, ...facts, ...state }];
}

export function startUploads() {
  addEventListener("beforeunload", (event) => {
    if (uploads.peek().length) event.preventDefault();
  });
}
