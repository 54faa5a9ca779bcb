"""Routes of agents."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.network.agents import live
from kumoi.services.network.listing import chosen, chosen_one

routes = Routes()


@routes.get("/agents", policy=policy.admin(), mode="live")
def index(request: Request) -> dict[str, Any]:
    paging = ("fields", "limit", "marker", "sort_key", "sort_dir", "page_reverse")
    filters = {name: values for name, values in request.params.items() if name not in paging}
    return {"agents": chosen(live.index(request.engine, filters), request.params.get("fields", ()))}


@routes.get("/agents/{agent_id}", policy=policy.admin(), mode="live")
def show(request: Request, agent_id: str) -> dict[str, Any]:
    return {"agent": chosen_one(request, live.show(request.engine, agent_id))}
