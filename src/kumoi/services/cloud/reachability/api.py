"""Route of reachability."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.reachability import schemas
from kumoi.services.network.facade import reachability

routes = Routes()


@routes.get("/reachability", policy=policy.reader(), query=schemas.Query, reply=schemas.ShowBody)
def show(request: Request, query: schemas.Query) -> schemas.ShowBody:
    found = reachability.explain(request.tx, request.who, query.from_, query.to, query.protocol.lower(), query.port)
    source, target = found.addresses or (None, None)
    reasons = [schemas.Reason(holds=one.holds, text=one.text, ids=list(one.ids)) for one in found.reasons]
    return schemas.ShowBody(
        schemas.Reachability(reachable=found.reachable, source=source, target=target, reasons=reasons)
    )
