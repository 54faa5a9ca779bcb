/** What only flavors have: extra specs, and the projects that may use one that is not public. */

import type { compute } from "../../generated/types";
import { ask } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { may } from "../runtime/permissions";
import { named } from "../runtime/registry";
import { AccessSection } from "./access";
import { difference, PairsSection } from "./pairs";

type Flavor = compute.FlavorsFlavor;

const VERSION = "compute 2.96";
const SPECS = { service: "compute", method: "POST", path: "/flavors/{flavor_id}/os-extra_specs" } as const;
const ACTION = { service: "compute", method: "POST", path: "/flavors/{flavor_id}/action" } as const;

const one = (id: string): string => `/flavors/${encodeURIComponent(id)}`;

export function ExtraSpecs({ row }: { row: Flavor }) {
  const path = `${one(row.id)}/os-extra_specs`;
  return (
    <PairsSection
      title={t("flavors.field.extra_specs")}
      pairs={row.extra_specs ?? {}}
      writable={may(SPECS)}
      save={async (wanted, before) => {
        const { set, gone } = difference(before, wanted);
        if (Object.keys(set).length > 0) await ask("compute", "POST", path, { body: { extra_specs: set }, version: VERSION });
        for (const key of gone) await ask("compute", "DELETE", `${path}/${encodeURIComponent(key)}`, { version: VERSION });
        await collection(named("flavors")!).fetch(row.id);
      }}
    />
  );
}

export function FlavorAccess({ row }: { row: Flavor }) {
  if (row["os-flavor-access:is_public"] || !may({ service: "compute", method: "GET", path: "/flavors/{flavor_id}/os-flavor-access" })) return null;
  const act = (name: string) => (project: string) => ask("compute", "POST", `${one(row.id)}/action`, { body: { [name]: { tenant: project } }, version: VERSION });
  return (
    <AccessSection
      title={t("access.title")}
      of={row.id}
      load={async () => {
        const body = await ask<{ flavor_access: compute.FlavorsAccess[] }>("compute", "GET", `${one(row.id)}/os-flavor-access`, { version: VERSION });
        return body.flavor_access.map((each) => ({ project: each.tenant_id }));
      }}
      add={may({ ...ACTION, action: "addTenantAccess" }) ? act("addTenantAccess") : undefined}
      remove={may({ ...ACTION, action: "removeTenantAccess" }) ? act("removeTenantAccess") : undefined}
    />
  );
}
