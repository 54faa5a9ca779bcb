/** What the caller's token may do: from the policies that the cloud's routes declare. */

import { effect, signal } from "@preact/signals";
import { ask, offers, type Method } from "./api";
import { epoch, state } from "./session";

/** A route as the API declares it: its service's catalogue type, its method, and its path below the service's address. */
export interface Route {
  service: string;
  method: Method;
  path: string;
  /** The key in the body of `POST …/action`. */
  action?: string;
}

interface Answer {
  permissions: { service: string; method: string; path: string; action?: string | null }[];
}

const allowed = signal<Set<string> | null>(null);

const shape = (path: string): string => path.replace(/\{\w+\}/g, "{}");
const key = (route: { service: string; method: string; path: string; action?: string | null | undefined }): string =>
  `${route.service} ${route.method} ${shape(route.path)} ${route.action ?? ""}`;

/** Whether the caller may use a route. Until the cloud has said so, changes are not offered. */
export function may(route: Route): boolean {
  const set = allowed.value;
  if (set === null) return route.method === "GET";
  return set.has(key(route));
}

export function begin(): void {
  effect(() => {
    const mine = epoch.value;
    allowed.value = null;
    if (state.value !== "in" || !offers("kumoi")) return;
    void ask<Answer>("kumoi", "GET", "/permissions").then(
      (answer) => {
        if (epoch.peek() === mine) allowed.value = new Set(answer.permissions.map(key));
      },
      () => undefined,
    );
  });
}
