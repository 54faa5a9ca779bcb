"""A cloud with four persons and three projects that contains every kind of resource, marked by its owner.

Project `ours` belongs to admin, member and reader; `theirs` to a neighbour; `strange` to a stranger, who has nothing
else. The neighbour has everything twice: resources whose ids others may learn, and resources that nobody else may ever
see.
"""

import base64
import json
import re
from dataclasses import dataclass, field
from typing import Any

from kumoi import app
from kumoi.engines.objects.interface import Object, ObjectStore, Stored, Versioning, Writing
from kumoi.kernel import randomness, reconcile
from kumoi.kernel.database import Transaction, metadata
from kumoi.kernel.tokens import Keys
from kumoi.services.identity import facade
from kumoi.services.image.images import store as images
from kumoi.services.object_store import listings
from kumoi.services.object_store.versions.logic import id_of
from tests import examples
from tests.fuzz.examples import EXAMPLES
from tests.matrix.places import Place
from tests.services.identity.cloud import PASSWORDS, hashes
from tests.stepped import SteppedCloud

GIB = 1 << 30
V3, V2, NOVA, CINDER = "/identity/v3", "/network/v2.0", "/compute/v2.1", "/volume/v3"
PERSONS = ("admin", "member", "reader", "stranger")
ROLE_OF = {"admin": "admin", "member": "member", "reader": "reader"}
MARKS = {"ours": "0f-ours", "theirs": "0f-theirs", "hidden": "0f-hidden"}
"""Contained in every name, description and secret of a project's resources."""
NEWEST = {"compute": "2.96", "volume": "3.71"}
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIKF0cn+XU0CldHzQr+mM8RoXmk+jUSNrzHD1oI+l7jcN x"


@dataclass
class Things:
    """Ids of one project, by the names that paths and bodies use."""

    ids: dict[str, list[str]] = field(default_factory=dict)

    def add(self, kind: str, id: str) -> str:
        self.ids.setdefault(kind, []).append(id)
        return id


@dataclass
class Furnished:
    """A cloud and its contents."""

    cloud: SteppedCloud
    place: Place
    users: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Person → user's name, project's id."""
    projects: dict[str, str] = field(default_factory=dict)
    things: dict[str, Things] = field(default_factory=dict)
    """ours, theirs, hidden; `everybody`: what belongs to no project."""

    def log_in(self, person: str) -> str:
        """A new token, for the person's project."""
        name, project = self.users[person]
        user = {"name": name, "domain": {"id": "default"}, "password": PASSWORDS.get(name, f"{name} password")}
        identity = {"methods": ["password"], "password": {"user": user}}
        auth = {"identity": identity, "scope": {"project": {"id": project}}}
        answered = self.cloud.post(f"{V3}/auth/tokens?nocatalog", as_=None, json={"auth": auth})
        assert answered.status_code == 201, answered.text
        return str(answered.headers["X-Subject-Token"])


class Furnisher:
    def __init__(self, place: Place) -> None:
        Keys.create(place.folder / "keys")
        cloud = SteppedCloud(place.folder, place.url, authenticator=facade.authenticator(place.folder / "keys"))
        self.made = Furnished(cloud, place)
        self.cloud = cloud
        self.token = ""

    def furnish(self) -> Furnished:
        made, cloud = self.made, self.cloud
        cloud.database.write(lambda tx: app.begin_services(tx, cloud.settings, hashes(PASSWORDS)))
        reconcile.run_sweeps(cloud.database, cloud.locate)
        everybody = made.things["everybody"] = Things()
        admin_project = self._named("admin")
        made.users["admin"] = ("admin", admin_project)
        self.token = admin = made.log_in("admin")
        # A network's project sees the ports of all its users, so this network belongs to no tested project.
        outside = self._post(f"{V2}/networks", network={"name": "outside", "router:external": True})["id"]
        self._post(f"{V2}/subnets", subnet={"network_id": outside, "cidr": "172.24.0.0/16", "ip_version": 4})
        everybody.add("network", outside)
        roles = {role["name"]: role["id"] for role in self._get(f"{V3}/roles")["roles"]}
        for project in ("ours", "theirs", "strange"):
            made.projects[project] = self._post(f"{V3}/projects", project={"name": f"{MARKS.get(project, project)}-p"})[
                "id"
            ]
        homes = {"member": "ours", "reader": "ours", "stranger": "strange", "neighbour": "theirs", "owner": "ours"}
        for person, home in homes.items():
            name = f"{MARKS.get(home, home)}-{person}"
            user = self._post(f"{V3}/users", user={"name": name, "password": f"{name} password"})
            role = roles[ROLE_OF.get(person, "member")]
            self._put(f"{V3}/projects/{made.projects[home]}/users/{user['id']}/roles/{role}")
            made.users[person] = (name, made.projects[home])
        self._put(f"{V3}/projects/{made.projects['ours']}/users/{self._named('admin', 'users')}/roles/{roles['admin']}")
        made.users["admin"] = ("admin", made.projects["ours"])
        self.token = admin = made.log_in("admin")
        everybody.add("image", self._image("public", admin_project, "public"))
        self._cloud_wide(everybody, roles)
        for mark, person, times in (("ours", "owner", 2), ("theirs", "neighbour", 1), ("hidden", "neighbour", 1)):
            made.things[mark] = Things()
            for number in range(times):
                self.token = made.log_in(person)
                self._project(made.things[mark], mark, person, number, outside)
        for kind, ids in made.things["hidden"].ids.items():
            known = made.things["theirs"].ids.get(kind, [])
            made.things["hidden"].ids[kind] = [id for id in ids if id not in known]
        self.token = admin
        cloud.settle()
        servers = self._get(f"{NOVA}/servers/detail?all_tenants=1")["servers"]
        assert {server["status"] for server in servers} == {"ACTIVE"}, servers
        return made

    def _cloud_wide(self, things: Things, roles: dict[str, str]) -> None:
        for role in roles.values():
            things.add("role", role)
        for kind in ("services", "endpoints", "regions"):
            for one in self._get(f"{V3}/{kind}")[kind][:6]:
                things.add(kind[:-1], one["id"])
        things.add("domain", "default")
        things.add("domain", self._post(f"{V3}/domains", domain={"name": "spare"})["id"])
        things.add("group", self._post(f"{V3}/groups", group={"name": "group"})["id"])
        for flavor in self._get(f"{NOVA}/flavors")["flavors"][:3]:
            things.add("flavor", flavor["id"])
        for one in self._get(f"{NOVA}/os-hypervisors")["hypervisors"]:
            things.add("hypervisor", one["id"])
        for one in self._get(f"{NOVA}/os-services")["services"]:
            things.add("compute_service", one["id"])
        things.add("group_type", self._post(f"{CINDER}/group_types", group_type={"name": "together"})["id"])
        for one in self._get(f"{CINDER}/types")["volume_types"]:
            things.add("type", one["id"])
        for one in self._get("/placement/resource_providers")["resource_providers"]:
            things.add("provider", one["uuid"])
        for one in self._get(f"{V2}/agents")["agents"]:
            things.add("agent", one["id"])

    def _message(self, project: str, text: str) -> str:
        """The message of a failed operation on a volume."""
        message_id, messages = randomness.new_uuid(), metadata.tables["block_storage_messages"]
        values = {
            "id": message_id, "project_id": project, "event_id": "VOLUME_VOLUME_001_001", "resource_type": "VOLUME",
            "resource_id": randomness.new_uuid(), "level": "ERROR", "text": text, "request_id": "req-1",
        }  # fmt: skip
        self.cloud.database.write(lambda tx: tx.insert(messages, **values, created_at=tx.now))
        return message_id

    def _object(self, things: Things, account: str, text: str) -> None:
        data = f"{text}-data".encode()

        def make(tx: Writing) -> list[str]:
            """The ids of its versions."""
            made = tx.put_container(account, text, {"x-container-meta-mark": text}, "default")
            tx.set_versioning(made, Versioning.ENABLED)
            container = tx.container(account, text)
            assert container is not None
            stored = Stored(len(data), "0" * 32, data, None)
            entry = listings.entry(text, stored.etag, stored.size, "text/plain", tx.now)
            described = {
                "size": len(data),
                "etag": stored.etag,
                "content_type": "text/plain",
                "at": tx.now,
                "entry": entry,
            }
            versions = [Object(name=text, **described) for _ in range(2)]
            for each in versions:
                tx.put_object(container, each, stored)
            return [id_of(each) for each in versions]

        for id in self.cloud.engines[ObjectStore].write(make).result():
            things.add("object_version", id)
        things.add("container", text)
        things.add("object", text)

    def _project(self, things: Things, mark: str, person: str, number: int, outside: str) -> None:
        """One of every kind that a member can create."""
        made, text = self.made, f"{MARKS[mark]}-{number}"
        project = made.users[person][1]
        named = {"name": text, "description": text}
        things.add("project", project)
        user = things.add(
            "user", self._get(f"{V3}/auth/tokens", **{"X-Subject-Token": self.token})["token"]["user"]["id"]
        )
        credential = {"name": text, "description": text, "secret": f"{text}-secret"}
        path = f"{V3}/users/{user}"
        things.add(
            "application_credential",
            self._post(f"{path}/application_credentials", application_credential=credential)["id"],
        )
        things.add(
            "credential",
            self._post(
                f"{V3}/credentials", credential={"type": "cert", "blob": text, "user_id": user, "project_id": project}
            )["id"],
        )
        things.add("access", self._post(f"{path}/credentials/OS-EC2", bare={"tenant_id": project})["access"])
        things.add("message", self._message(project, text))
        self._object(things, things.add("account", f"AUTH_{project}"), text)
        network = things.add("network", self._post(f"{V2}/networks", network=named)["id"])
        subnet = things.add(
            "subnet",
            self._post(
                f"{V2}/subnets", subnet={**named, "network_id": network, "cidr": "10.0.0.0/24", "ip_version": 4}
            )["id"],
        )
        group = things.add("security_group", self._post(f"{V2}/security-groups", security_group=named)["id"])
        rule = {"security_group_id": group, "direction": "ingress", "protocol": "tcp", "description": text}
        things.add("rule", self._post(f"{V2}/security-group-rules", security_group_rule=rule)["id"])
        router = things.add(
            "router",
            self._post(f"{V2}/routers", router={**named, "external_gateway_info": {"network_id": outside}})["id"],
        )
        self._put(f"{V2}/routers/{router}/add_router_interface", json={"subnet_id": subnet})
        port = things.add("port", self._post(f"{V2}/ports", port={**named, "network_id": network})["id"])
        things.add("port", self._post(f"{V2}/ports", port={**named, "network_id": network})["id"])
        things.add(
            "floating_ip",
            self._post(
                f"{V2}/floatingips", floatingip={"floating_network_id": outside, "port_id": port, "description": text}
            )["id"],
        )
        keypair = things.add(
            "keypair", self._post(f"{NOVA}/os-keypairs", keypair={"name": text, "public_key": KEY})["name"]
        )
        image = things.add("image", self._image(text, project, "private"))
        server = {
            **named, "flavorRef": "1", "imageRef": image, "networks": [{"port": port}], "key_name": keypair,
            "metadata": {"mark": text}, "tags": [text], "user_data": base64.b64encode(f"{text}-data".encode()).decode(),
        }  # fmt: skip
        for _ in range(2):
            things.add("server", self._post(f"{NOVA}/servers", server=server)["id"])
            server["networks"] = [{"uuid": network}]
        volumes = [
            things.add(
                "volume", self._post(f"{CINDER}/volumes", volume={**named, "size": 1, "metadata": {"mark": text}})["id"]
            )
            for _ in range(2)
        ]
        self.cloud.settle()
        things.add("snapshot", self._post(f"{CINDER}/snapshots", snapshot={**named, "volume_id": volumes[0]})["id"])
        self._post(
            f"{NOVA}/servers/{things.ids['server'][-1]}/os-volume_attachments",
            volumeAttachment={"volumeId": volumes[1]},
        )
        self.cloud.settle()
        for one in self._get(f"{CINDER}/attachments")["attachments"]:
            things.add("attachment", one["id"])
        for one in self._get("/kumoi/v1/operations")["operations"][:3]:
            things.add("operation", one["id"])
        self._by_example(things, text)

    def _by_example(self, things: Things, text: str) -> None:
        """Create missing kinds from their resources' own examples. The fuzz then also sends bodies like these."""
        for service, route, kind in examples.creating():
            if kind in things.ids:
                continue
            example = examples.of(service, route)
            assert example is not None
            path, body = example(_AsOwner(self))
            EXAMPLES.setdefault(f"{route.method} {path}", [body])
            envelope, values = next(iter(body.items()))
            if isinstance(values, dict) and "name" in values:
                body = {envelope: {**values, "name": _marked(values["name"], text)}}
            elif "name" in body:
                body = {**body, "name": _marked(body["name"], text)}
            things.add(kind, self._post(path, bare=body)["id"])

    def _image(self, name: str, owner: str, visibility: str) -> str:
        """An image that was sent long ago."""

        def write(tx: Transaction) -> str:
            id = str(tx.new_uuid())
            row = {
                "id": id, "name": name, "status": "active", "visibility": visibility, "owner": owner,
                "protected": False, "os_hidden": False, "disk_format": "qcow2", "container_format": "bare",
                "min_disk": 0, "min_ram": 0, "size": 1000, "virtual_size": GIB, "checksum": None,
                "os_hash_algo": None, "os_hash_value": None, "upload": None, "upload_seen_at": None,
            }  # fmt: skip
            images.insert(tx, row, {"mark": name}, [name])
            return id

        id = self.cloud.database.write(write)
        (self.cloud.folder.images / id).write_bytes(b"\0" * 1000)
        return id

    def _named(self, name: str, kind: str = "projects") -> str:
        from kumoi.services.identity.project_rows import store as projects
        from kumoi.services.identity.users import store as users

        store = projects if kind == "projects" else users
        return str(self.cloud.database.read(lambda tx: store.named(tx, name, "default"))["id"])

    def _ask(self, method: str, path: str, **more: Any) -> Any:
        version = NEWEST.get(path.split("/")[1])
        answered = self.cloud.call(method, path, as_=self.token, version=version, **more)
        assert answered.status_code < 300, f"{method} {path} {answered.text} {json.dumps(more)}"
        return answered.json if answered.content else {}

    def _get(self, path: str, **headers: str) -> Any:
        return self._ask("GET", path, headers=headers)

    def _put(self, path: str, **more: Any) -> Any:
        return self._ask("PUT", path, **more)

    def _post(self, path: str, bare: Any = None, **body: Any) -> Any:
        """The created resource, without its envelope."""
        answered = self._ask("POST", path, json=bare if bare is not None else body)
        return next(iter(answered.values())) if len(answered) == 1 else answered


def _marked(name: str, text: str) -> str:
    """The example's name with `text` as its first word. The rest stays, because names may need a form such as
    `one.example.`."""
    return re.sub(r"^[\w-]*", text, name, count=1)


class _AsOwner:
    """The cloud as examples call it, as the owner of the new resource."""

    def __init__(self, furnisher: Furnisher) -> None:
        self._furnisher = furnisher

    def post(self, path: str, *, as_: str = "", **more: Any) -> Any:
        return self._furnisher.cloud.post(path, as_=self._furnisher.token, **more)

    def get(self, path: str, *, as_: str = "", **more: Any) -> Any:
        return self._furnisher.cloud.get(path, as_=self._furnisher.token, **more)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._furnisher.cloud, name)
