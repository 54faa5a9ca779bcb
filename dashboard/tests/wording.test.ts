import assert from "node:assert/strict";
import test from "node:test";
import { Blocks, command, curl, Expression, label, option, optional, python, SECRET, terraform, word } from "../source/runtime/wording";

const request = { service: "network", method: "POST", path: "/v2.0/networks", body: { network: { name: "it's", shared: false, mtu: null } } };

test("a word is one word of a shell, whatever it holds", () => {
  assert.equal(word("plain-1.0/x"), "plain-1.0/x");
  assert.equal(word(""), "''");
  assert.equal(word("it's $HOME `id`\n"), "'it'\\''s $HOME `id`\n'");
});

test("a value with a dash in front is neither an option nor taken for one", () => {
  assert.equal(option("description", "-rf"), "--description=-rf");
  assert.equal(command("openstack role create", optional("description", ""), "--help"), "openstack role create \\\n  -- \\\n  --help");
});

test("text in Terraform is no expression and no other argument", () => {
  const text = terraform([{ type: "a", arguments: { name: 'x" ${f()} %{if}\b\n', left: "", id: new Expression("b.c.id"), list: ["1"], network: new Blocks([{ uuid: "u" }]) } }], "My net!");
  assert.equal(text, 'resource "a" "my_net" {\n  name = "x\\" $${f()} %%{if}\\u0008\\n"\n  id   = b.c.id\n  list = ["1"]\n\n  network {\n    uuid = "u"\n  }\n}\n');
  assert.equal(label("9 lives"), "this_9_lives");
  assert.equal(label("雲"), "this");
});

test("python has its own words for nothing and truth, and the path without a version", () => {
  const text = python(request);
  assert.match(text, /cloud\.network\.post\(\n {4}"\/networks",\n {4}json=\{/);
  assert.match(text, /"name": "it's"/);
  assert.match(text, /"shared": False/);
  assert.match(text, /"mtu": None/);
});

test("a password is a variable in every way", () => {
  const secret = { ...request, body: { user: { password: SECRET } } };
  assert.match(python(secret), /^import os\n[^]*"password": os\.environ\["PASSWORD"\]/);
  assert.match(curl(secret, "http://cloud/"), /-d '\{"user":\{"password":"'"\$PASSWORD"'"\}\}'/);
  assert.match(terraform([{ type: "a", arguments: { password: SECRET } }], "x"), /^variable "password" \{\n {2}sensitive = true[^]*password = var\.password/);
  assert.equal(word(SECRET), '"$PASSWORD"');
});
