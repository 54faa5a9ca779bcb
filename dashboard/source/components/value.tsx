/** One field of an object, as a person reads it. */

import { age, bytes, count, fullTime, gibibytes, mebibytes, moment } from "../runtime/formats";
import { first, t } from "../runtime/messages";
import { named } from "../runtime/registry";
import { pageOf, valueOf, visible, type Field, type Resource, type Row } from "../runtime/resource";
import { linkedName, target } from "../runtime/rows";
import { Copy } from "./basics";

const GOOD = new Set(["active", "available", "in-use", "enabled", "up", "online", "done", "saved"]);
const BAD = new Set(["error", "killed", "failed", "down", "undone", "error_deleting", "error_restoring", "error_extending"]);
const STILL = new Set([
  "shutoff", "paused", "suspended", "shelved", "shelved_offloaded", "deactivated", "deleted", "disabled", "stopped",
  "begun", "superseded", "soft_deleted", "unmanaged", "n/a",
]);

/** good, bad, still, or busy: on its way to another state. */
export function mood(status: string): string {
  const word = status.toLowerCase();
  if (GOOD.has(word)) return "good";
  if (BAD.has(word) || word.startsWith("error")) return "bad";
  return STILL.has(word) ? "still" : "busy";
}

export function Status({ status, note }: { status: string; note?: string }) {
  const text = first([`status.${status.toLowerCase()}`, `status.${status}`]);
  return (
    <span class={`status ${mood(status)}`}>
      <span class="dot" aria-hidden="true" />
      <span class="clip">{text.startsWith("status.") ? status : text}</span>
      {note !== undefined && note !== "" && <span class="faint clip">{note}</span>}
    </span>
  );
}

export function Age({ text }: { text: string }) {
  const at = moment(text);
  return Number.isNaN(at) ? <>{text}</> : <time dateTime={text} title={fullTime(at)}>{age(at)}</time>;
}

const NOTHING = "–";

/** `inList`: short, in one line. */
export function Value({ field, row, resource, inList = false }: { field: Field<Row>; row: Row; resource: Resource; inList?: boolean }) {
  if (field.show !== undefined) return <>{field.show(row) ?? <span class="faint">{NOTHING}</span>}</>;
  const value = valueOf(field, row);
  if (field.kind === "flag") return <>{value === true ? t("yes") : t("no")}</>;
  if (value === null || value === undefined || value === "") return <span class="faint">{NOTHING}</span>;
  switch (field.kind) {
    case "status":
      return <Status status={String(value)} />;
    case "time":
      return <Age text={String(value)} />;
    case "count":
      return <span class="number">{count(Number(value))}</span>;
    case "bytes":
      return <span class="number">{bytes(Number(value))}</span>;
    case "mebibytes":
      return <span class="number">{mebibytes(Number(value))}</span>;
    case "gibibytes":
      return <span class="number">{gibibytes(Number(value))}</span>;
    case "code":
      return (
        <span class="code clip">
          <bdi>{String(value)}</bdi>
          {!inList && <Copy text={String(value)} what={titleOf(resource, field)} />}
        </span>
      );
    case "list": {
      const all = value as unknown[];
      if (all.length === 0) return <span class="faint">{NOTHING}</span>;
      return inList ? <bdi>{all.join(", ")}</bdi> : <span class="tags">{all.map((each) => <span class="tag"><bdi>{String(each)}</bdi></span>)}</span>;
    }
    case "map": {
      const all = Object.entries(value as Row);
      if (all.length === 0) return <span class="faint">{NOTHING}</span>;
      return <span class="tags">{all.map(([name, inner]) => <span class="tag"><bdi>{name}</bdi>=<bdi>{String(inner)}</bdi></span>)}</span>;
    }
    case "link": {
      const found = target(value);
      const to = field.to === undefined ? undefined : named(field.to);
      if (found === null) return <span class="faint">{NOTHING}</span>;
      const name = <bdi>{linkedName(field, value)}</bdi>;
      return to === undefined || !visible(to) ? name : <a class="clip" href={pageOf(to, found.id)}>{name}</a>;
    }
    default:
      return <bdi>{String(value)}</bdi>;
  }
}

export const titleOf = (resource: Resource, field: { name: string }): string =>
  first([`${resource.name}.field.${field.name}`, `field.${field.name}`]);
