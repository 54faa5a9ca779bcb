/** Keys and values of an object, and tags: shown, and changed in a window. */

import { useState } from "preact/hooks";
import { t } from "../runtime/messages";
import { tell } from "../runtime/notices";
import type { FormValues, Input } from "../runtime/resource";
import { attempt, Button, Dialog, Section } from "../components/basics";
import { Inputs, mapOf } from "../components/inputs";

export type Pairs = Record<string, string>;

/** What is to be set and what is to be removed, so that the pairs become others. */
export function difference(before: Pairs, wanted: Pairs): { set: Pairs; gone: string[] } {
  const set = Object.fromEntries(Object.entries(wanted).filter(([key, value]) => before[key] !== value));
  return { set, gone: Object.keys(before).filter((key) => !(key in wanted)) };
}

interface PairsProps {
  title: string;
  pairs: Pairs;
  writable: boolean;
  save: (wanted: Pairs, before: Pairs) => Promise<unknown>;
}

export function PairsSection({ title, pairs, writable, save }: PairsProps) {
  const [changing, setChanging] = useState(false);
  const all = Object.entries(pairs);
  if (all.length === 0 && !writable) return null;
  const label = t("pairs.change", { title });
  const edit = writable && <Button look="quiet" icon="edit" label={label} onClick={() => setChanging(true)} />;
  return (
    <Section title={title} aside={edit}>
      {all.length === 0 ? <p class="faint">{t("pairs.none")}</p> : (
        <span class="tags">{all.map(([name, value]) => <span key={name} class="tag"><bdi>{name}</bdi>=<bdi>{value}</bdi></span>)}</span>
      )}
      {changing && <PairsDialog title={label} pairs={pairs} save={save} onClose={() => setChanging(false)} />}
    </Section>
  );
}

const INPUTS: Input[] = [{ name: "pairs", kind: "map" }];

function PairsDialog({ title, pairs, save, onClose }: Omit<PairsProps, "writable"> & { onClose: () => void }) {
  const [values, setValues] = useState<FormValues>(() => ({ pairs: Object.entries(pairs) }));
  const [busy, setBusy] = useState(false);
  const change = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    const done = await attempt(() => save(mapOf(values["pairs"]), pairs).then(() => undefined));
    setBusy(false);
    if (!done) return;
    tell(t("changed"));
    onClose();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={(event) => void change(event)} noValidate>
        <Inputs prefix="pairs" inputs={INPUTS} values={values} onChange={setValues} problems={{}} />
        <footer class="dialog-foot">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" submit busy={busy}>{t("save")}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

interface TagsProps {
  tags: string[];
  writable: boolean;
  /** All tags that it is to have. */
  save: (tags: string[]) => Promise<unknown>;
}

export function TagsSection({ tags, writable, save }: TagsProps) {
  const [text, setText] = useState("");
  const [busy, setBusy] = useState(false);
  if (tags.length === 0 && !writable) return null;
  const change = async (wanted: string[]): Promise<void> => {
    setBusy(true);
    if (await attempt(() => save(wanted).then(() => undefined))) setText("");
    setBusy(false);
  };
  const add = (event: Event): void => {
    event.preventDefault();
    const tag = text.trim();
    if (tag !== "" && !tags.includes(tag)) void change([...tags, tag]);
  };
  return (
    <Section title={t("field.tags")}>
      {tags.length > 0 && (
        <ul class="tags">
          {tags.map((tag) => (
            <li key={tag} class="tag">
              <bdi>{tag}</bdi>
              {writable && <Button icon="close" look="quiet" busy={busy} label={t("pairs.remove", { name: tag })} onClick={() => void change(tags.filter((each) => each !== tag))} />}
            </li>
          ))}
        </ul>
      )}
      {writable && (
        <form class="add-line" onSubmit={add}>
          <input type="text" maxLength={60} autocomplete="off" aria-label={t("pairs.new_tag")} placeholder={t("pairs.new_tag")} value={text} onInput={(event) => setText(event.currentTarget.value)} />
          <Button submit icon="plus" busy={busy}>{t("form.add")}</Button>
        </form>
      )}
    </Section>
  );
}
