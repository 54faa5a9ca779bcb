import assert from "node:assert/strict";
import test from "node:test";
import { address, reason, use } from "../source/runtime/api";

test("the sentence in every service's shape of errors", () => {
  assert.equal(reason('{"error":{"code":404,"title":"Not Found","message":"No such user."}}'), "No such user.");
  assert.equal(reason('{"badRequest":{"code":400,"message":"Bad name."}}'), "Bad name.");
  assert.equal(reason('{"NeutronError":{"type":"X","message":"In use.","detail":""}}'), "In use.");
  assert.equal(reason('{"errors":[{"status":409,"title":"Conflict","detail":"Changed."}]}'), "Changed.");
  assert.equal(reason("<html><head><title>404</title></head><body><h1>404</h1>No image <b>x</b></body></html>"), "No image x");
});

test("addresses are below the service's, with a query", () => {
  use("", { compute: "/compute/v2.1" });
  assert.equal(address("compute", "/servers", { name: "a&b", marker: undefined }), "/compute/v2.1/servers?name=a%26b");
});
