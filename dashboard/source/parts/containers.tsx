/** The list of containers. */

import { useSignal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import { Failure } from "../runtime/api";
import { t } from "../runtime/messages";
import { tell } from "../runtime/notices";
import { change, containers, mayWrite, PAGE, place, removeAll, type Container } from "../runtime/objects";
import { resource } from "../runtime/resource";
import { epoch } from "../runtime/session";
import { attempt, Button, Dialog, Empty, Menu, Problem } from "../components/basics";
import { Inputs, initialValues, problemsOf } from "../components/inputs";
import { Table } from "../components/table";
import type { FormValues, Input, Row } from "../runtime/resource";

const CONTAINERS = resource<Container>({
  name: "objects", group: "objects", order: 1, service: "object-store", list: "", item: "/{id}", many: "", one: null,
  id: (row) => row.name,
  fields: [
    { name: "name", width: "180px" },
    { name: "count", kind: "count" },
    { name: "size", kind: "bytes", value: (row) => row.bytes },
    { name: "updated_at", kind: "time", value: (row) => row.last_modified, width: "110px" },
  ],
});

export function Containers() {
  const [rows, setRows] = useState<Container[] | null>(null);
  const [more, setMore] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [creating, setCreating] = useState(false);
  const [removing, setRemoving] = useState<Container[]>([]);
  const chosen = useSignal<ReadonlySet<string>>(new Set<string>());
  const mine = epoch.value;

  const load = async (marker?: string): Promise<void> => {
    try {
      const found = await containers(marker);
      setRows((before) => (marker === undefined ? found : [...(before ?? []), ...found]));
      setMore(found.length === PAGE);
      setFailure(null);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      setFailure(error);
    }
  };
  useEffect(() => {
    setRows(null);
    void load();
  }, [mine]);

  const write = mayWrite();
  const picked = (rows ?? []).filter((row) => chosen.value.has(row.name));
  const menu = (row: Row) => (
    <Menu label={t("list.actions_of", { name: String(row["name"]) })} items={[{ title: t("action.delete"), danger: true, onChoose: () => setRemoving([row as unknown as Container]) }]} />
  );
  return (
    <div class="page list-page">
      <header class="page-head">
        <h1>{t("objects.title")}</h1>
        <span class="count number" aria-live="polite">{rows === null ? "" : rows.length}</span>
        <span class="space" />
        {picked.length > 0 && <Button look="danger" icon="trash" onClick={() => setRemoving(picked)}>{t("action.delete")}</Button>}
        {write && <Button look="primary" icon="plus" onClick={() => setCreating(true)}>{t("objects.new")}</Button>}
      </header>
      {failure !== null && <Problem failure={failure}><Button onClick={() => void load()}>{t("retry")}</Button></Problem>}
      {rows !== null && rows.length === 0 ? (
        <Empty title={t("objects.none")}>{write && <Button onClick={() => setCreating(true)}>{t("objects.new")}</Button>}</Empty>
      ) : (
        <Table
          resource={CONTAINERS} rows={(rows ?? []) as unknown as Row[]} columns={CONTAINERS.fields} sort="" chosen={chosen} label={t("objects.title")}
          {...(write ? { menu } : {})}
        />
      )}
      {more && <Button onClick={() => void load(rows?.[rows.length - 1]?.name)}>{t("objects.more")}</Button>}
      {creating && <Create onClose={() => setCreating(false)} onDone={() => void load()} />}
      {removing.length > 0 && (
        <Remove
          rows={removing}
          onClose={() => setRemoving([])}
          onDone={() => {
            chosen.value = new Set();
            void load();
          }}
        />
      )}
    </div>
  );
}

const INPUTS: Input[] = [
  { name: "name", kind: "text", required: true, longest: 256, pattern: "(?!\\.{1,2}$)[^/]+" },
  { name: "public", kind: "toggle" },
];
export const PUBLIC = ".r:*,.rlistings";

function Create({ onClose, onDone }: { onClose: () => void; onDone: () => void }) {
  const [values, setValues] = useState<FormValues>(() => initialValues(INPUTS));
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(problemsOf(INPUTS, values)).length > 0) return;
    setBusy(true);
    const name = String(values["name"]);
    const done = await attempt(() => change("PUT", place(name), values["public"] === true ? { "X-Container-Read": PUBLIC } : {}));
    setBusy(false);
    if (!done) return;
    tell(t("created", { name }));
    onDone();
    onClose();
  };
  return (
    <Dialog title={t("objects.new")} onClose={onClose}>
      <form onSubmit={(event) => void create(event)} noValidate>
        <Inputs prefix="objects" inputs={INPUTS} values={values} onChange={setValues} problems={shown ? problemsOf(INPUTS, values) : {}} />
        <footer class="dialog-foot">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" submit busy={busy}>{t("create")}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

function Remove({ rows, onClose, onDone }: { rows: Container[]; onClose: () => void; onDone: () => void }) {
  const [busy, setBusy] = useState(false);
  const objects = rows.reduce((sum, row) => sum + row.count, 0);
  const run = async (): Promise<void> => {
    setBusy(true);
    await attempt(async () => {
      for (const row of rows) {
        if (row.count > 0) await removeAll(row.name, "");
        await change("DELETE", place(row.name));
      }
    });
    onDone();
    onClose();
  };
  return (
    <Dialog title={t("objects.delete", { count: rows.length })} onClose={onClose}>
      <ul class="names">{rows.map((row) => <li key={row.name}><bdi>{row.name}</bdi></li>)}</ul>
      {objects > 0 && <p>{t("objects.delete.holds", { count: objects })}</p>}
      <p class="faint">{t("delete.note")}</p>
      <footer class="dialog-foot">
        <Button onClick={onClose}>{t("cancel")}</Button>
        <Button look="danger" icon="trash" busy={busy} onClick={() => void run()}>{t("action.delete")}</Button>
      </footer>
    </Dialog>
  );
}
