/** Files on their way into the object store. They go on while the person looks at other pages. */

import { effect, signal } from "@preact/signals";
import { Failure, upload } from "./api";
import { place, STORE } from "./objects";
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
      id: last, container, name, file, type: file.type, size: file.size, sent: 0, state: "waiting", failure: null, control: new AbortController(),
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
    await upload(STORE, place(each.container, each.name), each.file, {
      headers: { "Content-Type": each.type || "application/octet-stream" },
      signal: each.control.signal,
      onProgress: (sent) => {
        each.sent = sent;
        show();
      },
    });
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
