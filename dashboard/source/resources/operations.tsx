/** Operations: the cloud's durable work, why it failed, and its steps. */

import type { cloud } from "../../generated/types";
import { resource } from "../runtime/resource";
import { OperationRow, kindTitle, stepTitle } from "../components/work";

type Operation = cloud.Operation;

const OPERATIONS = "/operations";
/** The last ones; older are asked for by a subject. */
const SHOWN = "500";

function Steps({ row }: { row: Operation }) {
  return <div class="section"><OperationRow operation={row} open /></div>;
}

export default resource<Operation>({
  name: "operations",
  group: "operator",
  order: 2,
  service: "kumoi",
  list: OPERATIONS,
  item: `${OPERATIONS}/{id}`,
  many: "operations",
  one: "operation",
  subject: "operation",
  paging: "none",
  query: { limit: SHOWN },
  title: (row) => kindTitle(row.kind),
  sort: "-created_at",
  fields: [
    { name: "kind", value: (row) => kindTitle(row.kind), width: "180px", detail: "never" },
    { name: "state", kind: "status", width: "130px" },
    { name: "step", value: (row) => stepTitle(row.step), width: "150px", detail: "never" },
    { name: "fault", width: "200px", detail: "top" },
    { name: "overdue", kind: "flag", column: "offered" },
    { name: "subjects", kind: "list", column: "offered" },
    { name: "project", kind: "link", to: "projects", value: (row) => row.project_id, column: "offered" },
    { name: "user", kind: "link", to: "users", value: (row) => row.user_id, column: "offered" },
    { name: "request", kind: "code", value: (row) => row.request_id, column: "offered" },
    { name: "created_at", kind: "time", width: "110px", detail: "top" },
    { name: "updated_at", kind: "time", column: "offered", detail: "top" },
    { name: "id", kind: "code", column: "offered", width: "290px" },
  ],
  choices: { field: "state", values: ["running", "queued", "unwinding", "undone", "done"], asked: true },
  removable: false,
  panels: [{ name: "steps", component: Steps }],
});
