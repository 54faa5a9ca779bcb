/** Who has which role where: a matrix for a project, a domain or the system, in which a click grants or revokes. */

import { useEffect, useState } from "preact/hooks";
import type { identity } from "../../generated/types";
import { ask, Failure } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { named, page } from "../runtime/registry";
import { pageOf, type Row } from "../runtime/resource";
import { ask as askAddress, query } from "../runtime/router";
import { epoch, isAdmin, projectId } from "../runtime/session";
import { attempt, Button, Empty, Problem, Section } from "../components/basics";
import { NoPage } from "../generic/none";

type Assignment = identity.RoleAssignment;
type Answer = { role_assignments: Assignment[] };

/** Where roles are assigned. `inherited`: not there itself, but in all projects below. */
interface Place {
  kind: "project" | "domain" | "system";
  id: string;
  inherited: boolean;
}

interface Actor {
  kind: "user" | "group";
  id: string;
  name: string;
}

const KINDS = ["project", "domain", "system"] as const;

const list = (query: Record<string, string>): Promise<Assignment[]> =>
  ask<Answer>("identity", "GET", "/v3/role_assignments", { query: { ...query, include_names: "true" } }).then((body) => body.role_assignments);

const actorOf = (one: Assignment): Actor => {
  const kind = one.user === undefined ? "group" : "user";
  const who = one.user ?? one.group;
  return { kind, id: who?.id ?? "", name: who?.name ?? who?.id ?? "" };
};
const keyOf = (actor: Actor, role: string): string => `${actor.kind}/${actor.id}/${role}`;
const isInherited = (one: Assignment): boolean => one.scope["OS-INHERIT:inherited_to"] !== undefined;

/** The path of an assignment. */
function pathOf(place: Place, actor: Actor, role: string): string {
  const target = place.kind === "system" ? "/system" : `/${place.kind}s/${encodeURIComponent(place.id)}`;
  const path = `${target}/${actor.kind}s/${encodeURIComponent(actor.id)}/roles/${encodeURIComponent(role)}`;
  return place.inherited ? `/v3/OS-INHERIT${path}/inherited_to_projects` : `/v3${path}`;
}

/** The projects above one, and its domain. */
function above(project: string): Set<string> {
  const projects = collection(named("projects")!);
  const found = new Set<string>();
  for (let row: Row | undefined = projects.get(project); row !== undefined; ) {
    found.add(String(row["domain_id"]));
    const parent = String(row["parent_id"] ?? "");
    if (parent === "" || found.has(parent)) break;
    found.add(parent);
    row = projects.get(parent);
  }
  return found;
}

interface Found {
  /** Granted at the place itself. */
  direct: Set<string>;
  /** Has its effect there, but comes from elsewhere: why. */
  indirect: Map<string, string>;
  actors: Actor[];
}

async function look(place: Place): Promise<Found> {
  const scope: Record<string, string> =
    place.kind === "system" ? { "scope.system": "all" } : { [`scope.${place.kind}.id`]: place.id };
  const [made, inherited, effective] = await Promise.all([
    list(scope),
    place.kind === "project" && !place.inherited ? list({ "scope.OS-INHERIT:inherited_to": "projects" }) : Promise.resolve([]),
    place.inherited ? Promise.resolve([]) : list({ ...scope, effective: "true" }),
  ]);
  const actors = new Map<string, Actor>();
  const seen = (one: Assignment): string => {
    const actor = actorOf(one);
    actors.set(`${actor.kind}/${actor.id}`, actor);
    return keyOf(actor, one.role.id);
  };
  const direct = new Set(made.filter((one) => isInherited(one) === place.inherited).map(seen));
  const indirect = new Map<string, string>();
  const over = place.kind === "project" ? above(place.id) : new Set<string>();
  for (const one of inherited) {
    const from = one.scope.project ?? one.scope.domain;
    if (from !== undefined && over.has(from.id)) indirect.set(seen(one), t("assignments.inherited", { name: from.name ?? from.id }));
  }
  for (const one of effective) {
    const key = seen(one);
    if (direct.has(key) || indirect.has(key)) continue;
    indirect.set(key, t(one.links.membership !== undefined ? "assignments.by_group" : one.links.prior_role !== undefined ? "assignments.implied" : "assignments.from_above"));
  }
  return { direct, indirect, actors: [...actors.values()] };
}

function usePlace(): Place {
  const asked = query.value.get("in") ?? "";
  const kind = KINDS.find((each) => each === asked) ?? "project";
  const rows = kind === "system" ? [] : collection(named(kind === "project" ? "projects" : "domains")!).all();
  const wanted = query.value.get("id") ?? (kind === "project" ? projectId.value : "");
  const id = rows.some((row) => row["id"] === wanted) ? wanted : String(rows[0]?.["id"] ?? "");
  return { kind, id, inherited: kind !== "system" && query.value.get("inherited") === "1" };
}

function AssignmentsPage() {
  const mine = epoch.value;
  const admin = isAdmin.value;
  useEffect(() => {
    if (admin) for (const name of ["projects", "domains", "users", "groups", "roles"]) collection(named(name)!).want();
  }, [mine, admin]);
  if (!admin) return <NoPage />;
  return <Matrix />;
}

function Matrix() {
  const place = usePlace();
  const [found, setFound] = useState<Found | null>(null);
  const [more, setMore] = useState<Actor[]>([]);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState("");
  const [version, setVersion] = useState(0);
  const key = `${place.kind}/${place.id}/${place.inherited}`;
  const ready = place.kind === "system" || (place.id !== "" && collection(named("projects")!).state.value === "complete");
  useEffect(() => {
    setMore([]);
    setFound(null);
  }, [key]);
  useEffect(() => {
    if (!ready) return;
    let ended = false;
    look(place).then(
      (what) => !ended && setFound(what),
      (error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        if (!ended) setFailure(error);
      },
    );
    return () => {
      ended = true;
    };
  }, [key, ready, version, epoch.value]);

  const roles = collection(named("roles")!).all().filter((row) => (row["domain_id"] ?? null) === null).map((row) => ({ id: String(row["id"]), name: String(row["name"]) }));
  roles.sort((one, other) => one.name.localeCompare(other.name));
  const listed = found?.actors ?? [];
  const rows = [...listed, ...more.filter((each) => !listed.some((other) => other.id === each.id && other.kind === each.kind))];
  rows.sort((one, other) => one.kind.localeCompare(other.kind) || one.name.localeCompare(other.name));
  const toggle = async (actor: Actor, role: string, on: boolean): Promise<void> => {
    const cell = keyOf(actor, role);
    setBusy(cell);
    // Who loses the last role stays in sight, so that a wrong click can be taken back.
    setMore((before) => (before.some((each) => each.id === actor.id) ? before : [...before, actor]));
    await attempt(() => ask<unknown>("identity", on ? "DELETE" : "PUT", pathOf(place, actor, role)).then(() => undefined));
    setBusy("");
    setVersion((before) => before + 1);
  };
  return (
    <div class="page" aria-busy={found === null && failure === null}>
      <header class="page-head"><h1>{t("assignments.title")}</h1></header>
      <Where place={place} />
      {failure !== null && <Problem failure={failure} />}
      {found !== null && (
        <Section title={t("assignments.who")} aside={<AddActor rows={rows} onAdd={(actor) => setMore([...more, actor])} />}>
          {rows.length === 0 ? <Empty title={t("assignments.none")} /> : (
            <div class="grid-scroll" tabIndex={0} role="region" aria-label={t("assignments.title")}>
              <table class="grid">
                <thead>
                  <tr>
                    <th scope="col">{t("assignments.actor")}</th>
                    {roles.map((role) => <th key={role.id} scope="col" class="middle"><bdi>{role.name}</bdi></th>)}
                  </tr>
                </thead>
                <tbody>
                  {rows.map((actor) => (
                    <tr key={`${actor.kind}/${actor.id}`}>
                      <th scope="row">
                        <a href={pageOf(named(actor.kind === "user" ? "users" : "groups")!, actor.id)}><bdi>{actor.name}</bdi></a>
                        {actor.kind === "group" && <span class="tag">{t("groups.one")}</span>}
                      </th>
                      {roles.map((role) => {
                        const cell = keyOf(actor, role.id);
                        const on = found.direct.has(cell);
                        const why = found.indirect.get(cell);
                        return (
                          <td key={role.id} class="middle">
                            <span class="assigned">
                              <input
                                type="checkbox" checked={on} disabled={busy === cell} aria-label={t("assignments.cell", { role: role.name, name: actor.name })}
                                onChange={() => void toggle(actor, role.id, on)}
                              />
                              {why !== undefined && !on && <span class="tag" title={why}>{why}</span>}
                            </span>
                          </td>
                        );
                      })}
                    </tr>
                  ))}
                </tbody>
              </table>
            </div>
          )}
        </Section>
      )}
    </div>
  );
}

/** What the matrix is of; it stands in the address. */
function Where({ place }: { place: Place }) {
  const of = place.kind === "system" ? null : named(place.kind === "project" ? "projects" : "domains")!;
  return (
    <div class="filters">
      <label>
        <span>{t("assignments.in")}</span>
        <select value={place.kind} onChange={(event) => askAddress({ in: event.currentTarget.value, id: "", inherited: "" })}>
          {KINDS.map((kind) => <option key={kind} value={kind}>{t(`scope.${kind}_kind`)}</option>)}
        </select>
      </label>
      {of !== null && (
        <label>
          <span>{t(`scope.${place.kind}_kind`)}</span>
          <select value={place.id} onChange={(event) => askAddress({ id: event.currentTarget.value })}>
            {collection(of).all().map((row) => <option key={of.id(row)} value={of.id(row)}>{of.title(row)}</option>)}
          </select>
        </label>
      )}
      {of !== null && (
        <label>
          <span>{t("assignments.holds")}</span>
          <select value={place.inherited ? "1" : ""} onChange={(event) => askAddress({ inherited: event.currentTarget.value })}>
            <option value="">{t("assignments.here")}</option>
            <option value="1">{t("assignments.below")}</option>
          </select>
        </label>
      )}
    </div>
  );
}

/** Chooses a user or group that has no role there yet. */
function AddActor({ rows, onAdd }: { rows: Actor[]; onAdd: (actor: Actor) => void }) {
  const [chosen, setChosen] = useState("");
  const there = new Set(rows.map((each) => `${each.kind}/${each.id}`));
  const of = (kind: Actor["kind"]): Actor[] => {
    const resource = named(kind === "user" ? "users" : "groups")!;
    return collection(resource).all().map((row) => ({ kind, id: resource.id(row), name: resource.title(row) })).filter((each) => !there.has(`${each.kind}/${each.id}`));
  };
  const all = [...of("user"), ...of("group")];
  const add = (event: Event): void => {
    event.preventDefault();
    const actor = all.find((each) => `${each.kind}/${each.id}` === chosen);
    setChosen("");
    if (actor !== undefined) onAdd(actor);
  };
  return (
    <form class="add-line" onSubmit={add}>
      <select aria-label={t("assignments.add")} value={chosen} onChange={(event) => setChosen(event.currentTarget.value)}>
        <option value="">{t("assignments.add")}</option>
        {all.map((each) => <option key={`${each.kind}/${each.id}`} value={`${each.kind}/${each.id}`}>{each.kind === "group" ? `${each.name} (${t("groups.one")})` : each.name}</option>)}
      </select>
      <Button submit icon="plus">{t("form.add")}</Button>
    </form>
  );
}

export default page({ name: "assignments", group: "identity", order: 5, component: AssignmentsPage, visible: () => isAdmin.value });
