/** What the deletion of an object would do, as the cloud says that knows it best. */

import { useEffect, useState } from "preact/hooks";
import type { cloud } from "../../generated/types";
import { ask, Failure, offers } from "../runtime/api";
import { collection } from "../runtime/collections";
import { first, t } from "../runtime/messages";
import { ofSubject } from "../runtime/registry";
import { pageOf, visible, type Resource, type Row } from "../runtime/resource";

type Dependents = cloud.DependentsListBody;
type Dependent = Dependents["dependents"][number];

const EFFECTS = ["uses", "deleted", "changed"];
const SHOWN = 8;

/** What hangs on an object; null until the cloud has said so, and if it cannot. */
export function useDependents(resource: Resource, row: Row | undefined): Dependents | null {
  const [found, setFound] = useState<Dependents | null>(null);
  const id = row === undefined ? undefined : resource.id(row);
  useEffect(() => {
    let ended = false;
    setFound(null);
    if (id === undefined || resource.subject === undefined || !offers("kumoi")) return;
    ask<Dependents>("kumoi", "GET", "/dependents", { query: { resource: resource.subject, id } }).then(
      (body) => !ended && setFound(body),
      (error: unknown) => {
        if (!(error instanceof Failure)) throw error;
      },
    );
    return () => {
      ended = true;
    };
  }, [resource, id]);
  return found;
}

/** `onLeave`: what happens when a link is followed. */
export function DependentsList({ found, onLeave }: { found: Dependents; onLeave: () => void }) {
  const beyond = found.hidden > 0 || found.more;
  return (
    <>
      {found.refused !== null && (
        <div class="problem" role="status">
          <p>{t("dependents.refused")} <bdi>{found.refused.message}</bdi></p>
        </div>
      )}
      {EFFECTS.map((effect) => (
        <Effect key={effect} effect={effect} all={found.dependents.filter((each) => each.effect === effect)} onLeave={onLeave} />
      ))}
      {beyond && <p class="faint">{found.more ? t("dependents.more") : t("dependents.hidden", { count: found.hidden })}</p>}
    </>
  );
}

function Effect({ effect, all, onLeave }: { effect: string; all: Dependent[]; onLeave: () => void }) {
  if (all.length === 0) return null;
  return (
    <div class="hanging">
      <h3>{t(`dependents.${effect}`)} <span class="faint number">{all.length}</span></h3>
      <ul class="names">
        {all.slice(0, SHOWN).map((each) => <li key={`${each.resource}/${each.id}`}><Named dependent={each} onLeave={onLeave} /></li>)}
        {all.length > SHOWN && <li class="faint">{t("and_more", { count: all.length - SHOWN })}</li>}
      </ul>
    </div>
  );
}

/** What it is, and its name with a link if it has a page. */
function Named({ dependent, onLeave }: { dependent: Dependent; onLeave: () => void }) {
  const resource = ofSubject(dependent.resource);
  const shown = resource !== undefined && visible(resource) ? resource : undefined;
  const held = shown && collection(shown);
  useEffect(() => {
    if (held !== undefined && held.rows.get(dependent.id) === undefined) void held.fetch(dependent.id).catch(() => undefined);
  }, [held, dependent.id]);
  const row = held?.get(dependent.id);
  const kind = resource === undefined ? first([`subject.${dependent.resource}`, dependent.resource.replace(/_/g, " ")]) : t(`${resource.name}.one`);
  const name = <bdi>{(row !== undefined && shown?.title(row)) || dependent.id}</bdi>;
  return (
    <>
      <span class="faint">{kind}</span> {shown === undefined ? name : <a href={pageOf(shown, dependent.id)} onClick={onLeave}>{name}</a>}
    </>
  );
}
