"""Routes of events."""

from kumoi.kernel import clock, policy
from kumoi.kernel.errors import BadRequest
from kumoi.kernel.events import Wanted
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.events import logic, schemas

routes = Routes()


@routes.get("/events", policy=policy.reader(), query=schemas.ListQuery, reply=schemas.ListBody)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    wanted = Wanted(
        kind=query.kind, subject=query.subject, user_id=query.user, project_id=query.project, request_id=query.request,
        since=_instant("since", query.since), until=_instant("until", query.until),
    )  # fmt: skip
    if query.before is None:
        rows, earlier = logic.after(request.tx, request.who, query.after, query.limit, wanted), None
    elif query.after:
        raise BadRequest("Invalid input for query parameters after and before: give one of them.")
    else:
        rows, earlier = logic.before(request.tx, request.who, query.before, query.limit, wanted)
    return schemas.ListBody([schemas.event(row) for row in rows], earlier)


def _instant(field: str, text: str | None) -> int | None:
    try:
        return None if text is None else clock.parse_iso(text)
    except (ValueError, OverflowError):
        raise BadRequest(f"Invalid input for query parameter {field}: {text!r:.80} is no time in ISO 8601.") from None
