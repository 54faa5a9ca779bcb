"""Asks the host of a server for the password that its guest has set."""

from collections.abc import Callable

from kumoi.engines.hosts import Hosts
from kumoi.engines.hypervisor.interface import Hypervisor, HypervisorError
from kumoi.kernel import clock, log
from kumoi.kernel.errors import Unavailable
from kumoi.kernel.fences import Fence
from kumoi.kernel.http import Request
from kumoi.services.compute.servers.models import ServerRow


def password(request: Request, server: ServerRow) -> str:
    """Encrypted with the public key of the server's keypair, so that only its owner can read it."""
    return _ask(request, server, lambda hypervisor: hypervisor.password(server["id"])) or ""


def clear(request: Request, server: ServerRow) -> None:
    fence = Fence(f"password/{server['id']}", clock.now())
    _ask(request, server, lambda hypervisor: hypervisor.clear_password(fence, server["id"]))


def _ask(request: Request, server: ServerRow, question: Callable[[Hypervisor], str | None]) -> str | None:
    """None: there is no guest."""
    if server["host"] is None:
        return None
    try:
        return question(request.engine(Hosts).hypervisor(server["host"]))
    except HypervisorError:
        return None
    except Exception as error:
        log.say(__name__, "a host does not answer", server_id=server["id"], reason=str(error))
        raise Unavailable(f"The host of instance {server['id']} does not answer; try again.") from error
