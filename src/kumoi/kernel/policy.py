"""Permissions of routes: a role within a scope, declared on the route. The logic checks the owner of the row:
`Who.sees` for reading (404), `must_change` for changing (403 for callers who may only see it)."""

from collections.abc import Callable
from dataclasses import dataclass

from kumoi.kernel.errors import PolicyForbids
from kumoi.kernel.who import Who


@dataclass(frozen=True)
class Policy:
    """`role` None: any token is sufficient. `scopes`: the accepted scopes of tokens. `token` False: no token is
    required.

    The admin of a project may do what a system admin may do, as in OpenStack's defaults.
    """

    name: str
    role: str | None
    scopes: frozenset[str]
    token: bool = True
    service_decides: bool = False
    """Of a request whose token, if there is one, is valid: see by_service."""
    signed: bool = False
    """The request carries a signature instead of a token: see by_signature."""
    lets_in: Callable[[Who], bool] | None = None
    """Where the service decides by the resource: whether it lets the caller in for at least one resource, as far as that
    follows from roles and scope. It refuses nothing; `/kumoi/v1/permissions` tells it to the caller beforehand."""

    def allows(self, who: Who) -> bool:
        if not self.token:
            return True
        if self.role is None:
            return bool(who.user_id)
        if self.role not in who.roles:
            return False
        return who.scope in self.scopes or who.is_admin

    def offers(self, who: Who) -> bool:
        """Whether the caller may expect to be let in: what `allows`, and what the service is known to decide."""
        return self.allows(who) and (self.lets_in is None or self.lets_in(who))


_PROJECT = frozenset({"project"})
_PROJECT_SYSTEM = frozenset({"project", "system"})
_ALL = frozenset({"project", "system", "domain"})


def public() -> Policy:
    """No token: discovery, health, login."""
    return Policy("public", None, frozenset(), token=False)


def by_service(name: str, lets_in: Callable[[Who], bool]) -> Policy:
    """The service itself decides, by what stands beside the thing that is asked for: access lists that may let in
    callers without a token. It owes strangers 401, and everybody else whom it does not let in 403. `lets_in`: whom it lets
    in without such a list."""
    return Policy(name, None, frozenset(), token=False, service_decides=True, lets_in=lets_in)


def by_signature() -> Policy:
    """No token: the request is signed with a key of its caller. The service checks it (`Service.identify`) before a handler
    runs, and then decides as with by_service."""
    return Policy("signature", None, frozenset(), token=False, signed=True)


def authenticated(lets_in: Callable[[Who], bool] | None = None) -> Policy:
    """Any valid token, unscoped too. `lets_in`: whom the service does not refuse after that; None: nobody is refused
    who asks for what is the caller's own."""
    return Policy("authenticated", None, frozenset({"none"}) | _ALL, lets_in=lets_in)


def reader() -> Policy:
    """Reads within a project; system readers too."""
    return Policy("reader", "reader", _PROJECT_SYSTEM)


def member() -> Policy:
    """Changes within a project. With a token of the system only an admin may call it: a member or manager of the system
    may only read."""
    return Policy("member", "member", _PROJECT)


def admin() -> Policy:
    """The cloud's admin."""
    return Policy("admin", "admin", _PROJECT_SYSTEM)


def admin_of_visible() -> Policy:
    """Admins. The logic refuses others: with 404 what they may not see, with 403 what they may."""
    return Policy("admin-of-visible", "reader", _PROJECT_SYSTEM, lets_in=admin().allows)


def member_of_visible() -> Policy:
    """As `admin_of_visible`, for members."""
    return Policy("member-of-visible", "reader", _PROJECT_SYSTEM, lets_in=member().allows)


def any_scope(role: str) -> Policy:
    """A role in a project, domain or the system. The logic checks the rest."""
    return Policy(f"{role}-any-scope", role, _ALL)


def must_change(who: Who, project_id: str | None, rule: str) -> None:
    """PolicyForbids with `rule` if the caller may not change resources of this project. Check `who.sees` first, so that
    an invisible resource is not found."""
    if not who.changes(project_id):
        raise PolicyForbids(rule)
