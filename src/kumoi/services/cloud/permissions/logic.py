"""Which routes the roles of a caller allow."""

from functools import lru_cache

import msgspec

from kumoi.kernel.errors import NotFound
from kumoi.kernel.routes import declared
from kumoi.kernel.who import Who
from kumoi.services.cloud.permissions.schemas import Permission


def of(who: Who, service: str | None) -> list[Permission]:
    """Whether a resource is the caller's own is not decided here: members may change what belongs to their project.
    Access lists of containers are not looked at either."""
    if service is not None and service not in declared:
        raise NotFound(f"There is no service {service}; there are: {', '.join(sorted(declared))}.")
    # Policies look at nothing else of a caller.
    caller = Who(
        user_id="x",
        project_id=who.project_id and "x",
        domain_id=who.domain_id and "x",
        system=who.system,
        roles=who.roles,
        application_credential_id=who.application_credential_id and "x",
    )
    return [each for each in _every(caller) if service in (None, each.service)]


@lru_cache(maxsize=64)
def _every(who: Who) -> tuple[Permission, ...]:
    found = {
        Permission(
            service=service.type, method=route.method, path=service.prefix + route.described_path,
            action=route.action or msgspec.UNSET,
        )
        for service in declared.values()
        for route in service.each()
        if route.policy.offers(who) and route.status != 501
    }  # fmt: skip
    return tuple(sorted(found, key=lambda each: (each.service, each.path, each.method, str(each.action))))
