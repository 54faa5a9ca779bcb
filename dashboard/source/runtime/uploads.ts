/** Files on their way into the object store. They go on while the person looks at other pages. */

import { effect, signal } from "@preact/signals";
import { Failure, send as ask, upload } from "./api";
import { change, entries, nameOf, place, STORE } from "./objects";
import { epoch } from "./session";

const AT_ONCE = 3;

export interface Upload {
  id: number;
  container: string;
  name: string;
  size: number;
  sent: number;
  state: "waiting" | "sending" | "done" | "failed";
  failure: Failure | null;
}

interface Work extends Upload {
  file: Blob;
  type: string;
  /** When the file was changed last. */
  modified: number;
  control: AbortController;
}

export const uploads = signal<Upload[]>([]);
/** Another number after each upload that ended. */
export const finished = signal(0);

const work = new Map<number, Work>();
let last = 0;

const show = (): void => {
  uploads.value = [...work.values()].map(({ id, container, name, size, sent, state, failure }) => ({ id, container, name, size, sent, state, failure }));
};

/** Begin to send files: pairs of the object's name and the file. */
export function send(container: string, files: [string, File][]): void {
  for (const [name, file] of files) {
    last += 1;
    work.set(last, {
      id: last, container, name, file, type: file.type, modified: file.lastModified, size: file.size, sent: 0, state: "waiting", failure: null, control: new AbortController(),
    });
  }
  show();
  next();
}

function next(): void {
  const all = [...work.values()];
  const room = AT_ONCE - all.filter((each) => each.state === "sending").length;
  for (const each of all.filter((one) => one.state === "waiting").slice(0, Math.max(0, room))) void begin(each);
}

async function begin(each: Work): Promise<void> {
  each.state = "sending";
  show();
  try {
    await (each.size > SEGMENT ? inSegments(each) : whole(each));
    each.state = "done";
  } catch (error) {
    if (!(error instanceof Failure)) {
      work.delete(each.id);
    } else {
      each.state = "failed";
      each.failure = error;
    }
  }
  show();
  finished.value += 1;
  next();
}

const typeOf = (each: Work): string => each.type || "application/octet-stream";

const whole = (each: Work): Promise<void> => put(each, place(each.container, each.name), each.file, typeOf(each), 0);

/** Larger files are sent in pieces. Those that arrived are not sent again when the rest is, also after the page was closed. */
const SEGMENT = 32 * 2 ** 20;

/** The pieces lie in a container of their own, as the clients of Swift have them, under a name that tells the file. */
async function inSegments(each: Work): Promise<void> {
  const container = `${each.container}_segments`;
  const folder = `${each.name}/dashboard/${each.modified}/${each.size}/${SEGMENT}/`;
  await change("PUT", place(container));
  const there = new Map<string, number>();
  for (const entry of await entries(container, folder, undefined, "")) if (!("subdir" in entry)) there.set(nameOf(entry), entry.bytes);
  const pieces: { path: string; size_bytes: number }[] = [];
  for (let from = 0; from < each.size; from += SEGMENT) {
    const piece = each.file.slice(from, from + SEGMENT);
    const name = `${folder}${String(pieces.length).padStart(8, "0")}`;
    if (there.get(name) !== piece.size) await put(each, place(container, name), piece, "application/octet-stream", from);
    pieces.push({ path: `/${container}/${name}`, size_bytes: piece.size });
    each.sent = from + piece.size;
    show();
  }
  await ask(STORE, "PUT", place(each.container, each.name), {
    query: { "multipart-manifest": "put" }, body: pieces, headers: { "Content-Type": typeOf(each) }, signal: each.control.signal,
  });
}

const PATIENCE = 5;
const FIRST_WAIT = 500;

/** Send bytes of a file. A connection that breaks is tried again a few times. */
async function put(each: Work, path: string, body: Blob, type: string, before: number): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      await upload(STORE, path, body, {
        headers: { "Content-Type": type },
        signal: each.control.signal,
        onProgress: (sent) => {
          each.sent = before + sent;
          show();
        },
      });
      return;
    } catch (error) {
      if (!(error instanceof Failure) || ![0, 502, 503, 504].includes(error.status) || tried === PATIENCE) throw error;
      await new Promise((resolve) => window.setTimeout(resolve, FIRST_WAIT * 2 ** tried));
    }
  }
}

/** Send a file again that could not be sent. */
export function again(id: number): void {
  const each = work.get(id);
  if (each === undefined || each.state !== "failed") return;
  Object.assign(each, { state: "waiting", sent: 0, failure: null });
  show();
  next();
}

/** End an upload, or no longer show it. */
export function forget(id: number): void {
  work.get(id)?.control.abort();
  work.delete(id);
  show();
  next();
}

window.addEventListener("beforeunload", (event) => {
  if ([...work.values()].some((each) => each.state === "sending" || each.state === "waiting")) event.preventDefault();
});

/** Another person or project: nothing goes on. */
effect(() => {
  void epoch.value;
  for (const each of work.values()) each.control.abort();
  work.clear();
  uploads.value = [];
});
