/** Who is signed in, in which project, and until when. */

import { batch, computed, signal } from "@preact/signals";
import { address, ask, send, use, whenLost } from "./api";
import { remembered } from "./remembered";

export interface Scope {
  kind: "project" | "domain" | "system";
  id: string;
  name: string;
}

export interface Session {
  user: { id: string; name: string; domain: string };
  scope: Scope | null;
  roles: string[];
  /** Milliseconds. */
  expires: number;
  region: string;
  scopes: Scope[];
}

interface Endpoint {
  interface: string;
  region: string;
  url: string;
}

interface Named {
  id: string;
  name: string;
}

interface TokenBody {
  user: Named & { domain: Named };
  project?: Named;
  domain?: Named;
  system?: { all: boolean };
  roles?: Named[];
  expires_at: string;
  catalog?: { type: string; endpoints: Endpoint[] }[];
}

export interface Login {
  domain: string;
  user: string;
  password: string;
}

/** `unknown`: it is not yet known whether an earlier session goes on. `lost`: the cloud no longer accepts the token. */
export const state = signal<"unknown" | "out" | "in" | "lost">("unknown");
export const session = signal<Session | null>(null);
/** Another number after each change of who or where: what was loaded before does not count any more. */
export const epoch = signal(0);

/** The only service that answers before anybody is signed in. */
const BEFORE = { identity: "/identity" };
const COOKIE = "/kumoi/v1/session";
const OURS = { "X-Kumoi-Dashboard": "1" };
const lastScope = remembered("scope", "");
export const lastLogin = remembered("login", { domain: "Default", user: "" });

let current = "";

whenLost(() => {
  if (state.value === "in") state.value = "lost";
});

export async function signIn(login: Login): Promise<void> {
  const user = { name: login.user, domain: domainOf(login.domain), password: login.password };
  use("", BEFORE);
  const given = await obtain({ identity: { methods: ["password"], password: { user } } });
  lastLogin.value = { domain: login.domain, user: login.user };
  await arrive(given.token, given.body);
}

const domainOf = (text: string): object => (text === "" ? { id: "default" } : { name: text });

async function obtain(auth: object): Promise<{ token: string; body: TokenBody }> {
  const response = await send("identity", "POST", "/v3/auth/tokens", { body: { auth } });
  const body = (await response.json()) as { token: TokenBody };
  return { token: response.headers.get("X-Subject-Token") ?? "", body: body.token };
}

/** Continue the session that this browser had before the page was loaded, if there is one. */
export async function resume(): Promise<void> {
  use("", BEFORE);
  try {
    const response = await fetch(COOKIE, { headers: OURS, cache: "no-store", redirect: "error" });
    if (response.ok) {
      const { token } = ((await response.json()) as { session: { token: string } }).session;
      const headers = { "X-Auth-Token": token, "X-Subject-Token": token };
      const { token: body } = await ask<{ token: TokenBody }>("identity", "GET", "/v3/auth/tokens", { headers });
      await enter(token, body);
      return;
    }
  } catch {
    // No session that could be continued: the person signs in.
  }
  state.value = "out";
}

/** After a login: a scope is chosen, if the token has none or the person was in another one before. */
async function arrive(token: string, body: TokenBody): Promise<void> {
  use(token, BEFORE);
  const scopes = await scopesOf(token);
  const wanted = scopes.find((scope) => key(scope) === lastScope.value) ?? (body.project ? undefined : scopes[0]);
  const already = scopeOf(body);
  if (wanted !== undefined && (already === null || key(wanted) !== key(already))) {
    const scoped = await obtain(rescope(token, wanted));
    await enter(scoped.token, scoped.body, scopes);
  } else {
    await enter(token, body, scopes);
  }
}

const key = (scope: Scope): string => `${scope.kind}/${scope.id}`;

function scopeOf(body: TokenBody): Scope | null {
  if (body.project) return { kind: "project", id: body.project.id, name: body.project.name };
  if (body.system) return { kind: "system", id: "all", name: "" };
  if (body.domain) return { kind: "domain", id: body.domain.id, name: body.domain.name };
  return null;
}

function rescope(token: string, scope: Scope): object {
  const inner = scope.kind === "system" ? { all: true } : { id: scope.id };
  return { identity: { methods: ["token"], token: { id: token } }, scope: { [scope.kind]: inner } };
}

async function scopesOf(token: string): Promise<Scope[]> {
  const headers = { "X-Auth-Token": token };
  const [projects, domains, system] = await Promise.all([
    ask<{ projects: Named[] }>("identity", "GET", "/v3/auth/projects", { headers }),
    ask<{ domains: Named[] }>("identity", "GET", "/v3/auth/domains", { headers }),
    ask<{ system: unknown[] }>("identity", "GET", "/v3/auth/system", { headers }),
  ]);
  const all: Scope[] = projects.projects.map((row) => ({ kind: "project", id: row.id, name: row.name }));
  all.push(...domains.domains.map((row): Scope => ({ kind: "domain", id: row.id, name: row.name })));
  if (system.system.length > 0) all.push({ kind: "system", id: "all", name: "" });
  return all;
}

/** Go to work in another project, domain or the whole system. */
export async function go(scope: Scope): Promise<void> {
  const scopes = session.value?.scopes;
  const { token, body } = await obtain(rescope(current, scope));
  await enter(token, body, scopes);
}

async function enter(token: string, body: TokenBody, scopes?: Scope[]): Promise<void> {
  const region = body.catalog?.[0]?.endpoints[0]?.region ?? "";
  use(token, servicePaths(body, region), body.user.id);
  const known = scopes ?? (await scopesOf(token));
  const scope = scopeOf(body);
  current = token;
  if (scope !== null) lastScope.value = key(scope);
  batch(() => {
    session.value = {
      user: { id: body.user.id, name: body.user.name, domain: body.user.domain.name },
      scope,
      roles: (body.roles ?? []).map((role) => role.name),
      expires: Date.parse(body.expires_at),
      region,
      scopes: known,
    };
    epoch.value += 1;
    state.value = "in";
  });
  // The cookie only lets this page have its token again after a reload. Without it the session ends with the page.
  await fetch(COOKIE, { method: "POST", headers: { ...OURS, "X-Auth-Token": token }, redirect: "error" }).catch(() => null);
}

/** The path of each service's public address. Requests go to this page's own origin, whatever the catalogue calls it. */
function servicePaths(body: TokenBody, region: string): Record<string, string> {
  const paths: Record<string, string> = { ...BEFORE };
  for (const service of body.catalog ?? []) {
    const found = service.endpoints.find((point) => point.interface === "public" && point.region === region);
    if (found !== undefined) paths[service.type] = new URL(found.url).pathname.replace(/\/$/, "");
  }
  return paths;
}

/** End the session: the token is revoked, and the browser forgets it. */
export async function signOut(): Promise<void> {
  const ended = current;
  const headers = { "X-Auth-Token": ended, "X-Subject-Token": ended };
  current = "";
  // Now, because another person may have signed in before the cloud answers.
  use("", BEFORE);
  batch(() => {
    state.value = "out";
    session.value = null;
    epoch.value += 1;
  });
  await Promise.allSettled([
    fetch(address("identity", "/v3/auth/tokens"), { method: "DELETE", headers }),
    fetch(COOKIE, { method: "DELETE", headers: OURS }),
  ]);
}

export const isAdmin = computed(() => session.value?.roles.includes("admin") ?? false);
export const projectId = computed(() => (session.value?.scope?.kind === "project" ? session.value.scope.id : ""));
