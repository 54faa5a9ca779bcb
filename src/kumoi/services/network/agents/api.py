"""Routes of agents, which exist for admins only."""

from typing import Any

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import partial, partials, under
from kumoi.services.network.agents import live, schemas
from kumoi.services.network.listing import FIELDS, Asked, Fields, chosen, chosen_one, list_query

routes = Routes()


LIST_QUERY = list_query(live.FILTERS)


@routes.get(
    "/agents", policy=policy.reader(), mode="live", query=LIST_QUERY, reply=under("agents", partials(schemas.Agent))
)
def index(request: Request, query: Asked) -> dict[str, Any]:
    if not request.who.sees(None):
        return {"agents": []}
    return {"agents": chosen(live.index(request.engine, query.filters), query.fields)}


@routes.get(
    "/agents/{agent_id}",
    policy=policy.reader(),
    mode="live",
    query=FIELDS,
    reply=under("agent", partial(schemas.Agent)),
)
def show(request: Request, agent_id: str, query: Fields) -> dict[str, Any]:
    if not request.who.sees(None):
        raise live.AgentNotFound(agent_id)
    return {"agent": chosen_one(query, live.show(request.engine, agent_id))}
