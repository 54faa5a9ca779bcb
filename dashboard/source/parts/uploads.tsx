/** The files that are on their way into a container. */

import { bytes } from "../runtime/formats";
import { t } from "../runtime/messages";
import { again, forget, uploads } from "../runtime/uploads";
import { Bar, Button, sayFailure, Section } from "../components/basics";

export function Uploads({ container }: { container: string }) {
  const all = uploads.value.filter((each) => each.container === container && each.state !== "done");
  if (all.length === 0) return null;
  return (
    <Section title={t("objects.uploads")}>
      <ul class="bars">
        {all.slice(0, 8).map((each) => (
          <li key={each.id} class="upload">
            {each.failure === null ? (
              <Bar used={each.sent} limit={Math.max(each.size, 1)} title={each.name} text={t("quota.of", { used: bytes(each.sent), limit: bytes(each.size) })} />
            ) : (
              <p class="wrong"><bdi>{each.name}</bdi>{": "}{sayFailure(each.failure)}</p>
            )}
            {each.state === "failed" && <Button icon="reload" look="quiet" label={t("retry")} onClick={() => again(each.id)} />}
            <Button icon="close" look="quiet" label={t("objects.stop", { name: each.name })} onClick={() => forget(each.id)} />
          </li>
        ))}
      </ul>
      {all.length > 8 && <p class="faint">{t("and_more", { count: all.length - 8 })}</p>}
    </Section>
  );
}
