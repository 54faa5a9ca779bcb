/** Who belongs to a group. */

import { signal } from "@preact/signals";
import { useEffect, useState } from "preact/hooks";
import type { identity } from "../../generated/types";
import { ask, Failure } from "../runtime/api";
import { t } from "../runtime/messages";
import { attempt, Button, sayFailure, Section } from "../components/basics";

const changes = signal(0);

export const membersChanged = (): void => {
  changes.value += 1;
};

export function Members({ row }: { row: identity.Group }) {
  const [users, setUsers] = useState<identity.User[] | null>(null);
  const [wrong, setWrong] = useState("");
  const path = `/v3/groups/${encodeURIComponent(row.id)}/users`;
  const changed = changes.value;
  useEffect(() => {
    ask<identity.UsersOfUser>("identity", "GET", path).then(
      (body) => setUsers(body.users),
      (error: unknown) => {
        if (!(error instanceof Failure)) throw error;
        setWrong(sayFailure(error));
      },
    );
  }, [path, changed]);
  const remove = (user: identity.User): Promise<boolean> =>
    attempt(async () => {
      await ask<unknown>("identity", "DELETE", `${path}/${encodeURIComponent(user.id)}`);
      membersChanged();
    });
  return (
    <Section title={t("groups.members")}>
      {wrong !== "" && <p class="wrong" role="alert">{wrong}</p>}
      {users !== null && users.length === 0 && <p class="faint">{t("groups.no_members")}</p>}
      <ul class="members">
        {(users ?? []).map((user) => (
          <li key={user.id}>
            <a href={`/users/${encodeURIComponent(user.id)}`}><bdi>{user.name}</bdi></a>
            <Button icon="close" look="quiet" label={t("groups.remove", { name: user.name })} onClick={() => void remove(user)} />
          </li>
        ))}
      </ul>
    </Section>
  );
}
