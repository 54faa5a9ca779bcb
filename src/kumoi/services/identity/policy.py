"""Permissions in identity, as in OpenStack's defaults: admins may do everything, domain managers change their domain,
readers of the system or a domain read, and every user reads their own data."""

from collections.abc import Callable, Collection, Sequence

from kumoi.kernel import policy as policies
from kumoi.kernel.database import Transaction
from kumoi.kernel.who import Who
from kumoi.services.identity.errors import NotAllowed

_above_domains: list[Callable[[Transaction, str, str], bool]] = []


_losses: list[Callable[[Transaction, Sequence[str] | None], None]] = []


def when_roles_are_lost(
    function: Callable[[Transaction, Sequence[str] | None], None],
) -> Callable[[Transaction, Sequence[str] | None], None]:
    """Decorator. The function is called in the transaction in which users may have lost roles; None: any user."""
    _losses.append(function)
    return function


def roles_lost(tx: Transaction, user_ids: Sequence[str] | None) -> None:
    for function in _losses:
        function(tx, user_ids)


_ends: list[Callable[[Transaction, Collection[tuple[str, str]]], None]] = []


def when_grants_end(
    function: Callable[[Transaction, Collection[tuple[str, str]]], None],
) -> Callable[[Transaction, Collection[tuple[str, str]]], None]:
    """Decorator. The function is called with (user id, project id) in the transaction in which a grant of the user
    itself on the project ends."""
    _ends.append(function)
    return function


def grants_ended(tx: Transaction, grants: Collection[tuple[str, str]]) -> None:
    for function in _ends if grants else ():
        function(tx, grants)


def above_domains(function: Callable[[Transaction, str, str], bool]) -> Callable[[Transaction, str, str], bool]:
    """Decorator: it says whether an actor (its kind, its id) reaches beyond its domain."""
    _above_domains.append(function)
    return function


MANAGED_ROLES = ("manager", "member", "reader")
"""Roles that a domain manager may grant."""


def is_admin(who: Who) -> bool:
    """Whether the caller has the admin role in any scope, also a domain. Actions on the whole cloud check who.is_admin
    instead."""
    return "admin" in who.roles


def reads_all(who: Who) -> bool:
    """Admins and readers of the system."""
    return is_admin(who) or who.sees(None)


def may_read(who: Who, domain_id: str | None) -> bool:
    """Whether the caller may read resources of this domain; None: of no domain."""
    return reads_all(who) or _within(who, domain_id, "reader")


def may_change(who: Who, domain_id: str | None) -> bool:
    return is_admin(who) or _within(who, domain_id, "manager")


def _within(who: Who, domain_id: str | None, role: str) -> bool:
    return domain_id is not None and who.domain_id == domain_id and role in who.roles


def check_read(who: Who, domain_id: str | None, action: str) -> None:
    """NotAllowed with `action` in OpenStack's spelling (`list_users`)."""
    if not may_read(who, domain_id):
        raise NotAllowed(action)


def check_change(who: Who, domain_id: str | None, action: str) -> None:
    if not may_change(who, domain_id):
        raise NotAllowed(action)


def check_not_above(tx: Transaction, who: Who, actor_kind: str, actor_id: str, action: str) -> None:
    """A domain manager may not change an account in the domain whose roles exceed it (an admin, a user of the system, a
    service), because this would give the manager control of the cloud."""
    if not _above_domains:
        raise RuntimeError("assignments are not loaded, so roles beyond a domain are unknown")
    if not is_admin(who) and any(function(tx, actor_kind, actor_id) for function in _above_domains):
        raise NotAllowed(action)


def check_admin(who: Who, action: str) -> None:
    """For resources of the whole cloud: roles, the catalogue, domains. A token of a domain is not sufficient."""
    if not who.is_admin:
        raise NotAllowed(action)


def check_reads_all(who: Who, action: str) -> None:
    if not reads_all(who):
        raise NotAllowed(action)


def listed_domain(who: Who, asked: str | None, action: str) -> str | None:
    """The domain to filter a list by: the requested one, else that of the token. NotAllowed if the caller may not read
    it."""
    check_read(who, asked or who.domain_id, action)
    return asked or who.domain_id


def home_domain(who: Who) -> str:
    """The default domain of a new resource: the domain of the caller's scope, else `default`."""
    return who.domain_id or who.project_domain_id or "default"


def check_not_of_domain(who: Who, action: str) -> None:
    """For actions that need a token of a project or the system."""
    if who.domain_id is not None:
        raise NotAllowed(action)


def _in_domain(who: Who, role: str) -> bool:
    return who.domain_id is not None and role in who.roles


def _reads(who: Who) -> bool:
    return reads_all(who) or _in_domain(who, "reader")


def _changes(who: Who) -> bool:
    return is_admin(who) or _in_domain(who, "manager")


def _outside_domains(who: Who) -> bool:
    return who.domain_id is None


# The policies of routes. Any token may call them; the checks above decide by the resource.

OWN = policies.authenticated()
"""Everybody, for what is the caller's own."""
OWN_BY_PERSON = policies.authenticated(lambda who: not who.application_credential_id)
OWN_OUTSIDE_DOMAINS = policies.authenticated(_outside_domains)
MAKERS_OF_KEYS = policies.authenticated(
    lambda who: _outside_domains(who) and "member" in who.roles and not who.application_credential_id
)
MAKERS_OF_CREDENTIALS = policies.authenticated(
    lambda who: who.project_id is not None and not who.application_credential_id
)
"""An unrestricted application credential may too; which ones are, the roles do not tell."""
REMOVERS = policies.authenticated(lambda who: _outside_domains(who) and not who.application_credential_id)
SCOPED = policies.authenticated(lambda who: who.scope != "none")
READERS_OR_OF_PROJECT = policies.authenticated(lambda who: _reads(who) or who.project_id is not None)
READERS_OR_OF_DOMAIN = policies.authenticated(lambda who: reads_all(who) or who.scope in ("project", "domain"))
READERS = policies.authenticated(_reads)
READERS_OF_ALL = policies.authenticated(lambda who: reads_all(who) and _outside_domains(who))
READERS_OF_ROLES = policies.authenticated(lambda who: reads_all(who) or _in_domain(who, "manager"))
MANAGERS = policies.authenticated(_changes)
ADMINS = policies.authenticated(lambda who: who.is_admin)
SERVICES = policies.authenticated(lambda who: who.is_admin or "service" in who.roles)
