/** Rows of a list as text: for filters, sorting and files. */

import { gibibytes, mebibytes, moment } from "./formats";
import { named } from "./registry";
import { collection } from "./collections";
import { valueOf, type Field, type Resource, type Row } from "./resource";

/** A link's value: an id, or the id and the name that is known already. */
export function target(value: unknown): { id: string; name: string } | null {
  if (typeof value === "string") return value === "" ? null : { id: value, name: "" };
  if (Array.isArray(value) && typeof value[0] === "string") return { id: value[0], name: String(value[1] ?? "") };
  return null;
}

/** The name of a linked object, from what has been loaded; else its id. */
export function linkedName(field: Field<Row>, value: unknown): string {
  const found = target(value);
  if (found === null) return "";
  if (found.name !== "") return found.name;
  const to = field.to === undefined ? undefined : named(field.to);
  const row = to && collection(to).get(found.id);
  return (row && to.title(row)) || found.id;
}

/** A field's value as text, without the words of a language. */
export function textOf(field: Field<Row>, row: Row): string {
  const value = valueOf(field, row);
  if (value === null || value === undefined) return "";
  switch (field.kind) {
    case "link":
      return linkedName(field, value);
    case "mebibytes":
      return mebibytes(Number(value));
    case "gibibytes":
      return gibibytes(Number(value));
    case "list":
      return (value as unknown[]).join(", ");
    case "map":
      return Object.entries(value as Row)
        .map(([name, inner]) => `${name}=${String(inner)}`)
        .join(", ");
    default:
      return typeof value === "object" ? JSON.stringify(value) : String(value);
  }
}

/** What rows are sorted by. */
export function sortKey(field: Field<Row>, row: Row): number | string {
  const value = valueOf(field, row);
  switch (field.kind) {
    case "count":
    case "mebibytes":
    case "gibibytes":
    case "bytes":
      return Number(value ?? 0);
    case "time":
      return typeof value === "string" ? moment(value) || 0 : 0;
    case "flag":
      return value === true ? 0 : 1;
    default:
      return textOf(field, row);
  }
}

const texts = new WeakMap<Row, string>();

/** Lower-case text in which a person's words are looked for. A changed object is another row. */
export function searched(resource: Resource, row: Row): string {
  let text = texts.get(row);
  if (text === undefined) texts.set(row, (text = wordsOf(resource, row)));
  return text;
}

function wordsOf(resource: Resource, row: Row): string {
  const parts = [resource.id(row), resource.title(row), ...resource.fields.map((field) => textOf(field, row))];
  if (resource.words !== undefined) parts.push(...resource.words(row));
  return parts.join("\n").toLowerCase();
}

export interface Filter {
  words: string[];
  /** Field → what its text must contain: `status:active`. */
  fields: [string, string][];
}

export function parseFilter(text: string, resource: Resource): Filter {
  const filter: Filter = { words: [], fields: [] };
  for (const word of text.toLowerCase().split(/\s+/).filter(Boolean)) {
    const colon = word.indexOf(":");
    const name = word.slice(0, colon);
    if (colon > 0 && resource.fields.some((field) => field.name === name)) filter.fields.push([name, word.slice(colon + 1)]);
    else filter.words.push(word);
  }
  return filter;
}

export function matches(filter: Filter, resource: Resource, row: Row): boolean {
  for (const [name, wanted] of filter.fields) {
    const field = resource.fields.find((each) => each.name === name);
    if (field === undefined || !textOf(field, row).toLowerCase().includes(wanted)) return false;
  }
  if (filter.words.length === 0) return true;
  const text = searched(resource, row);
  return filter.words.every((word) => text.includes(word));
}

const natural = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });

/** Sorted by a field, `-created` downwards; rows that are equal keep their order. */
export function sorted(rows: Row[], sort: string, resource: Resource): Row[] {
  const down = sort.startsWith("-");
  const field = resource.fields.find((each) => each.name === sort.replace(/^-/, ""));
  if (field === undefined) return rows;
  const sign = down ? -1 : 1;
  const keyed = rows.map((row) => ({ row, key: sortKey(field, row) }));
  keyed.sort((one, other) => {
    const [a, b] = [one.key, other.key];
    if (typeof a === "number" && typeof b === "number") return sign * (a - b);
    return sign * natural.compare(String(a), String(b));
  });
  return keyed.map((each) => each.row);
}

/** One field of a CSV file. A leading character with which spreadsheets begin formulas gets an apostrophe before it. */
export function cell(text: string): string {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n\r]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

export function asCsv(rows: Row[], fields: Field<Row>[], resource: Resource): string {
  const lines = [["id", ...fields.map((field) => field.name)]];
  for (const row of rows) lines.push([resource.id(row), ...fields.map((field) => textOf(field, row))]);
  return lines.map((line) => line.map(cell).join(",")).join("\r\n") + "\r\n";
}

/** Let the browser save a text as a file. */
export function save(name: string, type: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 1000);
}
