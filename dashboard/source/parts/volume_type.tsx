/** What only volume types have: extra specs, and the projects that may use one that is not public. */

import type { block_storage } from "../../generated/types";
import { ask } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { may } from "../runtime/permissions";
import { named } from "../runtime/registry";
import { AccessSection } from "./access";
import { difference, PairsSection } from "./pairs";

type Type = block_storage.VolumeType;

const SPECS = { service: "volumev3", method: "POST", path: "/types/{type_id}/extra_specs" } as const;
const ACTION = { service: "volumev3", method: "POST", path: "/types/{type_id}/action" } as const;

const one = (id: string): string => `/types/${encodeURIComponent(id)}`;

export function TypeSpecs({ row }: { row: Type }) {
  const path = `${one(row.id)}/extra_specs`;
  return (
    <PairsSection
      title={t("volume_types.field.extra_specs")}
      pairs={row.extra_specs ?? {}}
      writable={may(SPECS)}
      save={async (wanted, before) => {
        const { set, gone } = difference(before, wanted);
        if (Object.keys(set).length > 0) await ask("volumev3", "POST", path, { body: { extra_specs: set } });
        for (const key of gone) await ask("volumev3", "DELETE", `${path}/${encodeURIComponent(key)}`);
        await collection(named("volume_types")!).fetch(row.id);
      }}
    />
  );
}

export function TypeAccess({ row }: { row: Type }) {
  if (row.is_public || !may({ service: "volumev3", method: "GET", path: "/types/{type_id}/os-volume-type-access" })) return null;
  const act = (name: string) => (project: string) => ask("volumev3", "POST", `${one(row.id)}/action`, { body: { [name]: { project } } });
  return (
    <AccessSection
      title={t("access.title")}
      of={row.id}
      load={async () => {
        const body = await ask<{ volume_type_access: block_storage.Access[] }>("volumev3", "GET", `${one(row.id)}/os-volume-type-access`);
        return body.volume_type_access.map((each) => ({ project: each.project_id }));
      }}
      add={may({ ...ACTION, action: "addProjectAccess" }) ? act("addProjectAccess") : undefined}
      remove={may({ ...ACTION, action: "removeProjectAccess" }) ? act("removeProjectAccess") : undefined}
    />
  );
}
