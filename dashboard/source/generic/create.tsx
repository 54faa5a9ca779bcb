/** The form that creates an object. */

import { useState } from "preact/hooks";
import { address, ask, Failure } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { known } from "../runtime/permissions";
import { tell } from "../runtime/notices";
import { creatable, pageOf, type FormValues, type Resource, type Row } from "../runtime/resource";
import { go, query } from "../runtime/router";
import { Button, Copy, Problem } from "../components/basics";
import { initialValues, Inputs, problemsOf } from "../components/inputs";
import { NoPage } from "./none";

export function CreatePage({ resource }: { resource: Resource }) {
  const form = resource.form;
  const [values, setValues] = useState<FormValues>(() => initialValues(form?.inputs ?? [], query.peek()));
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  if (!known.value) return <div class="page" aria-busy="true" />;
  if (form === undefined || !creatable(resource)) return <NoPage />;

  const problems = shown ? problemsOf(form.inputs, values) : {};
  const create = async (event: Event): Promise<void> => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(problemsOf(form.inputs, values)).length > 0) return;
    setBusy(true);
    setFailure(null);
    try {
      const { service, method, path } = form.route;
      const body = await ask<Record<string, Row>>(service, method, path, {
        body: form.body(values),
        version: resource.version,
        headers: method === "POST" ? { "Idempotency-Key": crypto.randomUUID() } : {},
      });
      const made = (resource.one === null ? body : body[resource.one]) ?? {};
      if (form.after !== undefined) {
        await form.after(made, values);
      } else {
        const id = resource.id(made);
        await collection(resource).fetch(id).catch(() => undefined);
        tell(t("created", { name: resource.title(collection(resource).get(id) ?? made) || id }));
        go(pageOf(resource, id), { replace: true });
      }
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };

  const Aside = form.aside;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t(`${resource.name}.new`)}</h1>
      </header>
      <form class="create" onSubmit={(event) => void create(event)} noValidate>
        <div class="create-inputs">
          <Inputs prefix={resource.name} inputs={form.inputs} values={values} onChange={setValues} problems={problems} />
        </div>
        <aside class="create-aside">
          {Aside !== undefined && <Aside values={values} />}
          {failure !== null && <Problem failure={failure} />}
          <div class="create-buttons">
            <Button look="primary" submit busy={busy}>{t("create")}</Button>
            <a class="button quiet" href={pageOf(resource)}>{t("cancel")}</a>
          </div>
          <Same resource={resource} values={values} />
        </aside>
      </form>
    </div>
  );
}

type Way = "cli" | "python" | "curl";

/** The same as a command, as Python, and as a request: ready to copy. */
function Same({ resource, values }: { resource: Resource; values: FormValues }) {
  const form = resource.form!;
  const ways: Way[] = form.command === undefined ? ["python", "curl"] : ["cli", "python", "curl"];
  const [chosen, setChosen] = useState<Way>(ways[0]!);
  const body = (): unknown => {
    try {
      return form.body(values);
    } catch {
      return {};
    }
  };
  const texts: Record<Way, () => string> = {
    cli: () => form.command?.(values) ?? "",
    python: () => asPython(resource, body()),
    curl: () => asCurl(resource, body()),
  };
  const text = texts[chosen]();
  return (
    <div class="command">
      <div class="command-head" role="group" aria-label={t("form.same")}>
        {ways.map((way) => (
          <button key={way} type="button" class="tab" aria-pressed={way === chosen} onClick={() => setChosen(way)}>
            {t(`form.as_${way}`)}
          </button>
        ))}
        <span class="space" />
        <Copy text={text} what={t(`form.as_${chosen}`)} />
      </div>
      <pre tabIndex={0} aria-label={t("form.same")}>{text}</pre>
    </div>
  );
}

/** The SDK's name of a service. */
const PROXIES: Record<string, string> = {
  volumev3: "block_storage", "object-store": "object_store", "key-manager": "key_manager", "load-balancer": "load_balancer",
};

function asPython(resource: Resource, body: unknown): string {
  const { service, method, path } = resource.form!.route;
  const version = resource.version === undefined ? "" : `,\n    microversion=${JSON.stringify(resource.version.split(" ")[1])}`;
  const proxy = PROXIES[service] ?? service;
  return `import openstack\n\ncloud = openstack.connect()\nanswer = cloud.${proxy}.${method.toLowerCase()}(\n    ${JSON.stringify(path)},\n    json=${pythonic(body, 1)}${version},\n)`;
}

/** A JSON value in Python's words. */
function pythonic(value: unknown, depth: number): string {
  const space = "    ".repeat(depth + 1);
  const end = "    ".repeat(depth);
  if (value === null || value === undefined) return "None";
  if (typeof value === "boolean") return value ? "True" : "False";
  if (Array.isArray(value)) {
    return value.length === 0 ? "[]" : `[\n${value.map((each) => space + pythonic(each, depth + 1)).join(",\n")},\n${end}]`;
  }
  if (typeof value === "object") {
    const fields = Object.entries(value).map(([name, inner]) => `${space}${JSON.stringify(name)}: ${pythonic(inner, depth + 1)}`);
    return fields.length === 0 ? "{}" : `{\n${fields.join(",\n")},\n${end}}`;
  }
  return JSON.stringify(value);
}

function asCurl(resource: Resource, body: unknown): string {
  const { service, method, path } = resource.form!.route;
  const lines = [`curl -X ${method} ${word(window.location.origin + address(service, path))}`, '-H "X-Auth-Token: $OS_TOKEN"', "-H 'Content-Type: application/json'"];
  if (resource.version !== undefined) lines.push(`-H 'OpenStack-API-Version: ${resource.version}'`);
  lines.push(`-d ${word(JSON.stringify(body))}`);
  return lines.join(" \\\n  ");
}

/** A word of a shell's command line. */
export const word = (text: unknown): string => (/^[\w@%+=:,./-]+$/.test(String(text)) ? String(text) : `'${String(text).replace(/'/g, "'\\''")}'`);
