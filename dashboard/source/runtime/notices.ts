/** Short messages at the edge of the page: what was done, what was refused. */

import { signal } from "@preact/signals";

export interface Notice {
  id: number;
  text: string;
  kind: "good" | "bad";
  detail: string;
}

export const notices = signal<Notice[]>([]);
let last = 0;

export function tell(text: string, kind: Notice["kind"] = "good", detail = ""): void {
  last += 1;
  const notice = { id: last, text, kind, detail };
  notices.value = [...notices.value.slice(-3), notice];
  window.setTimeout(() => dismiss(notice.id), kind === "bad" ? 12_000 : 4_000);
}

export function dismiss(id: number): void {
  notices.value = notices.value.filter((each) => each.id !== id);
}
