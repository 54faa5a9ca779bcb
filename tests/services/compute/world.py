"""What a server requires: a host, a flavor, an image, a network."""

from dataclasses import dataclass
from typing import Any

from kumoi.kernel.database import Transaction
from kumoi.services.compute import bootstrap
from kumoi.services.compute.hosts.reconcilers import presence
from kumoi.services.image.images import store as images
from tests.cloud import PROJECT

SERVERS = "/compute/v2.1/servers"
GIB = 1 << 30
LATEST = "2.96"


@dataclass
class World:
    """A cloud in which the project of `member` has an image and a network."""

    cloud: Any
    image: str
    network: str
    subnet: str

    def body(self, name: str = "one", **more: Any) -> dict[str, Any]:
        server = {"name": name, "flavorRef": "1", "imageRef": self.image, "networks": [{"uuid": self.network}]}
        server.update(more)
        return {"server": {key: value for key, value in server.items() if value is not None}}

    def ask(self, name: str = "one", as_: str = "member", version: str = LATEST, **more: Any) -> Any:
        """The response of a POST."""
        return self.cloud.post(SERVERS, as_=as_, version=version, json=self.body(name, **more))

    def boot(self, name: str = "one", **more: Any) -> str:
        """The id of a server that is ACTIVE."""
        made = self.ask(name, **more)
        assert made.status_code == 202, made.text
        self.cloud.settle()
        server_id = str(made.json["server"]["id"])
        assert self.show(server_id)["status"] == "ACTIVE", self.show(server_id, as_="admin")
        return server_id

    def show(self, server_id: str, as_: str = "member", version: str = LATEST) -> dict[str, Any]:
        shown = self.cloud.get(f"{SERVERS}/{server_id}", as_=as_, version=version)
        assert shown.status_code == 200, shown.text
        return dict(shown.json["server"])

    def act(self, server_id: str, action: str, argument: Any = None, as_: str = "member", version: str = LATEST) -> Any:
        return self.cloud.post(f"{SERVERS}/{server_id}/action", as_=as_, version=version, json={action: argument})

    def gone(self, server_id: str) -> bool:
        return bool(self.cloud.get(f"{SERVERS}/{server_id}").status_code == 404)

    def nothing_is_left(self) -> None:
        """Tables and engines agree, and no guest is there."""
        self.cloud.settle()
        assert self.cloud.audit() == []


def make(cloud: Any) -> World:
    image_id = "6e4ac1f0-5bd6-4d56-8b0b-d0bb4a0c5d3e"

    def begin(tx: Transaction) -> None:
        bootstrap.bootstrap(tx, cloud.settings, {})
        images.insert(
            tx,
            {
                "id": image_id, "name": "guest", "status": "active", "visibility": "public", "owner": PROJECT,
                "protected": False, "os_hidden": False, "disk_format": "qcow2", "container_format": "bare",
                "min_disk": 0, "min_ram": 0, "size": 1000, "virtual_size": GIB, "checksum": None, "os_hash_algo": None,
                "os_hash_value": None, "upload": None, "upload_seen_at": None,
            },
            {}, [],
        )  # fmt: skip

    (cloud.folder.images / image_id).write_bytes(b"\0" * 1000)
    cloud.database.write(begin)
    from kumoi.kernel.reconcile import View

    presence.sweep(View(cloud.database, cloud.locate))
    network = cloud.post("/network/v2.0/networks", json={"network": {"name": "private"}}).json["network"]
    subnet = cloud.post(
        "/network/v2.0/subnets",
        json={"subnet": {"network_id": network["id"], "cidr": "10.0.0.0/16", "ip_version": 4}},
    ).json["subnet"]
    cloud.settle()
    return World(cloud, image_id, network["id"], subnet["id"])
