/** Operations: durable work of the cloud, with its steps, as it goes on. */

import { useEffect, useState } from "preact/hooks";
import type { cloud } from "../../generated/types";
import { ask, Failure } from "../runtime/api";
import { hear } from "../runtime/changes";
import { duration, moment, now } from "../runtime/formats";
import { collection } from "../runtime/collections";
import { first, t } from "../runtime/messages";
import { ofSubject } from "../runtime/registry";
import { pageOf } from "../runtime/resource";
import { epoch } from "../runtime/session";
import { Section } from "./basics";
import { Icon } from "./icon";
import { Age, Status } from "./value";

export type Operation = cloud.Operation;

const RUNNING = new Set(["queued", "running", "unwinding"]);

const SOON = 60;
const OFTEN = 600;

/** Operations of a subject (`server/<id>`), or the latest of all, kept true by the stream of changes. */
export function useOperations(subject: string | undefined, limit: number): Operation[] | null {
  const [found, setFound] = useState<Operation[] | null>(null);
  const mine = epoch.value;
  useEffect(() => {
    let ended = false;
    let timer = 0;
    let last = 0;
    const load = async (): Promise<void> => {
      timer = 0;
      last = Date.now();
      try {
        const query = subject === undefined ? { limit } : { subject, limit };
        const body = await ask<{ operations: Operation[] }>("kumoi", "GET", "/operations", { query });
        if (!ended) setFound(body.operations);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
      }
    };
    void load();
    const stop = hear((change) => {
      const ours = change.resource === "operation" && (subject === undefined || change.subjects?.includes(subject));
      // At once, but not more often than this while much happens.
      if (ours && timer === 0) timer = window.setTimeout(() => void load(), Math.max(SOON, last + OFTEN - Date.now()));
    });
    return () => {
      ended = true;
      window.clearTimeout(timer);
      stop();
    };
  }, [subject, mine]);
  return found;
}

export const kindTitle = (kind: string): string => first([`operation.${kind}`, kind]);
export const stepTitle = (step: string): string => first([`step.${step}`, step.replace(/_/g, " ")]);

export function Operations({ subject }: { subject: string }) {
  const all = useOperations(subject, 10);
  if (all === null || all.length === 0) return null;
  return (
    <Section title={t("operations.title")}>
      <ol class="operations">
        {all.map((each, at) => (
          <li key={each.id}>
            <OperationRow operation={each} open={at === 0 && (RUNNING.has(each.state) || each.state === "undone")} />
          </li>
        ))}
      </ol>
    </Section>
  );
}

/** A link to what an operation works on, if it has a page. */
function SubjectLink({ operation }: { operation: Operation }) {
  const kind = operation.kind.split(".")[0]!;
  const id = operation.subjects.find((subject) => subject.startsWith(`${kind}/`))?.slice(kind.length + 1);
  const resource = ofSubject(kind);
  if (id === undefined || resource === undefined) return null;
  const row = collection(resource).get(id);
  if (row === undefined) return <span class="faint code clip">{id.slice(0, 8)}</span>;
  return <a class="operation-subject clip" href={pageOf(resource, id)}><bdi>{resource.title(row) || id}</bdi></a>;
}

/** `named`: with a link to what it works on. */
export function OperationRow({ operation, open, named = false }: { operation: Operation; open: boolean; named?: boolean }) {
  const [shown, setShown] = useState(open);
  const running = RUNNING.has(operation.state);
  const until = running ? now.value : moment(operation.updated_at);
  return (
    <div class="operation">
      <div class="operation-head">
        <button type="button" class="operation-kind" aria-expanded={shown} onClick={() => setShown(!shown)}>
          <Icon name="right" size={12} />
          <span>{kindTitle(operation.kind)}</span>
        </button>
        {named && <SubjectLink operation={operation} />}
        <Status status={operation.state} note={running ? stepTitle(operation.step) : ""} />
        <span class="space" />
        <span class="faint number">{duration(until - moment(operation.created_at))}</span>
        <span class="faint"><Age text={operation.created_at} /></span>
      </div>
      {shown && operation.fault !== null && <p class="operation-fault">{operation.fault}</p>}
      {shown && (
        <ol class="steps">
          {operation.history.map((step, at) => (
            <li key={at} class={step.result === "Success" ? "good" : "bad"}>
              <span>{stepTitle(step.step)}</span>
              <span class="faint number">{duration(moment(step.finished_at) - moment(step.started_at))}</span>
              {step.detail != null && <span class="faint">{step.detail}</span>}
            </li>
          ))}
          {running && (
            <li class="busy">
              <span>{stepTitle(operation.step)}</span>
            </li>
          )}
        </ol>
      )}
    </div>
  );
}
