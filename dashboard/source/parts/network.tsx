/** What pages of the network share: which objects may be chosen, and security group rules in words. */

import { useState } from "preact/hooks";
import type { network } from "../../generated/types";
import { actionTitle } from "../runtime/acting";
import { ask } from "../runtime/api";
import { collection } from "../runtime/collections";
import { t } from "../runtime/messages";
import { may } from "../runtime/permissions";
import { named } from "../runtime/registry";
import type { Option, Row } from "../runtime/resource";
import { isAdmin, projectId } from "../runtime/session";
import { attempt, Button, Dialog, Section } from "../components/basics";

/** Whether the caller may change an object that other projects may see too. */
export const owned = (row: object): boolean => (row as Row)["project_id"] === projectId.value || isAdmin.value;

/** Whether it is of the project that the caller works in. */
export const ofProject = (row: object): boolean => (row as Row)["project_id"] === projectId.value;

export const external = (row: Row): boolean => row["router:external"] === true;
export const internal = (row: Row): boolean => !external(row);

export const addressesOf = (row: Row): string[] => ((row["fixed_ips"] ?? []) as network.PortsShownAddress[]).map((each) => each.ip_address);

/** Whether a floating IP may lead to the port. */
export const serves = (row: Row): boolean => !String(row["device_owner"]).startsWith("network:") && addressesOf(row).length > 0;

const nameOf = (resource: string, id: string): string => {
  const to = named(resource);
  const row = to && collection(to).get(id);
  return (row && to.title(row)) || id;
};

/** A port as an option: its server's name if it has one, and its addresses. */
export const portOption = (row: Row): Option => {
  const device = String(row["device_id"] ?? "");
  const server = String(row["device_owner"]).startsWith("compute:") ? nameOf("servers", device) : "";
  return { value: String(row["id"]), title: server || String(row["name"] || row["id"]), note: addressesOf(row).join(", ") };
};

const ANYWHERE = ["0.0.0.0/0", "::/0"];

/** `TCP 22`, `UDP 1000–2000`, `ICMP type 8`: what a rule allows. */
export function traffic({ protocol, port_range_min: least, port_range_max: most }: network.Rule): string {
  if (protocol === null || protocol === "any" || protocol === "0") return t("security_groups.all_traffic");
  const name = protocol.toUpperCase();
  if (least === null) return t("security_groups.all_of", { name });
  if (name.includes("ICMP")) return t(most === null ? "security_groups.icmp_type" : "security_groups.icmp_code", { name, type: String(least), code: String(most) });
  if (most !== least) return t("security_groups.range", { name, least: String(least), most: String(most) });
  return `${name} ${least}`;
}

/** A rule as a sentence: `TCP 22 from anywhere`. */
export function rule(row: network.Rule): string {
  const values = { traffic: traffic(row), family: row.ethertype };
  const way = row.direction === "ingress" ? "from" : "to";
  if (row.remote_group_id !== null) {
    const group = row.remote_group_id === row.security_group_id ? null : nameOf("security_groups", row.remote_group_id);
    return group === null ? t(`security_groups.${way}_itself`, values) : t(`security_groups.${way}_group`, { ...values, group });
  }
  const prefix = row.remote_ip_prefix;
  if (prefix === null || ANYWHERE.includes(prefix)) return t(`security_groups.${way}_anywhere`, values);
  return t(`security_groups.${way}_prefix`, { ...values, prefix });
}

const REMOVE = { service: "network", method: "DELETE", path: "/v2.0/security-group-rules/{rule_id}" } as const;

/** The rules of a security group, told in words, each with its deletion. */
export function Rules({ row }: { row: network.SecurityGroup }) {
  const groups = named("security_groups")!;
  const [asked, setAsked] = useState<network.Rule | null>(null);
  const [busy, setBusy] = useState(false);
  const removable = may(REMOVE) && owned(row);
  const remove = async (each: network.Rule): Promise<void> => {
    setBusy(true);
    const done = await attempt(async () => {
      await ask<unknown>("network", "DELETE", `/v2.0/security-group-rules/${encodeURIComponent(each.id)}`);
      await collection(groups).fetch(row.id);
    });
    setBusy(false);
    if (done) setAsked(null);
  };
  const part = (direction: string) => {
    const rules = row.security_group_rules.filter((each) => each.direction === direction).sort((one, other) => one.ethertype.localeCompare(other.ethertype));
    const title = t(`security_groups.${direction}`);
    return (
      <Section title={title} key={direction}>
        {rules.length === 0 && <p class="faint">{t(`security_groups.no_${direction}`)}</p>}
        <ul class="rules">
          {rules.map((each) => (
            <li key={each.id}>
              <bdi>{rule(each)}</bdi>
              <span class="tag">{each.ethertype}</span>
              {each.description !== "" && <span class="faint clip"><bdi>{each.description}</bdi></span>}
              <span class="space" />
              {removable && <Button look="quiet" icon="trash" label={t("security_groups.remove_rule", { rule: rule(each) })} onClick={() => setAsked(each)} />}
            </li>
          ))}
        </ul>
      </Section>
    );
  };
  return (
    <>
      {["ingress", "egress"].map(part)}
      {asked !== null && (
        <Dialog title={t("security_groups.remove_ask")} onClose={() => setAsked(null)}>
          <p><bdi>{rule(asked)}</bdi></p>
          <footer class="dialog-foot">
            <Button onClick={() => setAsked(null)}>{t("cancel")}</Button>
            <Button look="danger" icon="trash" busy={busy} onClick={() => void remove(asked)}>{actionTitle(groups, "delete")}</Button>
          </footer>
        </Dialog>
      )}
    </>
  );
}

/** Whether a router may get an interface in the subnet: its network is no external one. */
export const internalSubnet = (row: Row): boolean => row["router:external"] !== true;
