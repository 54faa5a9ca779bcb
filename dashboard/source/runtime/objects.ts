/** Requests to the object store. Its lists are bare arrays and names may hold anything, so no declaration fits it. */

import { address, ask, Failure, send } from "./api";
import { t } from "./messages";
import { may } from "./permissions";
import { projectId } from "./session";

export const STORE = "object-store";
export const PAGE = 1000;

export interface Container {
  name: string;
  count: number;
  bytes: number;
  last_modified: string;
}

export interface Stored {
  name: string;
  hash: string;
  bytes: number;
  content_type: string;
  last_modified: string;
  /** Of an object that consists of others: its segments. */
  slo_etag?: string;
}

/** An entry of a folder: an object, or a folder within it, whose name ends with a slash. */
export type Entry = Stored | { subdir: string };

export const nameOf = (entry: Entry): string => ("subdir" in entry ? entry.subdir : entry.name);

/** A container's access list may let in others too; what it says is not known beforehand. */
export const mayWrite = (): boolean => projectId.value !== "" && may({ service: STORE, method: "PUT", path: "/{container}/{object}" });

const isDots = (text: string): boolean => text === "." || text === "..";

/** The path of a container or object. Browsers resolve `.` and `..` between slashes, which would name another object. */
export function place(container: string, name = ""): string {
  if (isDots(container) || isDots(name)) throw new Failure(400, t("objects.dots"), "");
  const parts = name.split("/");
  const encoded = parts.some(isDots) ? encodeURIComponent(name) : parts.map(encodeURIComponent).join("/");
  return `/${encodeURIComponent(container)}${name === "" ? "" : `/${encoded}`}`;
}

export function containers(marker?: string): Promise<Container[]> {
  return ask<Container[]>(STORE, "GET", "", { query: { format: "json", limit: PAGE, marker } });
}

/** Entries of a folder whose names begin with `prefix`; with an empty `delimiter` also those of the folders in it. */
export function entries(container: string, prefix: string, marker?: string, delimiter = "/"): Promise<Entry[]> {
  return ask<Entry[]>(STORE, "GET", place(container), { query: { format: "json", limit: PAGE, prefix, delimiter, marker } });
}

export async function headers(container: string, name = ""): Promise<Headers> {
  return (await send(STORE, "HEAD", place(container, name))).headers;
}

export async function change(method: "PUT" | "POST" | "DELETE", path: string, more: Record<string, string> = {}): Promise<void> {
  await send(STORE, method, path, { headers: { "Content-Type": "application/octet-stream", ...more }, body: method === "PUT" ? new Blob([]) : undefined });
}

interface Deleted {
  "Response Status": string;
  Errors: [string, string][];
}

/** Delete objects by one request for many; those of segments with the segments. */
export async function removeObjects(container: string, found: Pick<Stored, "name" | "slo_etag">[]): Promise<void> {
  const plain = found.filter((each) => each.slo_etag === undefined).map((each) => each.name);
  for (let at = 0; at < plain.length; at += PAGE) {
    const lines = plain.slice(at, at + PAGE).map((name) => encodeURIComponent(`${container}/${name}`));
    const body = new Blob([lines.join("\n")], { type: "text/plain" });
    const answer = await ask<Deleted>(STORE, "POST", "", { query: { "bulk-delete": "1" }, body, headers: { "Content-Type": "text/plain" } });
    complain(answer);
  }
  for (const each of found) {
    if (each.slo_etag === undefined) continue;
    const query = { "multipart-manifest": "delete" };
    complain(await ask<Deleted>(STORE, "DELETE", place(container, each.name), { query }));
  }
}

function complain(answer: Deleted): void {
  const refused = answer.Errors[0];
  if (refused !== undefined) throw new Failure(Number.parseInt(refused[1], 10) || 500, `${decodeURIComponent(refused[0])}: ${refused[1]}`, "");
}

/** Delete everything whose name begins with the prefix. */
export async function removeAll(container: string, prefix: string): Promise<void> {
  let marker: string | undefined;
  for (;;) {
    const found = await entries(container, prefix, marker, "");
    const last = found[found.length - 1];
    if (last === undefined) return;
    marker = nameOf(last);
    await removeObjects(container, found.filter((entry): entry is Stored => !("subdir" in entry)));
  }
}

/** Types that a browser draws without running anything in them, and the most bytes of one that is shown. */
const DRAWN = new Set(["image/png", "image/jpeg", "image/gif", "image/webp", "image/avif", "image/bmp"]);
const READ = /^(text\/|application\/(json|xml|yaml|x-yaml|x-sh|javascript|toml|sql)\b)/;
const MOST_DRAWN = 4 * 2 ** 20;
const MOST_READ = 64 * 2 ** 10;

export type Preview = { kind: "image"; address: string } | { kind: "text"; text: string; whole: boolean };

/** Whether an object of this type and size can be shown in the page. */
export function previewed(type: string, size: number): "image" | "text" | null {
  const plain = type.split(";")[0]!.trim().toLowerCase();
  if (DRAWN.has(plain)) return size <= MOST_DRAWN && size > 0 ? "image" : null;
  return READ.test(plain) && size > 0 ? "text" : null;
}

/** What is shown of an object: an image as data, or the beginning of a text. It is never a document of its own. */
export async function preview(container: string, name: string, type: string, size: number): Promise<Preview | null> {
  const kind = previewed(type, size);
  if (kind === null) return null;
  const range: Record<string, string> = kind === "text" && size > MOST_READ ? { Range: `bytes=0-${MOST_READ - 1}` } : {};
  const bytes = await (await send(STORE, "GET", place(container, name), { headers: { Accept: "*/*", ...range } })).arrayBuffer();
  if (kind === "text") return { kind, text: new TextDecoder().decode(bytes), whole: size <= MOST_READ };
  const address = await new Promise<string>((resolve) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.readAsDataURL(new Blob([bytes], { type: type.split(";")[0]!.trim().toLowerCase() }));
  });
  return { kind, address };
}

const KEY = "X-Container-Meta-Temp-Url-Key";

/** The key of the container's temporary links; it is made when the first link is. */
async function signingKey(container: string): Promise<string> {
  const known = (await headers(container)).get(KEY);
  if (known !== null && known !== "") return known;
  const made = [...crypto.getRandomValues(new Uint8Array(32))].map((each) => each.toString(16).padStart(2, "0")).join("");
  await change("POST", place(container), { [KEY]: made });
  return made;
}

/** Signing needs a page that came over TLS or from this machine. */
export const maySign = (): boolean => mayWrite() && window.isSecureContext;

/** An address at which anybody may read the object until it expires. */
export async function temporaryLink(container: string, name: string, seconds: number): Promise<string> {
  const path = place(container, name);
  const text = new TextEncoder();
  const key = await crypto.subtle.importKey("raw", text.encode(await signingKey(container)), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  const expires = Math.floor(Date.now() / 1000) + seconds;
  const signed = await crypto.subtle.sign("HMAC", key, text.encode(`GET\n${expires}\n${address(STORE, "")}/${container}/${name}`));
  const signature = [...new Uint8Array(signed)].map((each) => each.toString(16).padStart(2, "0")).join("");
  return window.location.origin + address(STORE, path, { temp_url_sig: signature, temp_url_expires: expires });
}

/** Larger objects are saved by the browser itself, through a temporary link, and not held in memory. */
const HELD = 256 * 2 ** 20;
const MINUTE = 60;

export async function download(container: string, name: string, size: number): Promise<void> {
  const file = name.replace(/\/+$/, "").split("/").pop() || name;
  const link = document.createElement("a");
  link.download = file;
  if (size > HELD && maySign()) {
    link.href = `${await temporaryLink(container, name, 5 * MINUTE)}&filename=${encodeURIComponent(file)}`;
    link.click();
    return;
  }
  const response = await send(STORE, "GET", place(container, name), { headers: { Accept: "*/*" } });
  // As bytes of no type: the browser saves them and shows nothing of them.
  link.href = URL.createObjectURL(new Blob([await response.arrayBuffer()], { type: "application/octet-stream" }));
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
