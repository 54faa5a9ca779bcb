"""Routes of hosts until 2.42. Later versions have hypervisors and services instead."""

from kumoi.kernel import policy
from kumoi.kernel.errors import NotBuilt
from kumoi.kernel.http import Request
from kumoi.kernel.routes import Reply, Routes
from kumoi.kernel.versions import until
from kumoi.services.compute.os_hosts import logic, schemas

routes = Routes()
PATH = "/os-hosts"
ONE = f"{PATH}/{{host_name}}"
UNTIL = until("2.42")


@routes.get(PATH, policy=policy.admin(), query=schemas.ListQuery, reply=schemas.ListBody, versions=UNTIL)
def index(request: Request, query: schemas.ListQuery) -> schemas.ListBody:
    return schemas.ListBody(logic.listing(request.tx, query.zone, query.service))


@routes.get(ONE, policy=policy.admin(), reply=schemas.ShowBody, versions=UNTIL)
def show(request: Request, host_name: str) -> schemas.ShowBody:
    return schemas.ShowBody([schemas.Resource(each) for each in logic.amounts(request.tx, host_name)])


@routes.put(
    ONE, policy=policy.admin(), body=schemas.Update, reply=schemas.Changed, versions=UNTIL, errors=(501,)
)  # fmt: skip
def update(request: Request, host_name: str, body: schemas.Update) -> schemas.Changed:
    return schemas.Changed(host_name, logic.change(request.tx, host_name, body))


def _power(action: str) -> None:
    @routes.get(f"{ONE}/{action}", policy=policy.admin(), versions=UNTIL, errors=(501,))
    def power(request: Request, host_name: str) -> Reply:
        """As in Nova with libvirt."""
        logic.find(request.tx, host_name)
        raise NotBuilt(f"The hypervisors of this cloud do not {action} their hosts.")


for _action in ("startup", "shutdown", "reboot"):
    _power(_action)
