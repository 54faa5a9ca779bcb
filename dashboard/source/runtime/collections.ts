/** What was loaded of each resource, by id. Lists and details show it; the stream of changes keeps it true. */

import { batch, effect, signal } from "@preact/signals";
import { ask, Failure, offers } from "./api";
import { visible, type Resource, type Row } from "./resource";
import { epoch } from "./session";

const FIRST_PAGE = 100;
const FURTHER_PAGES = 1000;
/** More changed objects than this are fetched by loading the list again. */
const ONE_BY_ONE = 30;
/** Milliseconds in which changes of the same object count as one. */
const COALESCED = 60;
const AT_ONCE = 4;

export class Collection {
  /** By id, in the API's order. */
  readonly rows = new Map<string, Row>();
  /** Another number after each change of the rows. */
  readonly version = signal(0);
  readonly state = signal<"empty" | "loading" | "complete" | "failed">("empty");
  readonly failure = signal<Failure | null>(null);
  readonly changedAt = new Map<string, number>();

  private loading: AbortController | null = null;
  private loadedAt = 0;
  private pending = new Set<string>();
  private timer = 0;

  constructor(
    readonly resource: Resource,
    readonly query: Record<string, string> = {},
    /** Whether every object belongs to it, so that a changed one is fetched; else the query is asked again. */
    readonly whole = true,
  ) {}

  get(id: string): Row | undefined {
    void this.version.value;
    return this.rows.get(id);
  }

  all(): Row[] {
    void this.version.value;
    return [...this.rows.values()];
  }

  /** Load the list, unless it is there and kept true by the stream. */
  want(): void {
    const state = this.state.peek();
    if (state === "loading") return;
    const fresh = this.resource.subject !== undefined && live.peek();
    if (state === "complete" && (fresh || Date.now() - this.loadedAt < 5_000)) return;
    void this.load();
  }

  async load(): Promise<void> {
    this.loading?.abort();
    const control = new AbortController();
    this.loading = control;
    this.state.value = "loading";
    const before = new Set(this.rows.keys());
    try {
      let marker: string | undefined;
      let limit = FIRST_PAGE;
      for (;;) {
        const page = await this.page(limit, marker, control.signal);
        batch(() => {
          for (const row of page) {
            const id = this.resource.id(row);
            this.rows.set(id, row);
            before.delete(id);
          }
          this.version.value += 1;
        });
        const last = page[page.length - 1];
        if (this.resource.paging === "none" || page.length < limit || last === undefined) break;
        marker = this.resource.id(last);
        limit = FURTHER_PAGES;
      }
      batch(() => {
        for (const id of before) this.rows.delete(id);
        this.version.value += 1;
        this.failure.value = null;
        this.state.value = "complete";
      });
      this.loadedAt = Date.now();
    } catch (error) {
      if (control.signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      this.failure.value = error;
      this.state.value = "failed";
    }
  }

  private async page(limit: number, marker: string | undefined, signal: AbortSignal): Promise<Row[]> {
    const { service, list, many, version, paging, unwrap } = this.resource;
    if (!offers(service)) return [];
    const paged = paging === "none" ? {} : { limit, marker };
    const body = await ask<Record<string, Row[]>>(service, "GET", list, {
      query: { ...this.resource.query, ...this.query, ...paged },
      version,
      signal,
    });
    const rows = body[many] ?? [];
    return unwrap === undefined ? rows : rows.map(unwrap);
  }

  /** Fetch one object anew; a 404 removes it. */
  async fetch(id: string): Promise<void> {
    const { service, one, version, unwrap } = this.resource;
    try {
      const body = await ask<Record<string, Row>>(service, "GET", this.resource.path(id), { version });
      const row = one === null ? body : body[one];
      if (row === undefined) return;
      const before = this.rows.get(id);
      this.changedAt.set(id, Date.now());
      this.rows.set(id, unwrap === undefined || one === null ? row : (before === undefined ? row : { ...before, ...row }));
      this.version.value += 1;
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (error.status === 404) this.remove(id);
      else if (this.rows.get(id) === undefined) throw error;
    }
  }

  remove(id: string): void {
    if (this.rows.delete(id)) this.version.value += 1;
  }

  /** Some object changed that may be in this part of the list. The part is loaded soon, once for many changes. */
  stale(): void {
    if (this.timer === 0) {
      this.timer = window.setTimeout(() => {
        this.timer = 0;
        void this.load();
      }, 4 * COALESCED);
    }
  }

  /** An object changed. It is fetched soon, together with others that change meanwhile. */
  touch(id: string): void {
    this.pending.add(id);
    if (this.timer === 0) this.timer = window.setTimeout(() => void this.flush(), COALESCED);
  }

  private async flush(): Promise<void> {
    const ids = [...this.pending];
    this.pending.clear();
    if (ids.length > ONE_BY_ONE && this.state.peek() !== "empty") {
      await this.load();
    } else {
      const queue = [...ids];
      const work = async (): Promise<void> => {
        for (let id = queue.shift(); id !== undefined; id = queue.shift()) await this.fetch(id).catch(() => undefined);
      };
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, queue.length) }, work));
    }
    this.timer = this.pending.size > 0 ? window.setTimeout(() => void this.flush(), COALESCED) : 0;
  }

  stop(): void {
    this.loading?.abort();
    window.clearTimeout(this.timer);
  }
}

/** Whether the stream of changes is open, so that what is loaded needs no loading again. */
export const live = signal(false);

const known = new Map<string, Collection>();

/** The collection of a resource. `query`: only a part of it, such as one network's ports. */
export function collection(resource: Resource, query: Record<string, string> = {}, whole = Object.keys(query).length === 0): Collection {
  const name = `${resource.name}?${new URLSearchParams(query)}`;
  let found = known.get(name);
  if (found === undefined) {
    found = new Collection(resource, query, whole);
    known.set(name, found);
  }
  return found;
}

/** Load what a resource's links lead to, so that they have names. */
export function wantLinked(resource: Resource, named: (name: string) => Resource | undefined): void {
  for (const field of resource.fields) {
    const to = field.kind === "link" && field.to !== undefined ? named(field.to) : undefined;
    if (to !== undefined && visible(to)) collection(to).want();
  }
}

/** Every collection that something was loaded into. */
export const loaded = (): Collection[] => [...known.values()].filter((each) => each.state.peek() !== "empty" || each.rows.size > 0);

/** Another person or project: forget everything. */
effect(() => {
  void epoch.value;
  for (const each of known.values()) each.stop();
  known.clear();
});
