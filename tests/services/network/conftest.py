"""A cloud with only the network service, on fakes; and short methods to create resources."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi.services.network.service import SERVICE
from tests.cloud import Cloud

V2 = "/network/v2.0"


class Networks:
    """Short methods of the API. Every call returns the resource, or fails the test."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud

    def make(self, collection: str, as_: str = "member", **fields: Any) -> dict[str, Any]:
        name = collection.replace("-", "_").removesuffix("s")
        made = self.cloud.post(f"{V2}/{collection}", as_=as_, json={name: fields})
        assert made.status_code == 201, made.text
        found: dict[str, Any] = made.json[name]
        return found

    def show(self, collection: str, resource_id: str, as_: str = "admin") -> dict[str, Any]:
        shown = self.cloud.get(f"{V2}/{collection}/{resource_id}", as_=as_)
        assert shown.status_code == 200, shown.text
        found: dict[str, Any] = shown.json[collection.replace("-", "_").removesuffix("s")]
        return found

    def set(self, collection: str, resource_id: str, as_: str = "member", **fields: Any) -> dict[str, Any]:
        name = collection.replace("-", "_").removesuffix("s")
        changed = self.cloud.put(f"{V2}/{collection}/{resource_id}", as_=as_, json={name: fields})
        assert changed.status_code == 200, changed.text
        found: dict[str, Any] = changed.json[name]
        return found

    def drop(self, collection: str, resource_id: str, as_: str = "member") -> None:
        gone = self.cloud.delete(f"{V2}/{collection}/{resource_id}", as_=as_)
        assert gone.status_code == 204, gone.text

    def list(self, collection: str, as_: str = "member", **params: Any) -> list[dict[str, Any]]:
        seen = self.cloud.get(f"{V2}/{collection}", as_=as_, params=params)
        assert seen.status_code == 200, seen.text
        found: list[dict[str, Any]] = seen.json[collection.replace("-", "_")]
        return found

    def network(self, cidr: str | None = "10.0.0.0/24", as_: str = "member", **fields: Any) -> dict[str, Any]:
        """A network; with a subnet under `subnet` unless cidr is None."""
        network = self.make("networks", as_=as_, name=fields.pop("name", "n"), **fields)
        if cidr:
            version = 6 if ":" in cidr else 4
            network["subnet"] = self.make("subnets", as_=as_, network_id=network["id"], ip_version=version, cidr=cidr)
        return network

    def external(self, cidr: str = "172.24.4.0/24", **subnet: Any) -> dict[str, Any]:
        fields = {
            "router:external": True, "provider:network_type": "flat", "provider:physical_network": "external",
        }  # fmt: skip
        network = self.make("networks", as_="admin", name="public", project_id="a" * 32, **fields)
        network["subnet"] = self.make(
            "subnets", as_="admin", network_id=network["id"], ip_version=4, cidr=cidr, enable_dhcp=False, **subnet
        )
        return network

    def refused(self, response: Any, status: int, kind: str) -> str:
        """The message of an error in the network API's shape."""
        assert response.status_code == status, response.text
        error = response.json["NeutronError"]
        assert error["type"] == kind, error
        assert set(error) == {"type", "message", "detail"}
        return str(error["message"])


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    made = Cloud(tmp_path, f"sqlite:///{tmp_path / 'kumoi.db'}", services=[SERVICE])
    yield made
    made.close()


@pytest.fixture
def net(cloud: Cloud) -> Networks:
    return Networks(cloud)
