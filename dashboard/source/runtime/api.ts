/** Requests to the cloud's APIs. The token is held by this module alone: it is never stored, shown or put into a URL. */

import { signal } from "@preact/signals";

export type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

export interface Options {
  /** JSON, unless it is a Blob. */
  body?: unknown;
  query?: Record<string, string | number | boolean | undefined>;
  headers?: Record<string, string>;
  /** The microversion, where the service has them. */
  version?: string | undefined;
  signal?: AbortSignal | undefined;
}

/** An answer that is an error, or no answer (status 0). */
export class Failure extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly requestId: string,
    readonly headers: Headers = new Headers(),
  ) {
    super(message);
  }
}

/** Whether the last request reached the cloud. */
export const reachable = signal(true);

let token = "";
let paths: Record<string, string> = {};
let user = "";
let onLoss: () => void = () => undefined;

/** The token of the coming requests, the path of each service, and whose token it is. Empty: nobody is signed in. */
export function use(newToken: string, services: Record<string, string>, userId = ""): void {
  token = newToken;
  user = userId;
  paths = services;
}

/** What happens when the cloud no longer accepts the token. */
export function whenLost(act: () => void): void {
  onLoss = act;
}

export const offers = (service: string): boolean => service in paths;

export function address(service: string, path: string, query: Options["query"] = {}): string {
  const base = service === "" ? "" : paths[service];
  if (base === undefined) throw new Failure(0, `no service ${service}`, "");
  const text = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) if (value !== undefined) text.append(name, String(value));
  const asked = text.size > 0 ? `?${text}` : "";
  return base + path + asked;
}

/** The answer to a request as it came. Its body is not read. `{user_id}` in the path is whoever is signed in. */
export async function send(service: string, method: Method, path: string, options: Options = {}): Promise<Response> {
  const headers = new Headers({ Accept: "application/json", ...options.headers });
  const sent = token;
  if (sent !== "" && !headers.has("X-Auth-Token")) headers.set("X-Auth-Token", sent);
  if (options.version !== undefined) headers.set("OpenStack-API-Version", options.version);
  const { body } = options;
  if (body !== undefined && !(body instanceof Blob) && !headers.has("Content-Type")) {
    headers.set("Content-Type", "application/json");
  }
  const content = body === undefined || body instanceof Blob ? body : JSON.stringify(body);
  const asked: RequestInit = { method, headers, redirect: "error", signal: options.signal ?? null, cache: "no-store" };
  if (content !== undefined) asked.body = content;
  let response: Response;
  try {
    response = await fetch(address(service, path.replace("{user_id}", user), options.query), asked);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    reachable.value = false;
    throw new Failure(0, "", "");
  }
  reachable.value = ![502, 503, 504].includes(response.status);
  if (response.ok) return response;
  if (response.status === 401 && sent !== "" && sent === token && headers.get("X-Auth-Token") === sent) onLoss();
  const id = response.headers.get("X-Openstack-Request-Id") ?? "";
  throw new Failure(response.status, reason(await response.text()), id, response.headers);
}

/** The JSON of the answer; undefined if it has no body. */
export async function ask<T>(service: string, method: Method, path: string, options: Options = {}): Promise<T> {
  const response = await send(service, method, path, options);
  const text = await response.text();
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

/** The sentence in a service's error: each service has its own shape. */
export function reason(text: string): string {
  try {
    return sentence(JSON.parse(text)) ?? text.slice(0, 500);
  } catch {
    // Shown as text, so nothing in it can act.
    const plain = text.replace(/<(h1|title)>.*?<\/\1>/gs, " ").replace(/<[^>]*>/g, " ");
    return plain.trim().replace(/\s+/g, " ").slice(0, 500);
  }
}

function sentence(value: unknown): string | undefined {
  if (typeof value !== "object" || value === null) return undefined;
  const fields = value as Record<string, unknown>;
  for (const name of ["message", "detail", "faultstring"]) {
    const said = fields[name];
    if (typeof said === "string" && said !== "") return said;
  }
  for (const inner of Object.values(fields)) {
    const said = sentence(inner);
    if (said !== undefined) return said;
  }
  return undefined;
}

export interface Sending {
  headers?: Record<string, string>;
  /** Called with the bytes that were sent so far. */
  onProgress?: (sent: number) => void;
  signal?: AbortSignal;
}

/** PUT a file. `fetch` does not tell how much was sent, so this is the older way. */
export function upload(service: string, path: string, body: Blob, { headers = {}, onProgress, signal }: Sending = {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const sent = token;
    request.open("PUT", address(service, path));
    request.setRequestHeader("X-Auth-Token", sent);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => onProgress?.(event.loaded);
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) return resolve();
      if (request.status === 401 && sent !== "" && sent === token) onLoss();
      const id = request.getResponseHeader("X-Openstack-Request-Id") ?? request.getResponseHeader("X-Trans-Id") ?? "";
      reject(new Failure(request.status, reason(request.responseText), id));
    };
    request.onerror = () => reject(new Failure(0, "", ""));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    signal?.addEventListener("abort", () => request.abort());
    request.send(body);
  });
}
