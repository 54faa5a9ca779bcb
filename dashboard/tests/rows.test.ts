import assert from "node:assert/strict";
import test from "node:test";
import { resource, type Row } from "../source/runtime/resource";
import { asCsv, cell, matches, parseFilter, sorted } from "../source/runtime/rows";

const toys = resource<Row>({
  name: "toys", group: null, order: 1, service: "toys", list: "/toys", item: "/toys/{id}", many: "toys", one: "toy",
  fields: [{ name: "name" }, { name: "status", kind: "status" }, { name: "size", kind: "mebibytes" }, { name: "tags", kind: "list" }],
});
const rows: Row[] = [
  { id: "1", name: "web-10", status: "ACTIVE", size: 2048, tags: ["a"] },
  { id: "2", name: "web-9", status: "ERROR", size: 512, tags: [] },
  { id: "3", name: "数据库", status: "ACTIVE", size: 1024, tags: ["b", "c"] },
];
const found = (text: string): unknown[] => rows.filter((row) => matches(parseFilter(text, toys), toys, row)).map((row) => row["id"]);
const order = (sort: string): unknown[] => sorted(rows, sort, toys).map((row) => row["id"]);

test("words of a filter are all in the row, in any field", () => {
  assert.deepEqual(found("web"), ["1", "2"]);
  assert.deepEqual(found("WEB active"), ["1"]);
  assert.deepEqual(found("数据"), ["3"]);
});

test("a filter of one field", () => {
  assert.deepEqual(found("status:err"), ["2"]);
  assert.deepEqual(found("nofield:err"), []);
});

test("names are sorted as people count, amounts by their size", () => {
  assert.deepEqual(order("name").slice(0, 2), ["2", "1"]);
  assert.deepEqual(order("-size"), ["1", "3", "2"]);
  assert.deepEqual(order("nothing"), ["1", "2", "3"]);
});

test("a spreadsheet neither runs a name nor loses one", () => {
  assert.equal(cell("=1+2"), "'=1+2");
  assert.equal(cell('a"b,c'), '"a""b,c"');
  const [tags] = toys.fields.filter((field) => field.name === "tags");
  assert.equal(asCsv(rows.slice(2), [tags!], toys), 'id,tags\r\n3,"b, c"\r\n');
});

test("an id is one part of a path", () => {
  assert.equal(toys.path("a/../b?c"), "/toys/a%2F..%2Fb%3Fc");
});
