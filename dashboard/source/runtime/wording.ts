/** What a form asks for in other words: a command line, Terraform, Python, a request. Whatever a person enters stays one value. */

/** Stands for a password that was entered: the words for it are a variable, so that it is not shown or kept in a history. */
export const SECRET = "\u{E000}secret\u{E000}";

/** A word of a shell's command line. */
export function word(value: unknown): string {
  const text = String(value);
  if (text === SECRET) return '"$PASSWORD"';
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replace(/'/g, "'\\''")}'`;
}

/** `--name=value`, in one word, so that a value with a dash in front is none of the options. */
export const option = (name: string, value: unknown): string => `--${name}=${word(value)}`;

/** An option if the person has entered something. */
export const optional = (name: string, value: unknown): string[] => (value === "" || value === undefined || value === null ? [] : [option(name, value)]);

/** Keys and values that were entered, as an object; undefined: none. */
export function mapped(value: unknown): Record<string, string> | undefined {
  return Array.isArray(value) && value.length > 0 ? (Object.fromEntries(value as [string, string][]) as Record<string, string>) : undefined;
}

/** `--property=key=value` for each of them. */
export const pairs = (name: string, value: unknown): string[] => Object.entries(mapped(value) ?? {}).map(([key, each]) => option(name, `${key}=${each}`));

/** `openstack …`, one option a line. `last`: what has no option, such as the name. */
export function command(begin: string, options: string[], ...last: unknown[]): string {
  const dashed = last.some((each) => String(each).startsWith("-"));
  return [begin, ...options, ...(dashed ? ["--"] : []), ...last.map(word)].join(" \\\n  ");
}

/** A line that writes a text into a file, for options that name one. */
export const written = (file: string, text: unknown): string => `printf %s ${word(text)} > ${word(file)}\n`;

/** An expression of Terraform, which is no text: `openstack_networking_network_v2.inside.id`. */
export class Expression {
  constructor(readonly text: string) {}
}

/** Blocks within a block: `network { … }`. */
export class Blocks {
  constructor(readonly all: Record<string, unknown>[]) {}
}

export interface Terraform {
  /** `openstack_compute_instance_v2` */
  type: string;
  /** Those that are undefined or empty texts are left out. */
  arguments: Record<string, unknown>;
}

const INDENT = "  ";

/** Terraform's text in quotes: HCL has neither JSON's `\b` nor `\f`, and `${…}` and `%{…}` are expressions. */
function literal(text: string): string {
  if (text === SECRET) return "var.password";
  const quoted = JSON.stringify(text).replace(/\\b/g, "\\u0008").replace(/\\f/g, "\\u000c");
  return quoted.replace(/\$\{/g, "$$$${").replace(/%\{/g, "%%{");
}

function hcl(value: unknown, depth: number): string {
  if (value instanceof Expression) return value.text;
  if (Array.isArray(value)) return `[${value.map((each) => hcl(each, depth)).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const within = INDENT.repeat(depth + 1);
    return `{\n${Object.entries(value).map(([name, inner]) => `${within}${literal(name)} = ${hcl(inner, depth + 1)}\n`).join("")}${INDENT.repeat(depth)}}`;
  }
  return typeof value === "string" ? literal(value) : String(value);
}

function inner(given: Record<string, unknown>, depth: number): string {
  const shown = Object.entries(given).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const plain = shown.filter(([, value]) => !(value instanceof Blocks));
  const longest = Math.max(0, ...plain.map(([name]) => name.length));
  const lines = plain.map(([name, value]) => `${INDENT.repeat(depth)}${name.padEnd(longest)} = ${hcl(value, depth)}\n`);
  for (const [name, value] of shown) {
    if (!(value instanceof Blocks)) continue;
    for (const each of value.all) lines.push(`\n${INDENT.repeat(depth)}${name} {\n${inner(each, depth + 1)}${INDENT.repeat(depth)}}\n`);
  }
  return lines.join("");
}

/** A name in Terraform for an object: letters, digits and dashes. */
export function label(name: unknown): string {
  const text = String(name ?? "").toLowerCase().replace(/[^a-z0-9_]+/g, "_").replace(/^_+|_+$/g, "").slice(0, 60);
  return text === "" || /^\d/.test(text) ? `this${text === "" ? "" : `_${text}`}` : text;
}

export function terraform(blocks: Terraform[], name: unknown): string {
  const text = blocks.map((each) => `resource "${each.type}" "${label(name)}" {\n${inner(each.arguments, 1)}}\n`).join("\n");
  return text.includes("var.password") ? `variable "password" {\n  sensitive = true\n}\n\n${text}` : text;
}

/** A JSON value in Python's words. JSON's texts are Python's too. */
export function pythonic(value: unknown, depth: number): string {
  const space = "    ".repeat(depth + 1);
  const end = "    ".repeat(depth);
  if (value === SECRET) return 'os.environ["PASSWORD"]';
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) {
    return value.length === 0 ? "[]" : `[\n${value.map((each) => space + pythonic(each, depth + 1)).join(",\n")},\n${end}]`;
  }
  if (typeof value === "object") {
    const fields = Object.entries(value).filter(([, inside]) => inside !== undefined);
    const lines = fields.map(([name, inside]) => `${space}${JSON.stringify(name)}: ${pythonic(inside, depth + 1)}`);
    return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")},\n${end}}`;
  }
  return JSON.stringify(value);
}

export interface Request {
  /** The service's type in the catalogue. */
  service: string;
  method: string;
  /** Below the service's address in the catalogue. */
  path: string;
  body: unknown;
  /** `compute 2.96` */
  version?: string | undefined;
}

/** The SDK's name of a service, where it is not the type. */
const PROXIES: Record<string, string> = {
  volumev3: "block_storage", "object-store": "object_store", "key-manager": "key_manager", "load-balancer": "load_balancer",
};

/** By the SDK's own connection. It finds the version in the catalogue, so the path is without. */
export function python({ service, method, path, body, version }: Request): string {
  const proxy = PROXIES[service] ?? service;
  const below = path.replace(/^\/v\d+(\.\d+)?(?=\/)/, "");
  const named = below.includes("{user_id}") ? `${pythonic(below, 1)}.format(user_id=cloud.current_user_id)` : pythonic(below, 1);
  const data = pythonic(body, 1);
  const lines = [
    ...(data.includes('os.environ["PASSWORD"]') ? ["import os", ""] : []),
    "import openstack",
    "",
    "cloud = openstack.connect()",
    `answer = cloud.${proxy}.${method.toLowerCase()}(`,
    `    ${named},`,
    `    json=${data},`,
    ...(version === undefined ? [] : [`    microversion=${JSON.stringify(version.split(" ")[1])},`]),
    ")",
    "openstack.exceptions.raise_from_response(answer)",
  ];
  return lines.join("\n");
}

/** `address`: of the request. */
export function curl({ method, body, version }: Request, address: string): string {
  const data = word(JSON.stringify(body)).replace(new RegExp(SECRET, "gu"), `'"$PASSWORD"'`);
  return [
    `curl -X ${method} ${word(address)}`,
    '-H "X-Auth-Token: $OS_TOKEN"',
    "-H 'Content-Type: application/json'",
    ...(version === undefined ? [] : [`-H ${word(`OpenStack-API-Version: ${version}`)}`]),
    `-d ${data}`,
  ].join(" \\\n  ");
}
