/** The list of a resource's objects. */

import { useSignal } from "@preact/signals";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { act, actionTitle, withEach } from "../runtime/acting";
import { collection, wantLinked } from "../runtime/collections";
import { t } from "../runtime/messages";
import { remembered } from "../runtime/remembered";
import { ask, query } from "../runtime/router";
import { named } from "../runtime/registry";
import { actionsFor, creatable, pageOf, removable, type Action, type Field, type Resource, type Row } from "../runtime/resource";
import { asCsv, matches, parseFilter, save, sorted } from "../runtime/rows";
import { isAdmin, projectId } from "../runtime/session";
import { Button, Empty, Menu, Problem } from "../components/basics";
import { Icon } from "../components/icon";
import { ActionForm, Confirm, Removal } from "../components/asking";
import { Table } from "../components/table";
import { titleOf } from "../components/value";

const columnsOf = remembered<Record<string, string[]>>("columns", {});

/** What is asked before something happens to objects. */
export type Asking = { kind: "remove"; rows: Row[] } | { kind: "act"; action: Action<Row>; rows: Row[] } | null;

export function ListPage({ resource }: { resource: Resource }) {
  const sees = (resource.everywhere !== undefined || resource.mine !== undefined) && isAdmin.value;
  const mayEverywhere = sees && projectId.value !== "";
  const everywhere = sees && (!mayEverywhere || query.value.get("all") === "1");
  const text = query.value.get("q") ?? "";
  const choice = resource.choices === undefined ? "" : (query.value.get(resource.choices.field) ?? "");
  const asked = choice !== "" && resource.choices?.asked === true;
  const part = { ...(everywhere ? resource.everywhere : {}), ...(asked ? { [resource.choices!.field]: choice } : {}) };
  const held = collection(resource, part, !asked);
  useEffect(() => {
    held.want();
    wantLinked(resource, named);
  }, [held]);
  const sort = query.value.get("sort") ?? resource.sort ?? "";
  const chosen = useSignal<ReadonlySet<string>>(new Set<string>());
  const [asking, setAsking] = useState<Asking>(null);

  const offered = resource.fields.filter((field) => field.column !== "never");
  const wanted = (query.value.get("columns")?.split(",") ?? columnsOf.value[resource.name]) as string[] | undefined;
  const columns = useMemo(() => pick(offered, wanted), [resource, wanted?.join()]);

  const version = held.version.value;
  const own = useMemo(() => (!sees || everywhere || resource.mine === undefined ? held.all() : held.all().filter(resource.mine)), [held, version, sees, everywhere]);
  const rows = useMemo(() => {
    const filter = parseFilter(text, resource);
    const found = own.filter(
      (row) => (text === "" || matches(filter, resource, row)) && (choice === "" || row[resource.choices!.field] === choice),
    );
    return sort === "" ? found : sorted(found, sort, resource);
  }, [own, text, choice, sort]);

  const state = held.state.value;
  const failure = held.failure.value;
  const picked = chosen.value.size === 0 ? [] : rows.filter((row) => chosen.value.has(resource.id(row)));
  const title = t(`${resource.name}.title`);
  const start = (action: Action<Row>, on: Row[]): void => {
    if (action.confirm || action.form) setAsking({ kind: "act", action, rows: on });
    else void withEach(on, action.open ? "" : actionTitle(resource, action.name), (row) => act(resource, action, row));
  };

  return (
    <div class="page list-page">
      <header class="page-head">
        <h1>{title}</h1>
        <span class="count number" aria-live="polite">
          {state === "loading" && own.length === 0 ? "" : text === "" && choice === "" ? String(own.length) : `${rows.length} / ${own.length}`}
        </span>
        <span class="space" />
        {creatable(resource) && (
          <a class="button primary" href={`${pageOf(resource)}/new`}>
            <Icon name="plus" />
            <span>{t(`${resource.name}.new`)}</span>
          </a>
        )}
      </header>
      <div class="toolbar">
        {picked.length > 0 ? (
          <Chosen resource={resource} rows={picked} start={start} onRemove={() => setAsking({ kind: "remove", rows: picked })} onNone={() => (chosen.value = new Set())} />
        ) : (
          <>
            <FilterInput text={text} />
            {resource.choices !== undefined && <Choices resource={resource} {...resource.choices} choice={choice} />}
            {mayEverywhere && (
              <label class="tick everywhere">
                <input type="checkbox" checked={everywhere} onChange={() => ask({ all: everywhere ? "" : "1" })} />
                <span>{t("list.everywhere")}</span>
              </label>
            )}
            <span class="space" />
            <Menu
              label={t("list.columns")}
              icon="columns"
              items={offered.map((field) => ({
                title: titleOf(resource, field),
                checked: columns.includes(field),
                stays: true,
                onChoose: () => {
                  const names = offered.filter((each) => columns.includes(each) !== (each === field)).map((each) => each.name);
                  columnsOf.value = { ...columnsOf.value, [resource.name]: names };
                  ask({ columns: names.join(",") });
                },
              }))}
            />
            <Menu
              label={t("list.export")}
              icon="download"
              items={[
                { title: "CSV", onChoose: () => save(`${resource.name}.csv`, "text/csv;charset=utf-8", asCsv(rows, columns, resource)) },
                { title: "JSON", onChoose: () => save(`${resource.name}.json`, "application/json", JSON.stringify(rows, null, 2)) },
              ]}
            />
          </>
        )}
      </div>
      {failure !== null && <Problem failure={failure}><Button onClick={() => void held.load()}>{t("retry")}</Button></Problem>}
      {rows.length === 0 && state !== "loading" && state !== "empty" && failure === null ? (
        <Empty title={text === "" && choice === "" ? t(`${resource.name}.none`) : t("list.no_match")}>
          {text !== "" || choice !== "" ? (
            <Button onClick={() => ask({ q: "", [resource.choices?.field ?? "q"]: "" })}>{t("list.show_all")}</Button>
          ) : (
            creatable(resource) && <a class="button" href={`${pageOf(resource)}/new`}>{t(`${resource.name}.new`)}</a>
          )}
        </Empty>
      ) : (
        <Table
          resource={resource}
          rows={rows}
          columns={columns}
          sort={sort}
          onSort={(next) => ask({ sort: next })}
          chosen={chosen}
          label={title}
          menu={(row) => <RowMenu resource={resource} row={row} start={start} onRemove={() => setAsking({ kind: "remove", rows: [row] })} />}
        />
      )}
      <Asked resource={resource} asking={asking} onClose={() => setAsking(null)} onDone={() => (chosen.value = new Set())} />
    </div>
  );
}

function pick(offered: Field<Row>[], wanted: string[] | undefined): Field<Row>[] {
  const found = wanted?.flatMap((name) => offered.find((field) => field.name === name) ?? []) ?? [];
  return found.length > 0 ? found : offered.filter((field) => (field.column ?? "shown") === "shown");
}

function Choices({ resource, field, values, choice }: { resource: Resource; field: string; values: string[]; choice: string }) {
  return (
    <label>
      <span class="unseen">{titleOf(resource, { name: field })}</span>
      <select value={choice} onChange={(event) => ask({ [field]: event.currentTarget.value })}>
        <option value="">{t("list.any", { field: titleOf(resource, { name: field }) })}</option>
        {values.map((value) => <option key={value} value={value}>{t(`status.${value}`)}</option>)}
      </select>
    </label>
  );
}

function FilterInput({ text }: { text: string }) {
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => {
    const slash = (event: KeyboardEvent): void => {
      const inside = event.target instanceof HTMLElement && event.target.closest("input, textarea, select, dialog, [contenteditable]");
      if (event.key !== "/" || inside || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      input.current?.focus();
    };
    document.addEventListener("keydown", slash);
    return () => document.removeEventListener("keydown", slash);
  }, []);
  return (
    <label class="filter">
      <Icon name="search" />
      <span class="unseen">{t("list.filter")}</span>
      <input
        ref={input}
        type="search"
        value={text}
        placeholder={t("list.filter")}
        spellcheck={false}
        autocomplete="off"
        onInput={(event) => ask({ q: event.currentTarget.value })}
      />
      <kbd>/</kbd>
    </label>
  );
}

interface ChosenProps {
  resource: Resource;
  rows: Row[];
  start: (action: Action<Row>, rows: Row[]) => void;
  onRemove: () => void;
  onNone: () => void;
}

/** What may be done with all chosen objects at once. */
function Chosen({ resource, rows, start, onRemove, onNone }: ChosenProps) {
  const actions = resource.actions.filter(
    (action) => !action.single && rows.some((row) => actionsFor(resource, row).includes(action)),
  );
  const within = (action: Action<Row>): Row[] => rows.filter((row) => actionsFor(resource, row).includes(action));
  const removables = rows.filter((row) => removable(resource, row));
  return (
    <div class="chosen-bar" role="toolbar" aria-label={t("list.chosen", { count: rows.length })}>
      <span class="number">{t("list.chosen", { count: rows.length })}</span>
      {actions.map((action) => (
        <Button key={action.name} onClick={() => start(action, within(action))}>{actionTitle(resource, action.name)}</Button>
      ))}
      {removables.length > 0 && <Button look="danger" icon="trash" onClick={onRemove}>{t("action.delete")}</Button>}
      <Button look="quiet" icon="close" label={t("list.choose_none")} onClick={onNone} />
    </div>
  );
}

interface RowMenuProps {
  resource: Resource;
  row: Row;
  start: (action: Action<Row>, rows: Row[]) => void;
  onRemove: () => void;
}

function RowMenu({ resource, row, start, onRemove }: RowMenuProps) {
  const items = actionsFor(resource, row).map((action) => ({
    title: actionTitle(resource, action.name),
    danger: action.danger ?? false,
    onChoose: () => start(action, [row]),
  }));
  if (removable(resource, row)) items.push({ title: t("action.delete"), danger: true, onChoose: onRemove });
  if (items.length === 0) return null;
  return <Menu label={t("list.actions_of", { name: resource.title(row) || resource.id(row) })} items={items} />;
}

/** The window that asks before something happens. */
export function Asked({ resource, asking, onClose, onDone }: { resource: Resource; asking: Asking; onClose: () => void; onDone?: () => void }) {
  if (asking === null) return null;
  const done = (): void => {
    onDone?.();
    onClose();
  };
  if (asking.kind === "remove") return <Removal resource={resource} rows={asking.rows.filter((row) => removable(resource, row))} onClose={onClose} onDone={done} />;
  if (asking.action.form !== undefined) return <ActionForm resource={resource} action={asking.action} row={asking.rows[0]!} onClose={onClose} onDone={done} />;
  return <Confirm resource={resource} action={asking.action} rows={asking.rows} onClose={onClose} onDone={done} />;
}
