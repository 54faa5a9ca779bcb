/** Windows that ask before something happens to objects. */

import { useEffect, useState } from "preact/hooks";
import { act, actionTitle, remove, withEach } from "../runtime/acting";
import { collection } from "../runtime/collections";
import { first, t } from "../runtime/messages";
import { named } from "../runtime/registry";
import { visible, type Action, type FormValues, type Relation, type Resource, type Row } from "../runtime/resource";
import { attempt, Button, Dialog } from "./basics";
import { DependentsList, useDependents } from "./dependents";
import { Inputs, initialValues, problemsOf } from "./inputs";

interface AskingProps {
  resource: Resource;
  rows: Row[];
  onClose: () => void;
  onDone: () => void;
}

function Names({ resource, rows }: { resource: Resource; rows: Row[] }) {
  return (
    <ul class="names">
      {rows.slice(0, 8).map((row) => (
        <li key={resource.id(row)}><bdi>{resource.title(row) || resource.id(row)}</bdi></li>
      ))}
      {rows.length > 8 && <li class="faint">{t("and_more", { count: rows.length - 8 })}</li>}
    </ul>
  );
}

export function Confirm({ resource, action, rows, onClose, onDone }: AskingProps & { action: Action<Row> }) {
  const title = actionTitle(resource, action.name);
  const [busy, setBusy] = useState(false);
  const run = async (): Promise<void> => {
    setBusy(true);
    await withEach(rows, title, (row) => act(resource, action, row));
    onDone();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <p>{first([`${resource.name}.action.${action.name}.ask`, "action.ask"])}</p>
      <Names resource={resource} rows={rows} />
      <footer class="dialog-foot">
        <Button onClick={onClose}>{t("cancel")}</Button>
        <Button look={action.danger ? "danger" : "primary"} busy={busy} onClick={() => void run()}>{title}</Button>
      </footer>
    </Dialog>
  );
}

/** Asks before objects are deleted, and shows what hangs on them. */
export function Removal({ resource, rows, onClose, onDone }: AskingProps) {
  const [busy, setBusy] = useState(false);
  const one = rows.length === 1 ? rows[0] : undefined;
  const found = useDependents(resource, one);
  const listed = new Set<string | undefined>(found?.dependents.map((each) => each.resource));
  const run = async (): Promise<void> => {
    setBusy(true);
    await withEach(rows, t("action.delete"), (row) => remove(resource, row));
    onDone();
  };
  return (
    <Dialog title={t(`${resource.name}.delete`, { count: rows.length })} onClose={onClose}>
      <Names resource={resource} rows={rows} />
      {found !== null && <DependentsList found={found} onLeave={onClose} />}
      {one !== undefined && resource.relations
        .filter((relation) => !listed.has(named(relation.to)?.subject))
        .map((relation) => <Hanging key={relation.to} relation={relation} row={one} />)}
      <p class="faint">{first([`${resource.name}.delete.note`, "delete.note"])}</p>
      <footer class="dialog-foot">
        <Button onClick={onClose}>{t("cancel")}</Button>
        <Button look="danger" icon="trash" busy={busy} onClick={() => void run()}>{t("action.delete")}</Button>
      </footer>
    </Dialog>
  );
}

/** The rows of a relation; null: it has none here. */
export function useRelated(relation: Relation<Row>, row: Row): { resource: Resource; rows: Row[]; loading: boolean } | null {
  const to = named(relation.to);
  const asked = relation.query === undefined ? {} : relation.query(row);
  const held = to === undefined || asked === null || !visible(to) ? null : collection(to, asked);
  useEffect(() => held?.want(), [held]);
  if (held === null || to === undefined) return null;
  const all = held.all();
  const rows = relation.only === undefined ? all : all.filter(relation.only(row));
  return { resource: to, rows, loading: held.state.value === "loading" };
}

function Hanging({ relation, row }: { relation: Relation<Row>; row: Row }) {
  const found = useRelated(relation, row);
  if (found === null || found.rows.length === 0) return null;
  return (
    <div class="hanging">
      <h3>{t(`${found.resource.name}.title`)} <span class="faint number">{found.rows.length}</span></h3>
      <Names resource={found.resource} rows={found.rows} />
    </div>
  );
}

export function ActionForm({ resource, action, row, onClose, onDone }: Omit<AskingProps, "rows"> & { action: Action<Row>; row: Row }) {
  const inputs = (typeof action.form === "function" ? action.form(row) : action.form) ?? [];
  const [values, setValues] = useState<FormValues>(() => initialValues(inputs));
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const title = actionTitle(resource, action.name);
  const run = async (event: Event): Promise<void> => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(problemsOf(inputs, values)).length > 0) return;
    setBusy(true);
    const done = await attempt(() => act(resource, action, row, values));
    setBusy(false);
    if (done) onDone();
  };
  return (
    <Dialog title={title} onClose={onClose}>
      <form onSubmit={(event) => void run(event)} noValidate>
        <Inputs prefix={resource.name} inputs={inputs} values={values} onChange={setValues} problems={shown ? problemsOf(inputs, values) : {}} />
        <footer class="dialog-foot">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" submit busy={busy}>{title}</Button>
        </footer>
      </form>
    </Dialog>
  );
}
