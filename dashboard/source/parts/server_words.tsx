/** A server's tags and metadata. */

import type { compute } from "../../generated/types";
import { ask } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { may } from "../runtime/permissions";
import { named } from "../runtime/registry";
import { PairsSection, TagsSection } from "./pairs";

type Server = compute.ServersServer;

const VERSION = "compute 2.96";
const METADATA = { service: "compute", method: "PUT", path: "/servers/{server_id}/metadata" } as const;
const TAGS = { service: "compute", method: "PUT", path: "/servers/{server_id}/tags" } as const;

const one = (id: string): string => `/servers/${encodeURIComponent(id)}`;
const again = (id: string): Promise<void> => collection(named("servers")!).fetch(id);

export function ServerMetadata({ row }: { row: Server }) {
  return (
    <PairsSection
      title={t("field.metadata")}
      pairs={row.metadata}
      writable={may(METADATA)}
      save={async (metadata) => {
        await ask("compute", "PUT", `${one(row.id)}/metadata`, { body: { metadata }, version: VERSION });
        await again(row.id);
      }}
    />
  );
}

export function ServerTags({ row }: { row: Server }) {
  const save = async (tags: string[]): Promise<void> => {
    await ask("compute", "PUT", `${one(row.id)}/tags`, { body: { tags }, version: VERSION });
    await again(row.id);
  };
  return <TagsSection tags={row.tags ?? []} writable={may(TAGS)} save={save} />;
}
