/** The stream of changes: `/kumoi/v1/changes`, read with fetch, because an EventSource cannot send the token. */

import { effect, signal } from "@preact/signals";
import { Failure, offers, reachable, send } from "./api";
import { live, loaded } from "./collections";
import { epoch, state } from "./session";

export interface Change {
  service: string;
  resource: string;
  id: string;
  project_id: string | null;
  kind: "changed" | "deleted";
  /** Of an operation: what it works on, `server/<id>`. */
  subjects?: string[];
}

export const connection = signal<"off" | "connecting" | "open" | "broken">("off");

type Listener = (change: Change) => void;
const listeners = new Set<Listener>();

/** Hear of every change. The result ends it. */
export function hear(listener: Listener): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

const SHORTEST = 500;
const LONGEST = 10_000;
/** Milliseconds. The server sends a heartbeat more often than this; a silent stream is broken. */
const SILENCE = 45_000;

let position = "";
let wait = SHORTEST;

/** One event of a stream of server-sent events. */
export interface Event {
  type: string;
  data: string;
}

/** Splits the text of a stream into events; keeps the unfinished rest. */
export class Parser {
  /** The last id of the stream; heartbeats have one too. */
  id = "";
  private rest = "";

  take(text: string): Event[] {
    this.rest += text;
    const blocks = this.rest.split("\n\n");
    this.rest = blocks.pop() ?? "";
    return blocks.map((block) => this.event(block)).filter((event) => event.data !== "");
  }

  private event(block: string): Event {
    const data: string[] = [];
    let type = "message";
    for (const line of block.split("\n")) {
      const colon = line.indexOf(":");
      if (colon <= 0) continue;
      const value = line.slice(colon + 1).replace(/^ /, "");
      const name = line.slice(0, colon);
      if (name === "data") data.push(value);
      else if (name === "id") this.id = value;
      else if (name === "event") type = value;
    }
    return { type, data: data.join("\n") };
  }
}

function apply(event: Event): void {
  if (event.type === "reset") reloadAll();
  if (event.type !== "message") return;
  const change = JSON.parse(event.data) as Change;
  for (const each of loaded()) {
    if (each.resource.follows?.includes(change.resource)) each.stale();
    if (each.resource.subject !== change.resource) continue;
    if (change.kind === "deleted") each.remove(change.id);
    else if (each.whole) each.touch(change.id);
    else each.stale();
  }
  for (const listener of listeners) listener(change);
}

function reloadAll(): void {
  for (const each of loaded()) void each.load();
}

async function follow(control: AbortController): Promise<void> {
  connection.value = "connecting";
  const query = position === "" ? {} : { after: position };
  const headers = { Accept: "text/event-stream" };
  const response = await send("kumoi", "GET", "/changes", { query, headers, signal: control.signal });
  connection.value = "open";
  live.value = true;
  wait = SHORTEST;
  const parser = new Parser();
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  for (;;) {
    const timer = window.setTimeout(() => control.abort(), SILENCE);
    const { done, value } = await reader.read().finally(() => window.clearTimeout(timer));
    if (done) return;
    parser.take(value).forEach(apply);
    if (parser.id !== "") position = parser.id;
  }
}

async function keepFollowing(mine: number): Promise<void> {
  while (epoch.peek() === mine && state.peek() === "in" && offers("kumoi")) {
    const control = new AbortController();
    const stop = effect(() => {
      if (epoch.value !== mine || state.value !== "in") control.abort();
    });
    try {
      await follow(control);
    } catch (error) {
      // A position that the cloud does not know: whatever is shown may be old.
      if (error instanceof Failure && error.status === 400) {
        position = "";
        reloadAll();
      }
    } finally {
      stop();
      live.value = false;
    }
    if (epoch.peek() !== mine || state.peek() !== "in") return;
    connection.value = "broken";
    await new Promise((resolve) => window.setTimeout(resolve, wait));
    wait = Math.min(2 * wait, LONGEST);
  }
}

const PROBED = 1_000;

/** While the cloud does not answer, ask for a sign of life; then load again what could not be loaded. */
function recover(): void {
  effect(() => {
    if (reachable.value) return;
    const timer = window.setInterval(() => {
      fetch("/healthz", { cache: "no-store" }).then(
        (answer) => {
          if (!answer.ok) return;
          reachable.value = true;
          wait = SHORTEST;
          for (const each of loaded()) if (each.state.peek() === "failed" || !live.peek()) void each.load();
        },
        () => undefined,
      );
    }, PROBED);
    return () => window.clearInterval(timer);
  });
}

/** Follow the changes while somebody is signed in. */
export function begin(): void {
  recover();
  effect(() => {
    const mine = epoch.value;
    if (state.value === "in") {
      position = "";
      void keepFollowing(mine);
    } else {
      connection.value = "off";
    }
  });
}
