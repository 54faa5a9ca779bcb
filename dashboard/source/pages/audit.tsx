/** The audit: whether the tables and the world agree, and where they do not. */

import { useEffect, useState } from "preact/hooks";
import type { cloud } from "../../generated/types";
import { ask, Failure } from "../runtime/api";
import { hear } from "../runtime/changes";
import { t } from "../runtime/messages";
import { known, may } from "../runtime/permissions";
import { ofSubject, page } from "../runtime/registry";
import { pageOf, visible as mayList } from "../runtime/resource";
import { epoch } from "../runtime/session";
import { attempt, Button, Empty, Problem, Section } from "../components/basics";
import { Age, Status } from "../components/value";
import { NoPage } from "../generic/none";

type Audit = cloud.Audit;
type Answer = { audit: Audit | null };

const RUN = { service: "kumoi", method: "POST", path: "/audit" } as const;
const SUBJECT = "audit/cloud";

const visible = (): boolean => known.value && may(RUN);

function AuditPage() {
  const [found, setFound] = useState<Audit | null | undefined>(undefined);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  const mine = epoch.value;
  const mayRun = visible();
  useEffect(() => {
    if (!mayRun) return;
    let ended = false;
    const load = (): void => {
      ask<Answer>("kumoi", "GET", "/audit").then(
        ({ audit }) => !ended && setFound(audit),
        (error: unknown) => {
          if (!(error instanceof Failure)) throw error;
          if (!ended) setFailure(error);
        },
      );
    };
    load();
    const stop = hear((change) => {
      if (change.resource === "operation" && change.subjects?.includes(SUBJECT)) load();
    });
    return () => {
      ended = true;
      stop();
    };
  }, [mine, mayRun]);
  if (!known.value) return <div class="page" aria-busy="true" />;
  if (!mayRun) return <NoPage />;
  const run = async (): Promise<void> => {
    setBusy(true);
    await attempt(async () => setFound((await ask<Answer>("kumoi", "POST", "/audit")).audit));
    setBusy(false);
  };
  const going = found != null && found.ended_at === null;
  return (
    <div class="page">
      <header class="page-head">
        <h1>{t("audit.title")}</h1>
        {found != null && <span aria-live="polite"><Status status={found.state} /></span>}
        <span class="space" />
        <Button look="primary" busy={busy || going} onClick={() => void run()}>{t("audit.run")}</Button>
      </header>
      <p class="faint">{t("audit.what")}</p>
      {failure !== null && <Problem failure={failure} />}
      {found === null && <Empty title={t("audit.never")} />}
      {found != null && found.reason !== null && <div class="problem" role="status"><p><bdi>{found.reason}</bdi></p></div>}
      {found != null && found.found !== null && <Result audit={found} total={found.found} />}
    </div>
  );
}

function Result({ audit, total }: { audit: Audit; total: number }) {
  const when = audit.ended_at !== null && <span class="faint"><Age text={audit.ended_at} /></span>;
  if (total === 0) return <Section title={t("audit.agree")} aside={when}><p>{t("audit.agree.text")}</p></Section>;
  return (
    <Section title={t("audit.differences", { count: total })} aside={when}>
      <div class="grid-scroll" tabIndex={0} role="region" aria-label={t("audit.differences", { count: total })}>
        <table class="grid">
          <thead>
            <tr>{["service", "kind", "id", "problem"].map((name) => <th key={name} scope="col">{t(`audit.field.${name}`)}</th>)}</tr>
          </thead>
          <tbody>
            {audit.differences.map((each, at) => (
              <tr key={at}>
                <td>{each.service.replace(/_/g, " ")}</td>
                <td>{each.kind.replace(/_/g, " ")}</td>
                <td class="code"><Where difference={each} /></td>
                <td class="wide-text"><bdi>{each.problem}</bdi></td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {total > audit.differences.length && <p class="faint">{t("and_more", { count: total - audit.differences.length })}</p>}
    </Section>
  );
}

function Where({ difference: { kind, id } }: { difference: Audit["differences"][number] }) {
  // The kernel's own differences are of operations, whose kind is `server.create`.
  const to = ofSubject(kind.includes(".") ? "operation" : kind);
  const shown = <bdi>{id}</bdi>;
  return to === undefined || !mayList(to) || id === "-" ? shown : <a href={pageOf(to, id)}>{shown}</a>;
}

export default page({ name: "audit", group: "operator", order: 8, component: AuditPage, visible });
