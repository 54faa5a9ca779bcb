"""Requests of clients for networks, routers, floating IPs, security groups and keypairs, valid and invalid."""

from collections.abc import Callable
from typing import Any

from tests.matrix.recipes import ok
from tests.services.compute.world import SERVERS
from tests.stepped import SteppedCloud

V2 = "/network/v2.0"
KEYPAIRS = "/compute/v2.1/os-keypairs"
KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ3pS9kVrqJ0wKb0p1Yb3mJQ5gYc0Xh2t0m1q5b8n7aA someone"
CIDRS = ("10.1.0.0/24", "10.1.0.0/28", "10.2.0.0/24", "192.168.0.0/29", "10.0.0.0/16", "not a range")
KEPT = "shared"
"""Networks and routers with this name belong to the stage."""


def lay_out(cloud: SteppedCloud, subnet_id: str) -> dict[str, list[str]]:
    """An external network, and a router from it to the world's; ids by kind."""
    outer = {"router:external": True, "provider:network_type": "flat", "provider:physical_network": "external"}
    body: dict[str, Any] = {"network": {"name": KEPT, "project_id": "a" * 32, **outer}}
    network_id = ok(cloud.post(f"{V2}/networks", as_="admin", json=body)).json["network"]["id"]
    body = {"subnet": {"network_id": network_id, "ip_version": 4, "cidr": "172.24.4.0/24", "enable_dhcp": False}}
    ok(cloud.post(f"{V2}/subnets", as_="admin", json=body))
    body = {"router": {"name": KEPT, "external_gateway_info": {"network_id": network_id}}}
    router_id = ok(cloud.post(f"{V2}/routers", json=body)).json["router"]["id"]
    ok(cloud.put(f"{V2}/routers/{router_id}/add_router_interface", json={"subnet_id": subnet_id}))
    cloud.settle()
    return {"external": [network_id], "router": [router_id]}


def clear(cloud: SteppedCloud) -> None:
    """Delete what clients have created here, as a client does. Servers and their ports are already gone."""

    def every(kind: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = cloud.get(f"{V2}/{kind}", as_="admin").json[kind.replace("-", "_")]
        return found

    for floating in every("floatingips"):
        ok(cloud.delete(f"{V2}/floatingips/{floating['id']}", as_="admin"))
    for router in every("routers"):
        for port in cloud.get(f"{V2}/ports", as_="admin", params={"device_id": router["id"]}).json["ports"]:
            if router["name"] != KEPT and port["device_owner"] == "network:router_interface":
                gone = {"port_id": port["id"]}
                ok(cloud.put(f"{V2}/routers/{router['id']}/remove_router_interface", as_="admin", json=gone))
        if router["name"] != KEPT:
            ok(cloud.delete(f"{V2}/routers/{router['id']}", as_="admin"))
    for network in every("networks"):
        if network["name"] not in (KEPT, "private"):
            ok(cloud.delete(f"{V2}/networks/{network['id']}", as_="admin"))
    for group in every("security-groups"):
        if group["name"] != "default":
            ok(cloud.delete(f"{V2}/security-groups/{group['id']}", as_="admin"))
    for keypair in cloud.get(KEYPAIRS).json["keypairs"]:
        ok(cloud.delete(f"{KEYPAIRS}/{keypair['keypair']['name']}"))
    cloud.settle()


class Tenants:
    """Uses the clients' own `ask`, `pick` and memory."""

    def __init__(self, clients: Any) -> None:
        self.clients, self.random = clients, clients.random
        for kind in (
            "network",
            "subnet",
            "router",
            "floating_ip",
            "security_group",
            "rule",
            "keypair",
            "external",
            "inner",
        ):
            clients.known.setdefault(kind, [])
        self.deeds: list[tuple[float, Callable[[], None]]] = [
            (1.0, self.network), (1.0, self.router), (1.0, self.floating_ip), (0.8, self.security_group),
            (0.4, self.keypair),
        ]  # fmt: skip

    def network(self) -> None:
        deed = self.random.randrange(6)
        if deed < 2:
            made = self.make("network", {"name": "theirs"})
            if made is not None:
                self.make("subnet", {"network_id": made, "ip_version": 4, "cidr": self.random.choice(CIDRS)})
        elif deed == 2:
            body = {"network_id": self.pick("network"), "ip_version": 4, "cidr": self.random.choice(CIDRS)}
            self.make("subnet", body)
        elif deed == 3:
            change = self.random.choice(({"mtu": 1400}, {"mtu": 9}, {"admin_state_up": False}, {"name": "renamed"}))
            self.ask("PUT", f"networks/{self.pick('network')}", {"network": change})
        elif deed == 4:
            change = self.random.choice(
                ({"dns_nameservers": ["9.9.9.9"]}, {"enable_dhcp": False}, {"cidr": "10.9.0.0/24"})
            )
            self.ask("PUT", f"subnets/{self.pick('subnet')}", {"subnet": change})
        else:
            kind = self.random.choice(("network", "subnet"))
            self.ask("DELETE", f"{kind}s/{self.pick(kind)}")

    def router(self) -> None:
        deed = self.random.randrange(6)
        if deed == 0:
            self.make("router", {"name": "theirs"})
        elif deed == 1:
            how = self.random.choice(("add", "add", "remove"))
            body = {"subnet_id": self.random.choice((*self.clients.known["inner"], self.pick("subnet")))}
            self.ask("PUT", f"routers/{self.pick('router')}/{how}_router_interface", body)
        elif deed == 2:
            outside = self.random.choice((*self.clients.known["external"], self.pick("network")))
            gateway = self.random.choice(({"network_id": outside}, {}))
            self.ask("PUT", f"routers/{self.pick('router')}", {"router": {"external_gateway_info": gateway}})
        elif deed == 3:
            hop = self.random.choice(("10.0.0.77", "10.1.0.9", "203.0.113.1"))
            routes = [{"destination": "198.51.100.0/24", "nexthop": hop}] if self.random.random() < 0.7 else []
            self.ask("PUT", f"routers/{self.pick('router')}", {"router": {"routes": routes}})
        elif deed == 4:
            self.ask(
                "PUT", f"routers/{self.pick('router')}", {"router": {"admin_state_up": self.random.random() < 0.5}}
            )
        else:
            self.ask("DELETE", f"routers/{self.pick('router')}")

    def floating_ip(self) -> None:
        """Often one that is associated with a server."""
        deed = self.random.randrange(4)
        if deed < 2:
            body = {"floating_network_id": self.random.choice((*self.clients.known["external"], self.pick("network")))}
            self.make("floatingip", {**body, "port_id": self.server_port()} if self.random.random() < 0.5 else body)
        elif deed == 2:
            port_id = self.random.choice((None, self.server_port()))
            self.ask("PUT", f"floatingips/{self.pick('floating_ip')}", {"floatingip": {"port_id": port_id}})
        else:
            self.ask("DELETE", f"floatingips/{self.pick('floating_ip')}")

    def security_group(self) -> None:
        deed = self.random.randrange(6)
        if deed == 0:
            self.make("security_group", {"name": "theirs"})
        elif deed == 1:
            rule = {"security_group_id": self.pick("security_group"), "direction": "ingress", "protocol": "tcp"}
            ports = self.random.choice((22, 80, 99999))
            self.make("security_group_rule", {**rule, "port_range_min": ports, "port_range_max": ports})
        elif deed == 2:
            self.ask("DELETE", f"security-group-rules/{self.pick('rule')}")
        elif deed == 3:
            self.ask("DELETE", f"security-groups/{self.pick('security_group')}")
        elif deed == 4:
            change = {"security_groups": [self.pick("security_group")]}
            self.ask("PUT", f"ports/{self.clients.pick('port')}", {"port": change})
        else:
            name = self.random.choice(("addSecurityGroup", "removeSecurityGroup"))
            body = {name: {"name": self.random.choice(("theirs", "default"))}}
            self.clients.ask("POST", f"{SERVERS}/{self.clients.pick('server')}/action", json=body)

    def keypair(self) -> None:
        name = self.random.choice(("one", "two"))
        if self.random.random() < 0.6:
            key = KEY if self.random.random() < 0.8 else "no key"
            made = self.clients.ask("POST", KEYPAIRS, json={"keypair": {"name": name, "public_key": key}})
            if made.status_code < 300 and name not in self.clients.known["keypair"]:
                self.clients.known["keypair"].append(name)
        else:
            self.clients.ask("DELETE", f"{KEYPAIRS}/{name}")

    def server_port(self) -> str:
        listed = self.clients.cloud.get(f"{V2}/ports").json["ports"]
        taken = sorted(port["id"] for port in listed if port["device_owner"].startswith("compute:"))
        return str(self.random.choice(taken)) if taken else self.clients.pick("port")

    def make(self, kind: str, body: dict[str, Any]) -> str | None:
        made = self.ask("POST", f"{kind.replace('_', '-')}s", {kind: body})
        if made.status_code != 201:
            return None
        known = {"floatingip": "floating_ip", "security_group_rule": "rule"}.get(kind, kind)
        self.clients.known[known].append(made.json[kind]["id"])
        return str(made.json[kind]["id"])

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.clients.ask(method, f"{V2}/{path}", **({} if body is None else {"json": body}))

    def pick(self, kind: str) -> str:
        return str(self.clients.pick(kind))
