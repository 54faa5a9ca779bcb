/** Beside a form: the same as a command, as Terraform, as Python and as a request, ready to copy. */

import { useState } from "preact/hooks";
import { address } from "../runtime/api";
import { t } from "../runtime/messages";
import type { Form, FormValues, Input, Resource, Row } from "../runtime/resource";
import { session } from "../runtime/session";
import { curl, python, SECRET, terraform, type Request } from "../runtime/wording";
import { Copy } from "./basics";

type Way = "cli" | "terraform" | "python" | "curl";

/** The way that somebody looked at last is shown first. */
let preferred: Way = "cli";

/** What was entered, without passwords. */
function told(inputs: Input[], values: FormValues): FormValues {
  const secret = inputs.filter((input) => input.kind === "password" && values[input.name] !== "").map((input) => [input.name, SECRET]);
  return { ...values, ...Object.fromEntries(secret) };
}

export function Same({ resource, form, values }: { resource: Pick<Resource, "version">; form: Form<Row>; values: FormValues }) {
  const shown = told(form.inputs, values);
  const body = (): unknown => {
    try {
      return form.body(shown);
    } catch {
      return {};
    }
  };
  const { service, method, path } = form.route;
  const request = (): Request => ({ service, method, path, body: body(), version: resource.version });
  const texts: Partial<Record<Way, () => string>> = {
    ...(form.command === undefined ? {} : { cli: () => form.command!(shown) }),
    ...(form.terraform === undefined ? {} : { terraform: () => terraform(form.terraform!(shown), values["name"]) }),
    python: () => python(request()),
    curl: () => curl(request(), window.location.origin + address(service, path.replace("{user_id}", session.value?.user.id ?? ""))),
  };
  const ways = Object.keys(texts) as Way[];
  const [wanted, setWanted] = useState<Way>(preferred);
  const chosen = ways.includes(wanted) ? wanted : ways[0]!;
  const text = texts[chosen]!();
  const choose = (way: Way): void => {
    preferred = way;
    setWanted(way);
  };
  return (
    <div class="command">
      <div class="command-head" role="group" aria-label={t("form.same")}>
        {ways.map((way) => (
          <button key={way} type="button" class="tab" aria-pressed={way === chosen} onClick={() => choose(way)}>
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
