/** One folder of a container: what is in it, and files that are dropped on it. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef, useState } from "preact/hooks";
import { Failure } from "../runtime/api";
import { t } from "../runtime/messages";
import { change, download, entries, maySign, mayWrite, nameOf, PAGE, place, removeAll, removeObjects, type Entry, type Stored } from "../runtime/objects";
import { resource, pageOf, type Resource, type Row } from "../runtime/resource";
import { finished, send } from "../runtime/uploads";
import { attempt, Button, Dialog, Empty, Menu, Problem } from "../components/basics";
import { Icon } from "../components/icon";
import { Table } from "../components/table";
import { copyLink } from "./object";
import { Uploads } from "./uploads";

/** The objects of one container as rows of a table; their pages are below the container's. */
function listed(container: string, folder: string): Resource {
  const made: Resource = resource<Row>({
    name: `objects/${encodeURIComponent(container)}`, group: "objects", order: 1, service: "object-store", list: "", item: "/{id}", many: "", one: null,
    id: (row) => nameOf(row as unknown as Entry),
    title: (row) => nameOf(row as unknown as Entry).slice(folder.length),
    fields: [
      {
        name: "name",
        width: "180px",
        show: (row) => (
          <a class="row-link clip object-name" href={pageOf(made, made.id(row))} tabIndex={-1}>
            <Icon name={"subdir" in row ? "folder" : "file"} />
            <bdi>{made.title(row)}</bdi>
          </a>
        ),
      },
      { name: "size", kind: "bytes", value: (row) => row["bytes"] },
      { name: "type", value: (row) => row["content_type"], width: "150px" },
      { name: "updated_at", kind: "time", value: (row) => row["last_modified"], width: "110px" },
    ],
  });
  return made;
}

export function Folder({ container, folder }: { container: string; folder: string }) {
  const [rows, setRows] = useState<Entry[] | null>(null);
  const [more, setMore] = useState(false);
  const [begins, setBegins] = useState("");
  const [failure, setFailure] = useState<Failure | null>(null);
  const [asking, setAsking] = useState<"folder" | Entry[] | null>(null);
  const [over, setOver] = useState(false);
  const chosen = useSignal<ReadonlySet<string>>(new Set<string>());
  const file = useRef<HTMLInputElement>(null);
  const asked = useRef(0);
  const [made] = useState(() => listed(container, folder));
  const ended = finished.value;

  const load = async (marker?: string): Promise<void> => {
    asked.current += 1;
    const mine = asked.current;
    try {
      const found = await entries(container, folder + begins, marker);
      if (mine !== asked.current) return;
      // The folder's own mark is not in the folder.
      const shown = found.filter((entry) => nameOf(entry) !== folder);
      setRows((before) => (marker === undefined ? shown : [...(before ?? []), ...shown]));
      setMore(found.length === PAGE);
      setFailure(null);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      if (mine === asked.current) setFailure(error);
    }
  };
  useEffect(() => {
    const timer = window.setTimeout(() => void load(), begins === "" ? 0 : 150);
    return () => window.clearTimeout(timer);
  }, [begins, ended]);

  const write = mayWrite();
  const put = (files: [string, File][]): void => send(container, files.map(([name, each]) => [folder + name, each]));
  const drop = async (event: DragEvent): Promise<void> => {
    event.preventDefault();
    setOver(false);
    if (event.dataTransfer !== null) put(await dropped(event.dataTransfer));
  };
  const drag = (event: DragEvent): void => {
    if (!write || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    setOver(true);
  };
  const picked = (rows ?? []).filter((entry) => chosen.value.has(nameOf(entry)));
  const menu = (row: Row) => {
    const entry = row as unknown as Entry;
    const items = [];
    if (!("subdir" in entry)) {
      items.push({ title: t("objects.download"), icon: "download", onChoose: () => void attempt(() => download(container, entry.name, entry.bytes)) });
      if (maySign()) items.push({ title: t("objects.copy_link"), icon: "copy", onChoose: () => void attempt(() => copyLink(container, entry.name)) });
    }
    if (write) items.push({ title: t("action.delete"), icon: "trash", danger: true, onChoose: () => setAsking([entry]) });
    return items.length === 0 ? null : <Menu label={t("list.actions_of", { name: made.title(row) })} items={items} />;
  };
  return (
    <div
      class={`page list-page${over ? " drop" : ""}`}
      onDragEnter={drag}
      onDragOver={drag}
      onDragLeave={(event) => event.currentTarget.contains(event.relatedTarget as Node | null) || setOver(false)}
      onDrop={(event) => void (write ? drop(event) : undefined)}
    >
      <Trail container={container} name={folder} />
      <header class="page-head">
        <h1 class="clip"><bdi>{folder === "" ? container : folder.split("/").slice(-2)[0]}</bdi></h1>
        <span class="space" />
        {picked.length > 0 && write && <Button look="danger" icon="trash" onClick={() => setAsking(picked)}>{t("action.delete")}</Button>}
        {write && <Button icon="folder" onClick={() => setAsking("folder")}>{t("objects.new_folder")}</Button>}
        {write && <Button look="primary" icon="upload" onClick={() => file.current?.click()}>{t("objects.upload")}</Button>}
        <input
          ref={file} type="file" multiple hidden aria-label={t("objects.upload")}
          onChange={(event) => {
            put([...(event.currentTarget.files ?? [])].map((each) => [each.name, each]));
            event.currentTarget.value = "";
          }}
        />
      </header>
      <div class="toolbar">
        <label class="filter">
          <Icon name="search" />
          <span class="unseen">{t("objects.begins")}</span>
          <input type="search" value={begins} placeholder={t("objects.begins")} spellcheck={false} autocomplete="off" onInput={(event) => setBegins(event.currentTarget.value)} />
        </label>
      </div>
      <Uploads container={container} />
      {failure !== null && <Problem failure={failure}><Button onClick={() => void load()}>{t("retry")}</Button></Problem>}
      {rows !== null && rows.length === 0 ? (
        <Empty title={t(begins === "" ? "objects.empty" : "list.no_match")}>{write && <p class="faint">{t("objects.drop")}</p>}</Empty>
      ) : (
        failure === null && (
          <Table resource={made} rows={(rows ?? []) as unknown as Row[]} columns={made.fields} sort="" chosen={chosen} label={folder === "" ? container : folder} menu={menu} />
        )
      )}
      {more && <Button onClick={() => void load(nameOf(rows![rows!.length - 1]!))}>{t("objects.more")}</Button>}
      {asking === "folder" && <NewFolder onClose={() => setAsking(null)} onMake={(name) => attempt(() => change("PUT", place(container, `${folder}${name}/`), { "Content-Type": "application/directory" }).then(() => load()))} />}
      {Array.isArray(asking) && (
        <RemoveEntries
          container={container} found={asking}
          onClose={() => setAsking(null)}
          onDone={() => {
            chosen.value = new Set();
            void load();
          }}
        />
      )}
    </div>
  );
}

/** The way back: containers, the container, each folder. */
export function Trail({ container, name }: { container: string; name: string }) {
  const parts = name.split("/").slice(0, name.endsWith("/") ? -2 : -1);
  const above = `/objects/${encodeURIComponent(container)}`;
  return (
    <nav class="crumbs trail" aria-label={t("crumbs")}>
      <a href="/objects">{t("objects.title")}</a>
      {name !== "" && <a href={above}><bdi>{container}</bdi></a>}
      {parts.map((part, at) => {
        const path = `${parts.slice(0, at + 1).join("/")}/`;
        return <a key={path} href={`${above}/${encodeURIComponent(path)}`}><bdi>{part}</bdi></a>;
      })}
    </nav>
  );
}

/** The files that were dropped, and those in dropped folders, with their paths. */
async function dropped(data: DataTransfer): Promise<[string, File][]> {
  const found: [string, File][] = [];
  // The list is gone after the first wait.
  const roots = [...data.items].filter((item) => item.kind === "file").map((item) => ({ entry: item.webkitGetAsEntry?.() ?? null, file: item.getAsFile() }));
  const walk = async (entry: FileSystemEntry, path: string): Promise<void> => {
    if (entry.isFile) {
      const file = await new Promise<File>((resolve, reject) => (entry as FileSystemFileEntry).file(resolve, reject));
      found.push([path + entry.name, file]);
      return;
    }
    const reader = (entry as FileSystemDirectoryEntry).createReader();
    for (;;) {
      const some = await new Promise<FileSystemEntry[]>((resolve, reject) => reader.readEntries(resolve, reject));
      if (some.length === 0) return;
      for (const each of some) await walk(each, `${path}${entry.name}/`);
    }
  };
  for (const { entry, file } of roots) {
    if (entry?.isDirectory) await walk(entry, "");
    else if (file !== null) found.push([file.name, file]);
  }
  return found;
}

function NewFolder({ onClose, onMake }: { onClose: () => void; onMake: (name: string) => Promise<boolean> }) {
  const [name, setName] = useState("");
  const make = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (name !== "" && (await onMake(name.replace(/\/+$/, "")))) onClose();
  };
  return (
    <Dialog title={t("objects.new_folder")} onClose={onClose}>
      <form onSubmit={(event) => void make(event)} noValidate>
        <div class="input-row">
          <label for="folder-name">{t("field.name")}</label>
          <input id="folder-name" value={name} maxLength={512} autocomplete="off" onInput={(event) => setName(event.currentTarget.value)} />
        </div>
        <footer class="dialog-foot">
          <Button onClick={onClose}>{t("cancel")}</Button>
          <Button look="primary" submit disabled={name.replace(/\//g, "") === ""}>{t("create")}</Button>
        </footer>
      </form>
    </Dialog>
  );
}

interface RemoveProps {
  container: string;
  found: Entry[];
  onClose: () => void;
  onDone: () => void;
}

const SHOWN = 8;

export function RemoveEntries({ container, found, onClose, onDone }: RemoveProps) {
  const [busy, setBusy] = useState(false);
  const folders = found.flatMap((entry) => ("subdir" in entry ? [entry.subdir] : []));
  const run = async (): Promise<void> => {
    setBusy(true);
    const done = await attempt(async () => {
      await removeObjects(container, found.filter((entry): entry is Stored => !("subdir" in entry)));
      for (const each of folders) await removeAll(container, each);
    });
    setBusy(false);
    if (!done) return;
    onDone();
    onClose();
  };
  return (
    <Dialog title={t("objects.delete_entries", { count: found.length })} onClose={onClose}>
      <ul class="names">
        {found.slice(0, SHOWN).map((entry) => <li key={nameOf(entry)}><bdi>{nameOf(entry)}</bdi></li>)}
        {found.length > SHOWN && <li class="faint">{t("and_more", { count: found.length - SHOWN })}</li>}
      </ul>
      {folders.length > 0 && <p>{t("objects.delete_folders")}</p>}
      <p class="faint">{t("delete.note")}</p>
      <footer class="dialog-foot">
        <Button onClick={onClose}>{t("cancel")}</Button>
        <Button look="danger" icon="trash" busy={busy} onClick={() => void run()}>{t("action.delete")}</Button>
      </footer>
    </Dialog>
  );
}
