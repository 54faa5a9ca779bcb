/** What the caller's token may do: from the policies that the cloud's routes declare. */

import { computed, effect, signal } from "@preact/signals";
import { address, ask, offers, type Method } from "./api";
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
  permissions: { method: string; path: string; action?: string }[];
}

const allowed = signal<Set<string> | null>(null);

/** Whether the cloud has said what the caller may do. */
export const known = computed(() => allowed.value !== null);

const key = (method: string, path: string, action: string | undefined): string =>
  `${method} ${path.replace(/\{\w+\}/g, "{}").replace(/AUTH_\w+/, "{}")} ${action ?? ""}`;

/** Whether the caller's roles allow a route. Until the cloud has said so, changes are not offered. */
export function may(route: Route): boolean {
  const set = allowed.value;
  if (!offers(route.service)) return false;
  if (set === null) return route.method === "GET";
  return set.has(key(route.method, address(route.service, route.path), route.action));
}

export function begin(): void {
  effect(() => {
    const mine = epoch.value;
    allowed.value = null;
    if (state.value !== "in" || !offers("kumoi")) return;
    void ask<Answer>("kumoi", "GET", "/permissions").then(
      (answer) => {
        if (epoch.peek() === mine) allowed.value = new Set(answer.permissions.map((each) => key(each.method, each.path, each.action)));
      },
      () => undefined,
    );
  });
}
