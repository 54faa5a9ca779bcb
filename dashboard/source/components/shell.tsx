/** What surrounds every page: navigation, the project, the state of the connection, notices. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { ComponentChildren } from "preact";
import { reachable } from "../runtime/api";
import { connection } from "../runtime/changes";
import { age, now } from "../runtime/formats";
import { t } from "../runtime/messages";
import { dismiss, notices } from "../runtime/notices";
import { pages, resources } from "../runtime/registry";
import { pageOf, visible } from "../runtime/resource";
import { arrived, path } from "../runtime/router";
import { go, session, signOut, state, type Scope } from "../runtime/session";
import { attempt, Button, Menu } from "./basics";
import { Icon, Mark } from "./icon";
import { openPalette } from "./palette";
import { LanguageMenu, ThemeButton } from "./preferences";

const GROUPS = ["compute", "images", "network", "storage", "objects", "identity", "operator"] as const;
const SOON = 10 * 60_000;

export const scopeName = (scope: Scope): string => (scope.kind === "system" ? t("scope.system") : scope.name);

export function Shell({ children }: { children: ComponentChildren }) {
  const open = useSignal(false);
  const here = path.value;
  useEffect(() => {
    open.value = false;
    if (arrived.peek() === 0) return;
    // As after a page load: from the top, and whoever hears the page is told of the new one.
    const main = document.getElementById("main");
    main?.scrollTo(0, 0);
    main?.focus({ preventScroll: true });
  }, [here]);
  return (
    <div class={`shell${open.value ? " open" : ""}`}>
      <a class="skip" href="#main" data-outside>{t("skip")}</a>
      <header class="top">
        <Button icon="menu" look="quiet" label={t("navigation")} onClick={() => (open.value = !open.value)} />
        <a class="brand" href="/"><Mark /><span>{t("brand")}</span></a>
      </header>
      <Navigation />
      <div class="veil" onClick={() => (open.value = false)} />
      <main id="main" class="main" tabIndex={-1} data-path={here}>
        <Banner />
        {children}
      </main>
      <Notices />
    </div>
  );
}

function Navigation() {
  const here = path.value;
  const items = [
    ...resources().filter(visible).map((each) => ({ group: each.group, order: each.order, name: each.name, href: pageOf(each) })),
    ...pages().filter((each) => each.visible?.() ?? true).map((each) => ({ group: each.group, order: each.order, name: each.name, href: `/${each.name}` })),
  ];
  const item = (name: string, href: string) => {
    const current = href === "/" ? here === "/" : here === href || here.startsWith(`${href}/`);
    return (
      <li key={name}>
        <a href={href} class="nav-item" aria-current={current ? "page" : undefined}>
          <Icon name={name} />
          <span>{t(`${name}.title`)}</span>
        </a>
      </li>
    );
  };
  return (
    <nav class="side" aria-label={t("navigation")}>
      <a class="brand" href="/"><Mark /><span>{t("brand")}</span></a>
      <ScopeMenu />
      <button type="button" class="search-button" onClick={openPalette}>
        <Icon name="search" /><span>{t("palette.open")}</span><kbd>{t("palette.keys")}</kbd>
      </button>
      <div class="side-scroll">
        <ul>{item("overview", "/")}</ul>
        {GROUPS.map((group) => {
          const within = items.filter((each) => each.group === group).sort((one, other) => one.order - other.order);
          if (within.length === 0) return null;
          return (
            <section key={group}>
              <h2 class="nav-group" id={`nav-${group}`}>{t(`group.${group}`)}</h2>
              <ul aria-labelledby={`nav-${group}`}>{within.map((each) => item(each.name, each.href))}</ul>
            </section>
          );
        })}
      </div>
      <Foot />
    </nav>
  );
}

function ScopeMenu() {
  const now = session.value;
  if (now === null) return null;
  const name = now.scope === null ? t("scope.none") : scopeName(now.scope);
  const order = { project: 0, domain: 1, system: 2 };
  const scopes = [...now.scopes].sort((one, other) => order[one.kind] - order[other.kind] || one.name.localeCompare(other.name));
  return (
    <Menu
      label={t("scope.switch")}
      look="scope"
      side="left"
      items={scopes.map((scope) => ({
        title: scopeName(scope),
        note: t(`scope.${scope.kind}_kind`),
        checked: now.scope !== null && scope.kind === now.scope.kind && scope.id === now.scope.id,
        onChoose: () => void attempt(() => go(scope)),
      }))}
    >
      <span class="scope-kind faint">{t(`scope.${now.scope?.kind ?? "project"}_kind`)}</span>
      <span class="scope-name clip"><bdi>{name}</bdi></span>
      <Icon name="down" size={12} />
    </Menu>
  );
}

function Foot() {
  const now = session.value;
  const open = connection.value === "open" && reachable.value;
  return (
    <div class="side-foot">
      <span class={`live ${open ? "good" : "waiting"}`} title={t(open ? "connection.open" : "connection.waiting")}>
        <span class="dot" aria-hidden="true" /><span>{t(open ? "connection.live" : "connection.offline")}</span>
      </span>
      <LanguageMenu />
      <ThemeButton />
      <Menu
        label={t("account")}
        icon="person"
        items={[{ title: t("sign_out"), icon: "leave", onChoose: () => void signOut() }]}
      />
      <span class="who clip faint" title={now?.user.domain}><bdi>{now?.user.name}</bdi></span>
    </div>
  );
}

function Banner() {
  const left = (session.value?.expires ?? Infinity) - now.value;
  if (!reachable.value) return <p class="banner bad" role="status">{t("connection.lost")}</p>;
  if (state.value === "in" && left < SOON) {
    return (
      <p class="banner" role="status">
        {t("session.ends", { when: age(session.value!.expires) })}
        <Button onClick={() => (state.value = "lost")}>{t("session.renew")}</Button>
      </p>
    );
  }
  return null;
}

export function Notices() {
  return (
    <div class="notices" role="status" aria-live="polite">
      {notices.value.map((notice) => (
        <div key={notice.id} class={`notice ${notice.kind}`}>
          <div>
            <p><bdi>{notice.text}</bdi></p>
            {notice.detail !== "" && <p class="code faint">{notice.detail}</p>}
          </div>
          <Button icon="close" look="quiet" label={t("close")} onClick={() => dismiss(notice.id)} />
        </div>
      ))}
    </div>
  );
}
