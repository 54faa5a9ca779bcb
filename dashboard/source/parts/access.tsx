/** Which projects may use something that is not for all. */

import { useEffect, useState } from "preact/hooks";
import { Failure } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { named } from "../runtime/registry";
import { pageOf, visible } from "../runtime/resource";
import { attempt, Button, sayFailure, Section } from "../components/basics";

/** A project that has access. `note`: its state, such as a member's. */
export interface Holder {
  project: string;
  note?: string;
}

interface AccessProps {
  title: string;
  /** What it is about: loaded again when this changes. */
  of: string;
  load: () => Promise<Holder[]>;
  /** Undefined: the caller may only look. */
  add?: ((project: string) => Promise<unknown>) | undefined;
  remove?: ((project: string) => Promise<unknown>) | undefined;
  /** Actions of single holders, such as accepting. */
  children?: (holder: Holder, again: () => void) => preact.ComponentChildren;
}

export function AccessSection({ title, of, load, add, remove, children }: AccessProps) {
  const [holders, setHolders] = useState<Holder[] | null>(null);
  const [wrong, setWrong] = useState("");
  const [chosen, setChosen] = useState("");
  const [busy, setBusy] = useState(false);
  const [version, setVersion] = useState(0);
  const projects = named("projects");
  const listed = projects !== undefined && visible(projects) ? projects : undefined;
  useEffect(() => {
    let ended = false;
    load().then(
      (found) => !ended && setHolders(found),
      (error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        if (!ended) setWrong(sayFailure(error));
      },
    );
    if (listed !== undefined) collection(listed).want();
    return () => {
      ended = true;
    };
  }, [of, version, listed]);
  const again = (): void => setVersion((before) => before + 1);
  const change = async (work: () => Promise<unknown>): Promise<void> => {
    setBusy(true);
    if (await attempt(() => work().then(() => undefined))) setChosen("");
    setBusy(false);
    again();
  };
  const give = (event: Event): void => {
    event.preventDefault();
    const project = chosen.trim();
    if (project !== "" && add !== undefined) void change(() => add(project));
  };
  const has = new Set(holders?.map((each) => each.project));
  const name = (id: string): string => (listed === undefined ? "" : listed.title(collection(listed).get(id) ?? {})) || id;
  return (
    <Section title={title}>
      {wrong !== "" && <p class="wrong" role="alert">{wrong}</p>}
      {holders !== null && holders.length === 0 && <p class="faint">{t("access.none")}</p>}
      <ul class="members">
        {(holders ?? []).map((each) => (
          <li key={each.project}>
            {listed === undefined ? <bdi class="code">{each.project}</bdi> : <a href={pageOf(listed, each.project)}><bdi>{name(each.project)}</bdi></a>}
            {each.note !== undefined && <span class="tag">{each.note}</span>}
            <span class="space" />
            {children?.(each, again)}
            {remove !== undefined && (
              <Button icon="close" look="quiet" busy={busy} label={t("access.remove", { name: name(each.project) })} onClick={() => void change(() => remove(each.project))} />
            )}
          </li>
        ))}
      </ul>
      {add !== undefined && (
        <form class="add-line" onSubmit={give}>
          {listed === undefined ? (
            <input type="text" maxLength={64} autocomplete="off" spellcheck={false} aria-label={t("access.project")} placeholder={t("access.project")} value={chosen} onInput={(event) => setChosen(event.currentTarget.value)} />
          ) : (
            <select aria-label={t("access.project")} value={chosen} onChange={(event) => setChosen(event.currentTarget.value)}>
              <option value="">{t("access.choose")}</option>
              {collection(listed).all().filter((row) => !has.has(listed.id(row))).map((row) => <option key={listed.id(row)} value={listed.id(row)}>{listed.title(row)}</option>)}
            </select>
          )}
          <Button submit icon="plus" busy={busy}>{t("form.add")}</Button>
        </form>
      )}
    </Section>
  );
}
