"""The identity service: where it answers and which resources it has."""

from typing import Any

from kumoi.kernel.routes import Service
from kumoi.services.identity import errors
from kumoi.services.identity.application_credentials.api import routes as application_credentials
from kumoi.services.identity.assignments.api import routes as assignments
from kumoi.services.identity.catalog.api import routes as catalog
from kumoi.services.identity.credentials.api import routes as credentials
from kumoi.services.identity.domains.api import routes as domains
from kumoi.services.identity.groups.api import routes as groups
from kumoi.services.identity.projects.api import routes as projects
from kumoi.services.identity.roles.api import routes as roles
from kumoi.services.identity.tokens.api import routes as tokens
from kumoi.services.identity.users.api import routes as users


def discovery(service: Service, base_url: str) -> dict[str, Any]:
    version = {
        "id": "v3.14",
        "status": "stable",
        "updated": "2020-04-07T00:00:00Z",
        "links": [{"rel": "self", "href": f"{base_url}{service.prefix}/"}],
        "media-types": [{"base": "application/json", "type": "application/vnd.openstack.identity-v3+json"}],
    }
    return {"versions": {"values": [version]}, "version": version}


SERVICE = Service(
    type="identity",
    name="keystone",
    prefix="/identity/v3",
    root=errors.ROOT,
    catalog_type="identity",
    catalog_path="/identity",
    routes=(
        tokens,
        catalog,
        domains,
        projects,
        users,
        groups,
        roles,
        assignments,
        application_credentials,
        credentials,
    ),
    render_error=errors.render,
    discovery=discovery,
    discovery_status=300,
    over_quota_status=403,
    tables="identity_",
    absent="The resource could not be found.",
)
