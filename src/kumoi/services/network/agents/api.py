"""Routes of agents, which exist for admins only."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, partials, under
from kumoi.services.network.agents import live, schemas
from kumoi.services.network.listing import chosen, chosen_one

routes = Routes()


@routes.get("/agents", policy=policy.reader(), mode="live", reply=under("agents", partials(schemas.Agent)))
def index(request: Request) -> dict[str, Any]:
    if not request.who.sees(None):
        return {"agents": []}
    paging = ("fields", "limit", "marker", "sort_key", "sort_dir", "page_reverse")
    filters = {name: values for name, values in request.params.items() if name not in paging}
    return {"agents": chosen(live.index(request.engine, filters), request.params.get("fields", ()))}


@routes.get("/agents/{agent_id}", policy=policy.reader(), mode="live", reply=under("agent", partial(schemas.Agent)))
def show(request: Request, agent_id: str) -> dict[str, Any]:
    if not request.who.sees(None):
        raise live.AgentNotFound(agent_id)
    return {"agent": chosen_one(request, live.show(request.engine, agent_id))}
