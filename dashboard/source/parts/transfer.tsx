/** The key of a new transfer: whoever has it and the transfer's ID may take the volume. */

import { effect, signal } from "@preact/signals";
import type { block_storage } from "../../generated/types";
import { t } from "../runtime/messages";
import { epoch } from "../runtime/session";
import { Copy, Section } from "../components/basics";

type Transfer = block_storage.Transfer;

/** Keys by id. The cloud tells each once; they are held until the page is loaded anew or the session ends. */
const keys = signal<ReadonlyMap<string, string>>(new Map());

export const keep = (id: string, key: string): void => {
  keys.value = new Map(keys.value).set(id, key);
};

effect(() => {
  void epoch.value;
  keys.value = new Map();
});

export function TransferKey({ row }: { row: Transfer }) {
  const key = keys.value.get(row.id);
  if (key === undefined) return null;
  return (
    <Section title={t("transfers.key")}>
      <p>{t("transfers.key.once")}</p>
      <p class="code secret"><bdi>{key}</bdi><Copy text={key} what={t("transfers.key")} /></p>
    </Section>
  );
}
