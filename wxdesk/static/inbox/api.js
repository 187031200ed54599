// Calls to /api/v1: JSON, CSRF header, 15-second limit, and every failure as one ApiError.
import { isSignedOut } from "./store.js";
import { t } from "./texts.js";

const TIMEOUT_MS = 15_000;

/** kind: "http" (status and problem are set), "network" or "timeout". */
export class ApiError extends Error {
  constructor(kind, { status = 0, problem = {} } = {}) {
    super(problem.detail || problem.title || t(`error_${kind}`, { status }));
    this.kind = kind;
    this.status = status;
    this.problem = problem;
  }

  /** Whether the request may have reached the server although no answer came. */
  get isUncertain() {
    return this.kind !== "http" || this.status >= 500;
  }
}

export function csrfToken() {
  return document.querySelector('meta[name="csrf-token"]')?.content ?? "";
}

/** The parsed answer, or null for 204. An abort by the caller rejects with AbortError. */
export async function call(method, path, { query, body, headers = {}, signal, keepalive = false } = {}) {
  const url = new URL(`/api/v1${path}`, location.origin);
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value !== null && value !== undefined) url.searchParams.set(name, value);
  }
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  const all = { Accept: "application/json", ...headers };
  if (method !== "GET") Object.assign(all, { "X-CSRFToken": csrfToken() });
  if (body !== undefined) all["Content-Type"] = "application/json";
  try {
    const response = await fetch(url, {
      method,
      headers: all,
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
      keepalive, // also after the page has gone
      signal: eitherOf(signal, limit),
    });
    return await answer(response);
  } catch (error) {
    if (error instanceof ApiError || signal?.aborted) throw error;
    throw new ApiError(limit.aborted ? "timeout" : "network");
  }
}

/** AbortSignal.any, also where the browser does not have it yet. */
function eitherOf(signal, limit) {
  if (!signal) return limit;
  if (AbortSignal.any) return AbortSignal.any([signal, limit]);
  const both = new AbortController();
  for (const one of [signal, limit]) {
    one.addEventListener("abort", () => both.abort(one.reason), { once: true });
    if (one.aborted) both.abort(one.reason);
  }
  return both.signal;
}

async function answer(response) {
  if (response.status === 401) isSignedOut.value = true;
  if (response.status === 204) return null;
  const isJson = /\bjson\b/.test(response.headers.get("Content-Type") ?? "");
  const data = isJson ? await response.json() : {};
  if (!response.ok) throw new ApiError("http", { status: response.status, problem: data });
  if (!isJson) throw new ApiError("http", { status: response.status });
  isSignedOut.value = false;
  return data;
}

export const get = (path, options) => call("GET", path, options);
export const patch = (path, body) => call("PATCH", path, { body });
export const put = (path, body) => call("PUT", path, { body });
export const remove = (path, options) => call("DELETE", path, options);
export const post = (path, body = {}, options = {}) => call("POST", path, { body, ...options });
