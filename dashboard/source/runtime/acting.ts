/** Actions on objects: the requests, one after another or several at once, and what the person is told. */

import { ask, Failure } from "./api";
import { collection } from "./collections";
import { first, t } from "./messages";
import { go } from "./router";
import { tell } from "./notices";
import { sayFailure } from "../components/basics";
import type { Action, FormValues, Resource, Row } from "./resource";

const AT_ONCE = 4;

export const actionTitle = (resource: Resource, name: string): string =>
  first([`${resource.name}.action.${name}`, `action.${name}`]);

export async function act(resource: Resource, action: Action<Row>, row: Row, values: FormValues = {}): Promise<void> {
  if (action.open !== undefined) {
    go(action.open(row));
    return;
  }
  const id = resource.id(row);
  const { service, method } = action.route;
  const path = action.path?.(row, values) ?? action.route.path.replace(/\{\w+\}/, encodeURIComponent(id));
  const body = action.withValues?.(row, values) ?? action.body?.(row);
  const version = service === resource.service ? resource.version : undefined;
  const answer = await ask<unknown>(service, method, path, { body, version });
  action.after?.(row, answer);
  await collection(resource).fetch(id).catch(() => undefined);
}

export async function remove(resource: Resource, row: Row): Promise<void> {
  const id = resource.id(row);
  await ask<unknown>(resource.service, "DELETE", resource.path(id), { version: resource.version });
  // It is gone, or on its way: the API knows.
  await collection(resource).fetch(id).catch(() => undefined);
}

/** Do something with many objects; tells how many it was done with, and why not with the others. */
export async function withEach(rows: Row[], title: string, work: (row: Row) => Promise<void>): Promise<void> {
  const queue = [...rows];
  const refused: Failure[] = [];
  const worker = async (): Promise<void> => {
    for (let row = queue.shift(); row !== undefined; row = queue.shift()) {
      try {
        await work(row);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        refused.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, rows.length) }, worker));
  const done = rows.length - refused.length;
  if (done > 0 && title !== "") tell(t("acted", { title, count: done }));
  const reason = refused[0];
  if (reason !== undefined) tell(t("refused", { title, count: refused.length, reason: sayFailure(reason) }), "bad", reason.requestId);
}
