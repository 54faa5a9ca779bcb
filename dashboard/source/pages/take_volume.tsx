/** Takes over a volume that another project offers: by the transfer's ID and its key. */

import { useState } from "preact/hooks";
import { ask } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { tell } from "../runtime/notices";
import { known, may } from "../runtime/permissions";
import { named, page } from "../runtime/registry";
import { pageOf, type FormValues, type Input } from "../runtime/resource";
import { go } from "../runtime/router";
import { attempt, Button } from "../components/basics";
import { initialValues, Inputs, problemsOf } from "../components/inputs";
import { NoPage } from "../generic/none";

const TAKE = { service: "volumev3", method: "POST", path: "/volume-transfers/{transfer_id}/accept" } as const;
const INPUTS: Input[] = [
  { name: "transfer", kind: "text", required: true, longest: 36 },
  { name: "key", kind: "password", required: true, longest: 255 },
];

const visible = (): boolean => known.value && may(TAKE);

function TakeVolume() {
  const [values, setValues] = useState<FormValues>(() => initialValues(INPUTS));
  const [shown, setShown] = useState(false);
  const [busy, setBusy] = useState(false);
  if (!known.value) return <div class="page" aria-busy="true" />;
  if (!visible()) return <NoPage />;
  const problems = problemsOf(INPUTS, values);
  const take = async (event: Event): Promise<void> => {
    event.preventDefault();
    setShown(true);
    if (Object.keys(problems).length > 0) return;
    setBusy(true);
    await attempt(async () => {
      const path = `/volume-transfers/${encodeURIComponent(String(values["transfer"]).trim())}/accept`;
      const answer = await ask<{ transfer: { volume_id: string } }>("volumev3", "POST", path, { body: { accept: { auth_key: values["key"] } }, version: "volume 3.70" });
      const volumes = named("volumes")!;
      await collection(volumes).fetch(answer.transfer.volume_id).catch(() => undefined);
      tell(t("take_volume.taken"));
      go(pageOf(volumes, answer.transfer.volume_id));
    });
    setBusy(false);
  };
  return (
    <div class="page">
      <header class="page-head"><h1>{t("take_volume.title")}</h1></header>
      <p class="faint">{t("take_volume.what")}</p>
      <form class="create-inputs" onSubmit={(event) => void take(event)} noValidate>
        <Inputs prefix="take_volume" inputs={INPUTS} values={values} onChange={setValues} problems={shown ? problems : {}} />
        <div class="create-buttons"><Button look="primary" submit busy={busy}>{t("take_volume.take")}</Button></div>
      </form>
    </div>
  );
}

export default page({ name: "take_volume", group: "storage", order: 4.5, component: TakeVolume, visible });
