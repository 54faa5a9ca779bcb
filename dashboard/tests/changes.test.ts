import assert from "node:assert/strict";
import test from "node:test";
import { Parser } from "../source/runtime/changes";

test("events that come in pieces", () => {
  const parser = new Parser();
  assert.deepEqual(parser.take("event: hello\nid: 4\nda"), []);
  assert.deepEqual(parser.take('ta: {"a":1}\n\ndata: 2\n'), [{ type: "hello", data: '{"a":1}' }]);
  assert.deepEqual(parser.take("\n"), [{ type: "message", data: "2" }]);
  assert.equal(parser.id, "4");
});

test("a heartbeat moves the position and is no event", () => {
  const parser = new Parser();
  assert.deepEqual(parser.take(": beat\nid: 9\n\n"), []);
  assert.equal(parser.id, "9");
});
