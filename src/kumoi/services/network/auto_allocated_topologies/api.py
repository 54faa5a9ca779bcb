"""Routes of allocated topologies: docs.openstack.org/api-ref/network/v2/#auto-allocated-topologies."""

from collections.abc import Sequence
from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.shapes import partial, under
from kumoi.services.network.auto_allocated_topologies import logic
from kumoi.services.network.listing import FIELDS

routes = Routes()
PATH = "/auto-allocated-topology/{project_id}"
DRY_RUN = "dry-run"


class Topology(msgspec.Struct):
    id: str
    """Of the network; `dry-run=pass` when one could be made."""
    tenant_id: str
    project_id: str


@routes.get(PATH, policy=policy.reader(), mode="write", query=FIELDS, errors=(409,),
            reply=under("auto_allocated_topology", partial(Topology)))  # fmt: skip
def show(request: Request, project_id: str, query: Sequence[str]) -> dict[str, Any]:
    """Makes it, if there is none."""
    logic.may(request.who, project_id)
    if DRY_RUN in query:
        logic.check(request.tx)
        found = f"{DRY_RUN}=pass"
    else:
        found = logic.ensure(request.tx, request.who, project_id)
    return {"auto_allocated_topology": {"id": found, "tenant_id": project_id, "project_id": project_id}}


@routes.delete(PATH, policy=policy.member(), errors=(409,))
def delete(request: Request, project_id: str) -> Reply:
    logic.delete(request.tx, request.who, project_id)
    return Reply()
