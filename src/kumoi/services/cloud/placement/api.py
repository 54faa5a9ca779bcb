"""Routes of dry runs."""

from kumoi.kernel import policy
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Routes
from kumoi.services.cloud.placement import logic, schemas

routes = Routes()


@routes.post(
    "/placement/dry-run", policy=policy.reader(), body=schemas.Question, reply=schemas.Answer, status=200, mode="read"
)
def dry_run(request: Request, body: schemas.Question) -> schemas.Answer:
    """Claims nothing. Another server may take the capacity before a server is created."""
    found = logic.ask(
        request.tx, request.who, body.flavor, body.resources, body.required_traits, volume_backed=body.volume_backed
    )
    answer = schemas.Answer(fits=found.fits, shortfall=found.shortfall)
    if request.who.is_admin:
        answer.hosts = [schemas.Host(name=name, reasons=reasons) for name, reasons in sorted(found.hosts.items())]
    return answer
