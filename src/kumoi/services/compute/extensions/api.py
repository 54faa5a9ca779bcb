"""Routes of extensions. The list contains those that exist here; older clients check it before they use one."""

from typing import Any

import msgspec

from kumoi.kernel import policy
from kumoi.kernel.errors import NotFound
from kumoi.kernel.http import Request
from kumoi.kernel.queries import Nothing
from kumoi.kernel.routes import Routes
from kumoi.kernel.shapes import under

routes = Routes()


class Extension(msgspec.Struct, kw_only=True):
    name: str
    alias: str
    description: str
    links: list[str]
    namespace: str
    updated: str


EXTENSIONS = {
    "NMN": "Multinic",
    "OS-DCF": "DiskConfig",
    "OS-EXT-AZ": "ExtendedAvailabilityZone",
    "OS-EXT-IMG-SIZE": "ImageSize",
    "OS-EXT-IPS": "ExtendedIps",
    "OS-EXT-IPS-MAC": "ExtendedIpsMac",
    "OS-EXT-SRV-ATTR": "ExtendedServerAttributes",
    "OS-EXT-STS": "ExtendedStatus",
    "OS-FLV-DISABLED": "FlavorDisabled",
    "OS-FLV-EXT-DATA": "FlavorExtraData",
    "OS-SCH-HNT": "SchedulerHints",
    "OS-SRV-USG": "ServerUsage",
    "os-admin-actions": "AdminActions",
    "os-aggregates": "Aggregates",
    "os-attach-interfaces": "AttachInterfaces",
    "os-availability-zone": "AvailabilityZone",
    "os-block-device-mapping-v2-boot": "BlockDeviceMappingV2Boot",
    "os-config-drive": "ConfigDrive",
    "os-console-output": "ConsoleOutput",
    "os-consoles": "Consoles",
    "os-deferred-delete": "DeferredDelete",
    "os-extended-volumes": "ExtendedVolumes",
    "os-flavor-access": "FlavorAccess",
    "os-flavor-extra-specs": "FlavorExtraSpecs",
    "os-flavor-manage": "FlavorManage",
    "os-flavor-rxtx": "FlavorRxtx",
    "os-flavor-swap": "FlavorSwap",
    "os-floating-ip-pools": "FloatingIpPools",
    "os-floating-ips": "FloatingIps",
    "os-hosts": "Hosts",
    "os-hypervisors": "Hypervisors",
    "os-instance-actions": "InstanceActions",
    "os-instance_usage_audit_log": "OSInstanceUsageAuditLog",
    "os-keypairs": "Keypairs",
    "os-migrations": "Migrations",
    "os-networks": "Networks",
    "os-quota-class-sets": "QuotaClasses",
    "os-quota-sets": "Quotas",
    "os-security-groups": "SecurityGroups",
    "os-server-external-events": "ServerExternalEvents",
    "os-server-groups": "ServerGroups",
    "os-server-password": "ServerPassword",
    "os-server-start-stop": "ServerStartStop",
    "os-services": "Services",
    "os-simple-tenant-usage": "SimpleTenantUsage",
    "os-tenant-networks": "OSTenantNetworks",
    "os-used-limits": "UsedLimits",
    "os-user-data": "UserData",
    "os-volumes": "Volumes",
}
"""Alias → name."""


def _shown(alias: str) -> dict[str, Any]:
    name = EXTENSIONS[alias]
    return {
        "alias": alias, "name": name, "description": f"{name} of servers.", "links": [], "namespace": "",
        "updated": "2014-12-03T00:00:00Z",
    }  # fmt: skip


@routes.get(
    "/extensions", policy=policy.reader(), query=Nothing, mode="live", reply=under("extensions", list[Extension])
)
def index(request: Request) -> dict[str, Any]:
    return {"extensions": [_shown(alias) for alias in EXTENSIONS]}


@routes.get("/extensions/{alias}", policy=policy.reader(), mode="live", reply=under("extension", Extension))
def show(request: Request, alias: str) -> dict[str, Any]:
    if alias not in EXTENSIONS:
        raise NotFound(f"There is no extension {alias[:255]}.")
    return {"extension": _shown(alias)}
