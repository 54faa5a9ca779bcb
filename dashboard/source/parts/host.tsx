/** What a host has, and how much of it is taken. */

import type { compute } from "../../generated/types";
import { count, gibibytes, mebibytes } from "../runtime/formats";
import { t } from "../runtime/messages";
import { Bar, Section } from "../components/basics";

/** With the figures of versions before 2.88. */
export type Host = compute.HypervisorsDetail &
  Record<"vcpus" | "vcpus_used" | "memory_mb" | "memory_mb_used" | "local_gb" | "local_gb_used" | "running_vms" | "current_workload", number>;

export function HostRoom({ row }: { row: Host }) {
  const bars = [
    { name: "vcpus", used: row.vcpus_used, limit: row.vcpus, show: count },
    { name: "ram", used: row.memory_mb_used, limit: row.memory_mb, show: mebibytes },
    { name: "disk", used: row.local_gb_used, limit: row.local_gb, show: gibibytes },
  ];
  return (
    <Section title={t("hosts.room")}>
      <div class="bars">
        {bars.map(({ name, used, limit, show }) => (
          <Bar key={name} used={used} limit={limit} title={t(`field.${name}`)} text={t("quota.of", { used: show(used), limit: show(limit) })} />
        ))}
      </div>
    </Section>
  );
}
