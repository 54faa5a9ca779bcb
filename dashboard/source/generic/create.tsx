/** The form that creates an object. */

import { useState } from "preact/hooks";
import { ask, Failure } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { known } from "../runtime/permissions";
import { tell } from "../runtime/notices";
import { creatable, pageOf, type FormValues, type Resource, type Row } from "../runtime/resource";
import { go, query } from "../runtime/router";
import { Button, Problem } from "../components/basics";
import { initialValues, Inputs, problemsOf } from "../components/inputs";
import { Same } from "../components/same";
import { NoPage } from "./none";

export { word } from "../runtime/wording";

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
          <Same resource={resource} form={form} values={values} />
        </aside>
      </form>
    </div>
  );
}
