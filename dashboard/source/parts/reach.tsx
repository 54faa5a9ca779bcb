/** "Can A reach B on 443?", answered in words by the cloud, from its own tables. */

import { useState } from "preact/hooks";
import type { cloud } from "../../generated/types";
import { ask, Failure } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { may } from "../runtime/permissions";
import { named } from "../runtime/registry";
import type { Option, Row } from "../runtime/resource";
import { Button, Problem, Section } from "../components/basics";
import { Icon } from "../components/icon";

type Answer = cloud.Reachability;

const PROTOCOLS = ["tcp", "udp", "icmp"] as const;
const MOST = 65_535;
const FIXED = "fixed_ips";

/** Every port by what it belongs to and its address. */
function ends(): Option[] {
  const names = new Map<string, string>();
  for (const kind of ["servers", "routers"]) {
    const resource = named(kind)!;
    for (const row of collection(resource).all()) names.set(resource.id(row), resource.title(row));
  }
  const rows: Row[] = collection(named("ports")!).all();
  return rows
    .map((row) => {
      const addresses = ((row[FIXED] ?? []) as { ip_address: string }[]).map((each) => each.ip_address).join(", ");
      const owner = names.get(String(row["device_id"])) || String(row["name"]) || String(row["id"]);
      return { value: String(row["id"]), title: addresses === "" ? owner : `${owner} (${addresses})` };
    })
    .sort((one, other) => one.title.localeCompare(other.title));
}

export function Reach() {
  const all = ends();
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [protocol, setProtocol] = useState<string>("tcp");
  const [port, setPort] = useState("443");
  const [answer, setAnswer] = useState<Answer | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const [busy, setBusy] = useState(false);
  if (all.length < 2 || !may({ service: "kumoi", method: "GET", path: "/reachability" })) return null;
  const source = from || all[0]!.value;
  const target = to || all[1]!.value;
  const ported = protocol !== "icmp";

  const question = async (event: Event): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setFailure(null);
    try {
      const query = { from: source, to: target, protocol, port: ported && port !== "" ? port : undefined };
      setAnswer((await ask<cloud.ReachabilityShowBody>("kumoi", "GET", "/reachability", { query })).reachability);
    } catch (error) {
      if (!(error instanceof Failure)) throw error;
      setAnswer(null);
      setFailure(error);
    }
    setBusy(false);
  };
  // What was answered is about what was asked before.
  const changed = (set: (value: string) => void) => (event: { currentTarget: { value: string } }): void => {
    set(event.currentTarget.value);
    setAnswer(null);
    setFailure(null);
  };
  const choice = (id: string, title: string, value: string, set: (value: string) => void) => (
    <div class="input-row">
      <label for={id}>{title}</label>
      <select id={id} value={value} onChange={changed(set)}>
        {all.map((each) => <option key={each.value} value={each.value}>{each.title}</option>)}
      </select>
    </div>
  );
  return (
    <Section title={t("topology.reach")}>
      <form class="reach" onSubmit={(event) => void question(event)} noValidate>
        {choice("reach-from", t("topology.reach.from"), source, setFrom)}
        {choice("reach-to", t("topology.reach.to"), target, setTo)}
        <div class="input-row">
          <label for="reach-protocol">{t("topology.reach.protocol")}</label>
          <select id="reach-protocol" value={protocol} onChange={changed(setProtocol)}>
            {PROTOCOLS.map((each) => <option key={each} value={each}>{each.toUpperCase()}</option>)}
          </select>
        </div>
        {ported && (
          <div class="input-row">
            <label for="reach-port">{t("topology.reach.port")}</label>
            <input id="reach-port" type="number" min={1} max={MOST} value={port} onInput={changed(setPort)} />
          </div>
        )}
        <Button look="primary" submit busy={busy}>{t("topology.reach.ask")}</Button>
      </form>
      {failure !== null && <Problem failure={failure} />}
      <div role="status">{answer !== null && <Said answer={answer} />}</div>
    </Section>
  );
}

function Said({ answer }: { answer: Answer }) {
  const word = answer.reachable === null ? "unknown" : answer.reachable ? "yes" : "no";
  const look = { yes: "good", no: "bad", unknown: "still" }[word];
  return (
    <>
      <p class={`status ${look}`}><span class="dot" aria-hidden="true" /><strong>{t(`topology.reach.${word}`)}</strong></p>
      <ol class="reasons">
        {answer.reasons.map((each, at) => (
          <li key={at} class={each.holds === null ? "still" : each.holds ? "good" : "bad"}>
            <Icon name={each.holds === true ? "check" : each.holds === false ? "close" : "alert"} size={14} />
            <span class="unseen">{t(each.holds === true ? "yes" : each.holds === false ? "no" : "topology.reach.unknown")}: </span>
            <span><bdi>{each.text}</bdi></span>
          </li>
        ))}
      </ol>
    </>
  );
}
