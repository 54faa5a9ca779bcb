/** Events: what happened in the cloud, to what, and when. */

import type { cloud } from "../../generated/types";
import { collection } from "../runtime/collections";
import { first } from "../runtime/messages";
import { ofSubject } from "../runtime/registry";
import { pageOf, visible } from "../runtime/resource";
import { Age, Status } from "./value";
import { kindTitle } from "./work";

/** States with which an operation's events end. */
const STATES = new Set(["begun", "done", "undone", "superseded"]);

/** `server.create.done`: what was done, and how it ended; other events have no state. */
export function readKind(kind: string): { title: string; state: string } {
  const at = kind.lastIndexOf(".");
  const state = kind.slice(at + 1);
  if (STATES.has(state)) return { title: kindTitle(kind.slice(0, at)), state };
  return { title: first([`event.${kind}`, kind.replace(/[._]/g, " ")]), state: "" };
}

function found(subject: string) {
  const slash = subject.indexOf("/");
  const resource = ofSubject(subject.slice(0, slash));
  return resource === undefined || !visible(resource) ? null : { resource, id: subject.slice(slash + 1) };
}

/** Subjects that the events are about and that still exist, as far as the events tell. */
export function namedIn(events: cloud.Event[]): string[] {
  const gone = new Set(events.filter((each) => each.kind.includes(".delete.")).map((each) => each.subject));
  return events.flatMap(({ kind, subject }) => (kind.split(".")[0] === subject.split("/")[0] && !gone.has(subject) ? [subject] : []));
}

/** Load what subjects lead to, so that they have names. */
export function wantSubjects(subjects: string[]): void {
  for (const subject of new Set(subjects)) {
    const to = found(subject);
    if (to === null) continue;
    const held = collection(to.resource);
    if (held.rows.get(to.id) === undefined && held.state.peek() === "empty") void held.fetch(to.id).catch(() => undefined);
  }
}

/** A link to what `server/<id>` names, if there is such a page and the object exists; else the first part of its id. */
export function SubjectLink({ subject }: { subject: string }) {
  const to = found(subject);
  const id = subject.slice(subject.indexOf("/") + 1);
  const row = to === null ? undefined : collection(to.resource).get(id);
  if (to === null || row === undefined) return <span class="faint code clip"><bdi>{id.slice(0, 8)}</bdi></span>;
  return <a class="operation-subject clip" href={pageOf(to.resource, id)}><bdi>{to.resource.title(row) || id}</bdi></a>;
}

export function EventRow({ event }: { event: cloud.Event }) {
  const { title, state } = readKind(event.kind);
  const fault = event.facts["fault"];
  return (
    <div class="operation">
      <div class="operation-head">
        <span class="operation-kind">{title}</span>
        <SubjectLink subject={event.subject} />
        {state !== "" && <Status status={state} />}
        <span class="space" />
        <span class="faint"><Age text={event.at} /></span>
      </div>
      {typeof fault === "string" && fault !== "" && <p class="operation-fault"><bdi>{fault}</bdi></p>}
    </div>
  );
}
