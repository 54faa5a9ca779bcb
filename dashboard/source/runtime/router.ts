/** Where the person is: a path and a query, in the browser's address and history. */

import { computed, signal } from "@preact/signals";

const read = (): URL => new URL(window.location.href);

const shown = signal(read());

export const path = computed(() => shown.value.pathname);
/** Another number after each way to another path. */
export const arrived = signal(0);
export const query = computed(() => shown.value.searchParams);

window.addEventListener("popstate", () => {
  shown.value = read();
});

/** Go to a path of this dashboard. `replace`: the present one is left out of the history. */
export function go(target: string, { replace = false } = {}): void {
  const url = new URL(target, window.location.origin);
  if (url.origin !== window.location.origin) return;
  if (url.href === shown.value.href) return;
  const moved = url.pathname !== shown.value.pathname;
  if (replace) history.replaceState(null, "", url);
  else history.pushState(null, "", url);
  shown.value = url;
  if (moved) arrived.value += 1;
}

/** Change parts of the query; empty: the part is removed. The history is not made longer. */
export function ask(changes: Record<string, string>): void {
  const url = new URL(shown.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value === "") url.searchParams.delete(name);
    else url.searchParams.set(name, value);
  }
  go(url.href, { replace: true });
}

/** A plain click on a link of this page changes the page without loading it anew. */
export function follow(event: MouseEvent): void {
  if (event.defaultPrevented || event.button !== 0) return;
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  // Attributes, because the properties of a link in a drawing are no texts.
  const href = link?.getAttribute("href") ?? null;
  if (link === null || href === null || link.hasAttribute("target") || link.hasAttribute("download")) return;
  const url = new URL(href, window.location.href);
  if (url.origin !== window.location.origin || link.dataset["outside"] !== undefined) return;
  event.preventDefault();
  go(url.href);
}
