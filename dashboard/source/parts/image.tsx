/** What only images have: properties, tags, and the projects that a shared one was offered to. */

import type { image } from "../../generated/types";
import { ask } from "../runtime/api";
import { collection } from "../runtime/collections";
import { first, t } from "../runtime/messages";
import { may } from "../runtime/permissions";
import { named } from "../runtime/registry";
import { isAdmin, projectId } from "../runtime/session";
import { Button } from "../components/basics";
import { attempt } from "../components/basics";
import { AccessSection, type Holder } from "./access";
import { difference, PairsSection, TagsSection, type Pairs } from "./pairs";

type Image = image.Image;

const IMAGES = "/v2/images";
const PATCH = { "Content-Type": "application/openstack-images-v2.1-json-patch" };
const CHANGE = { service: "image", method: "PATCH", path: "/v2/images/{image_id}" } as const;
const MEMBERS = { service: "image", method: "POST", path: "/v2/images/{image_id}/members" } as const;
/** What every image has; anything else is a property that somebody gave it. */
const OWN = new Set([
  "id", "name", "status", "visibility", "owner", "protected", "os_hidden", "disk_format", "container_format", "min_disk", "min_ram", "size",
  "virtual_size", "checksum", "os_hash_algo", "os_hash_value", "tags", "created_at", "updated_at", "self", "file", "schema", "stores", "locations",
  "direct_url",
]);

const one = (id: string): string => `${IMAGES}/${encodeURIComponent(id)}`;
const writable = (row: Image): boolean => may(CHANGE) && (row.owner === projectId.value || isAdmin.value);
const again = (id: string): Promise<void> => collection(named("images")!).fetch(id);

function propertiesOf(row: Image): Pairs {
  return Object.fromEntries(Object.entries(row).flatMap(([key, value]) => (OWN.has(key) || typeof value !== "string" ? [] : [[key, value]])));
}

/** A part of a JSON pointer. */
const pointer = (key: string): string => `/${key.replace(/~/g, "~0").replace(/\//g, "~1")}`;

export function Properties({ row }: { row: Image }) {
  return (
    <PairsSection
      title={t("images.properties")}
      pairs={propertiesOf(row)}
      writable={writable(row)}
      save={async (wanted, before) => {
        const { set, gone } = difference(before, wanted);
        const body = [
          ...Object.entries(set).map(([key, value]) => ({ op: key in before ? "replace" : "add", path: pointer(key), value })),
          ...gone.map((key) => ({ op: "remove", path: pointer(key) })),
        ];
        if (body.length > 0) await ask("image", "PATCH", one(row.id), { body, headers: PATCH });
        await again(row.id);
      }}
    />
  );
}

export function ImageTags({ row }: { row: Image }) {
  const save = async (tags: string[]): Promise<void> => {
    await ask("image", "PATCH", one(row.id), { body: [{ op: "replace", path: "/tags", value: tags }], headers: PATCH });
    await again(row.id);
  };
  return <TagsSection tags={row.tags} writable={writable(row)} save={save} />;
}

/** Of a shared image: its members, whom the owner chooses and who accept it themselves. */
export function Members({ row }: { row: Image }) {
  if (row.visibility !== "shared") return null;
  const path = `${one(row.id)}/members`;
  const mine = writable(row);
  const answer = (holder: Holder, loadAgain: () => void, status: string) => (
    <Button
      onClick={() => void attempt(async () => {
        await ask("image", "PUT", `${path}/${encodeURIComponent(holder.project)}`, { body: { status } });
        loadAgain();
      })}
    >
      {t(`images.${status}`)}
    </Button>
  );
  return (
    <AccessSection
      title={t("images.members")}
      of={row.id}
      load={async () => {
        const { members } = await ask<{ members: image.Member[] }>("image", "GET", path);
        return members.map((each) => ({ project: each.member_id, note: first([`images.member.${each.status}`, each.status]) }));
      }}
      add={mine && may(MEMBERS) ? (project) => ask("image", "POST", path, { body: { member: project } }) : undefined}
      remove={mine && may(MEMBERS) ? (project) => ask("image", "DELETE", `${path}/${encodeURIComponent(project)}`) : undefined}
    >
      {(holder, loadAgain) => holder.project === projectId.value && may(MEMBERS) && row.owner !== projectId.value && (
        <>{answer(holder, loadAgain, "accepted")}{answer(holder, loadAgain, "rejected")}</>
      )}
    </AccessSection>
  );
}
