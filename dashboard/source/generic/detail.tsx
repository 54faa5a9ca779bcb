/** The page of one object. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { act, actionTitle, withEach } from "../runtime/acting";
import { ask, Failure } from "../runtime/api";
import { collection, wantLinked } from "../runtime/collections";
import { first, t } from "../runtime/messages";
import { tell } from "../runtime/notices";
import { named } from "../runtime/registry";
import { actionsFor, pageOf, removable, type Action, type Field, type FormValues, type Relation, type Resource, type Row } from "../runtime/resource";
import { go } from "../runtime/router";
import { may } from "../runtime/permissions";
import { attempt, Button, Copy, Dialog, Empty, Menu, Problem, Section } from "../components/basics";
import { useRelated } from "../components/asking";
import { initialValues, Inputs, problemsOf } from "../components/inputs";
import { Table } from "../components/table";
import { titleOf, Value } from "../components/value";
import { Operations } from "../components/work";
import { Asked, type Asking } from "./list";

/** Actions beside the title; the others are in its menu. */
const BUTTONS = 3;

export function DetailPage({ resource, id }: { resource: Resource; id: string }) {
  const held = collection(resource);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [asking, setAsking] = useState<Asking>(null);
  const [changing, setChanging] = useState(false);
  const [seen, setSeen] = useState(false);
  const removed = useRef(false);
  useEffect(() => {
    setFailure(null);
    setSeen(false);
    wantLinked(resource, named);
    held.fetch(id).then(
      () => setSeen(true),
      (error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        setFailure(error);
      },
    );
  }, [held, id]);

  const row = held.get(id);
  const gone = row === undefined && removed.current;
  useEffect(() => {
    if (gone) go(pageOf(resource), { replace: true });
  }, [gone]);
  if (gone) return <div class="page" aria-busy="true" />;
  if (row === undefined) {
    if (failure !== null && failure.status !== 404) return <div class="page"><Problem failure={failure} /></div>;
    if (!seen) return <div class="page loading" aria-busy="true" />;
    return (
      <div class="page">
        <Empty title={t("detail.gone")}>
          <a class="button" href={pageOf(resource)}>{t(`${resource.name}.title`)}</a>
        </Empty>
      </div>
    );
  }

  const title = resource.title(row) || id;
  const start = (action: Action<Row>): void => {
    if (action.confirm || action.form) setAsking({ kind: "act", action, rows: [row] });
    else void withEach([row], action.open ? "" : actionTitle(resource, action.name), (each) => act(resource, action, each));
  };
  const actions = actionsFor(resource, row);
  const plain = actions.filter((action) => !action.danger).slice(0, BUTTONS);
  const rest = actions.filter((action) => !plain.includes(action)).map((action) => ({
    title: actionTitle(resource, action.name), danger: action.danger ?? false, onChoose: () => start(action),
  }));
  const change = resource.change;
  if (change !== undefined && (change.when?.(row) ?? true) && may({ service: resource.service, method: change.method, path: resource.item })) {
    rest.unshift({ title: t("action.change"), danger: false, onChoose: () => setChanging(true) });
  }
  if (removable(resource, row)) rest.push({ title: t("action.delete"), danger: true, onChoose: () => setAsking({ kind: "remove", rows: [row] }) });

  const status = resource.fields.find((field) => field.kind === "status");
  const top = resource.fields.filter((field) => field.detail === "top");
  const more = resource.fields.filter((field) => (field.detail ?? "more") === "more" && field !== status && field.name !== "name");
  const problem = resource.broken?.(row) ?? null;
  return (
    <div class="page">
      <nav class="crumbs" aria-label={t("crumbs")}>
        <a href={pageOf(resource)}>{t(`${resource.name}.title`)}</a>
      </nav>
      <header class="page-head detail-head">
        <h1 class="clip"><bdi>{title}</bdi></h1>
        {status !== undefined && <span aria-live="polite"><Value field={status} row={row} resource={resource} /></span>}
        <span class="space" />
        {plain.map((action) => (
          <Button key={action.name} onClick={() => start(action)}>{actionTitle(resource, action.name)}</Button>
        ))}
        {rest.length > 0 && <Menu label={t("list.actions_of", { name: title })} look="plain" items={rest} />}
      </header>
      <p class="identity code faint"><bdi>{id}</bdi><Copy text={id} what={t("field.id")} /></p>
      {problem !== null && (
        <div class="problem" role="status"><p>{problem}</p></div>
      )}
      {top.length > 0 && (
        <dl class="facts-top">
          {top.map((field) => <Fact key={field.name} field={field} row={row} resource={resource} />)}
        </dl>
      )}
      {resource.subject !== undefined && <Operations subject={`${resource.subject}/${id}`} />}
      {resource.panels.map((panel) => {
        const Component = panel.component;
        return <Component key={panel.name} row={row} />;
      })}
      {resource.relations.map((relation) => <Related key={relation.to} relation={relation} row={row} of={resource} />)}
      {more.length > 0 && (
        <Section title={t("detail.facts")}>
          <dl class="facts">{more.map((field) => <Fact key={field.name} field={field} row={row} resource={resource} />)}</dl>
        </Section>
      )}
      <Asked resource={resource} asking={asking} onClose={() => setAsking(null)} onDone={() => (removed.current = asking?.kind === "remove")} />
      {changing && <Change resource={resource} row={row} onClose={() => setChanging(false)} />}
    </div>
  );
}

function Fact({ field, row, resource }: { field: Field<Row>; row: Row; resource: Resource }) {
  return (
    <div class="fact">
      <dt>{titleOf(resource, field)}</dt>
      <dd><Value field={field} row={row} resource={resource} /></dd>
    </div>
  );
}

function Related({ relation, row, of }: { relation: Relation<Row>; row: Row; of: Resource }) {
  const found = useRelated(relation, row);
  const none = useSignal<ReadonlySet<string>>(new Set<string>());
  if (found === null || (found.rows.length === 0 && !found.loading)) return null;
  const title = first([`${of.name}.relation.${relation.to}`, `${relation.to}.title`]);
  const columns = found.resource.fields.filter((field) => (field.column ?? "shown") === "shown");
  return (
    <Section title={title}>
      <Table resource={found.resource} rows={found.rows.slice(0, 100)} columns={columns} sort="" chosen={none} label={title} whole />
    </Section>
  );
}

/** The window in which an object's fields are changed. */
function Change({ resource, row, onClose }: { resource: Resource; row: Row; onClose: () => void }) {
  const change = resource.change!;
  const [values, setValues] = useState<FormValues>(() => {
    const now = Object.fromEntries(change.inputs.map((input) => [input.name, row[input.name] ?? undefined]));
    return { ...initialValues(change.inputs), ...Object.fromEntries(Object.entries(now).filter(([, value]) => value !== undefined)) };
  });
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(problemsOf(change.inputs, values)).length > 0) return;
    setBusy(true);
    const id = resource.id(row);
    const done = await attempt(async () => {
      await ask<unknown>(resource.service, change.method, resource.path(id), {
        body: change.body(values, row), version: resource.version, headers: change.headers ?? {},
      });
      await collection(resource).fetch(id);
    });
    setBusy(false);
    if (!done) return;
    tell(t("changed"));
    onClose();
  };
  return (
    <Dialog title={t("action.change")} onClose={onClose}>
      <form onSubmit={(event) => void save(event)} noValidate>
        <Inputs prefix={resource.name} inputs={change.inputs} values={values} onChange={setValues} problems={shown ? problemsOf(change.inputs, values) : {}} />
        <footer class="dialog-foot">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" submit busy={busy}>{t("save")}</Button>
        </footer>
      </form>
    </Dialog>
  );
}
