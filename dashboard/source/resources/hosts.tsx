/** Hosts: what each has, and how much of it is taken. */

import { count, gibibytes, mebibytes } from "../runtime/formats";
import { t } from "../runtime/messages";
import { known } from "../runtime/permissions";
import { resource } from "../runtime/resource";
import { HostRoom, type Host } from "../parts/host";

const HOSTS = "/os-hypervisors";

const share = (used: number, all: number, show: (value: number) => string) => <span class="number">{t("quota.of", { used: show(used), limit: show(all) })}</span>;

export default resource<Host>({
  name: "hosts",
  group: "operator",
  order: 1,
  service: "compute",
  // Later versions leave the figures to Placement.
  version: "compute 2.87",
  list: `${HOSTS}/detail`,
  item: `${HOSTS}/{id}`,
  many: "hypervisors",
  one: "hypervisor",
  subject: "host",
  follows: ["server"],
  title: (row) => String(row.hypervisor_hostname),
  sort: "name",
  fields: [
    { name: "name", value: (row) => row.hypervisor_hostname, width: "180px" },
    { name: "state", kind: "status", width: "110px" },
    { name: "status", kind: "status", width: "110px", detail: "top" },
    { name: "servers", kind: "count", value: (row) => row.running_vms, width: "130px", detail: "top" },
    { name: "vcpus", kind: "count", value: (row) => row.vcpus_used, show: (row) => share(row.vcpus_used, row.vcpus, count), width: "110px", detail: "never" },
    { name: "ram", kind: "mebibytes", value: (row) => row.memory_mb_used, show: (row) => share(row.memory_mb_used, row.memory_mb, mebibytes), width: "150px", detail: "never" },
    { name: "disk", kind: "gibibytes", value: (row) => row.local_gb_used, show: (row) => share(row.local_gb_used, row.local_gb, gibibytes), width: "150px", detail: "never" },
    { name: "busy", kind: "count", value: (row) => row.current_workload, column: "offered" },
    { name: "kind", value: (row) => row.hypervisor_type, column: "offered" },
    { name: "address", kind: "code", value: (row) => row.host_ip, column: "offered" },
    { name: "reason", value: (row) => row.service.disabled_reason, column: "offered" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  removable: false,
  // Few may see hosts: nothing is asked before it is known who.
  visible: () => known.value,
  panels: [{ name: "room", component: HostRoom }],
  relations: [{ to: "servers", query: (row) => ({ all_tenants: "true", host: row.hypervisor_hostname }) }],
  broken: (row) => (row.state === "down" ? t("hosts.broken") : null),
});
