/** The dashboard: what is shown at which address. */

import { render } from "preact";
import "./styles/index.css";
import { begin as followChanges } from "./runtime/changes";
import { begin as learnPermissions, known } from "./runtime/permissions";
import { begin as speak, language } from "./runtime/messages";
import { named, pages } from "./runtime/registry";
import { visible } from "./runtime/resource";
import { follow, path } from "./runtime/router";
import { resume, state } from "./runtime/session";
import { t } from "./runtime/messages";
import { effect } from "@preact/signals";
import { Palette, listenForPalette } from "./components/palette";
import { Notices, Shell } from "./components/shell";
import { CreatePage } from "./generic/create";
import { DetailPage } from "./generic/detail";
import { ListPage } from "./generic/list";
import { NoPage } from "./generic/none";
import { OverviewPage } from "./generic/overview";
import { SignInPage } from "./generic/sign_in";

function Page() {
  const parts = path.value.split("/").filter(Boolean).map(decoded);
  const [name, id] = parts;
  if (name === undefined) return <OverviewPage />;
  const own = pages().find((page) => page.name === name);
  if (own !== undefined) {
    const Component = own.component;
    return <Component rest={parts.slice(1)} />;
  }
  const resource = named(name);
  if (resource === undefined || parts.length > 2) return <NoPage />;
  if (!visible(resource)) return known.value ? <NoPage /> : null;
  if (id === undefined) return <ListPage key={name} resource={resource} />;
  if (id === "new" && resource.form !== undefined) return <CreatePage key={name} resource={resource} />;
  return <DetailPage key={`${name}/${id}`} resource={resource} id={id} />;
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

function Dashboard() {
  if (state.value === "unknown") return null;
  if (state.value !== "in") {
    return (
      <>
        <SignInPage />
        <Notices />
      </>
    );
  }
  return (
    <>
      <Shell><Page /></Shell>
      <Palette />
    </>
  );
}

async function start(): Promise<void> {
  document.addEventListener("click", follow);
  listenForPalette();
  await Promise.all([speak(), resume()]);
  learnPermissions();
  followChanges();
  effect(() => {
    void language.value;
    const name = path.value.split("/")[1] ?? "";
    document.title = name === "" || named(name) === undefined ? t("brand") : t("window_title", { page: t(`${name}.title`) });
  });
  render(<Dashboard />, document.getElementById("root")!);
}

void start();
