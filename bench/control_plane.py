"""The control plane alone, on fakes: tokens, lists, writes, boots."""

import os
import threading
import time
from collections.abc import Callable
from contextlib import nullcontext
from statistics import quantiles
from typing import Any

from bench.client import Client
from bench.cloud import Cloud

PORTS, SERVERS, IMAGES, USERS, BOOTS, CLIENTS = 500, 200, 100, 100, 50, 8
IMAGE_MIB, FIRST_LOGINS = 256, 48
COMPUTE, NETWORK, IMAGE, IDENTITY, VOLUME = "/compute/v2.1", "/network/v2.0", "/image/v2", "/identity/v3", "/volume/v3"

Say = Callable[[str, Any], None]


def measure(say: Say) -> None:
    """Calls `say(name, value)` for each figure as soon as it is known."""
    with Cloud(hypervisor="fake", network="fake", logins_per_address="0", image_count_total="-1") as cloud:
        client = cloud.client
        say("fake.first_token_s", cloud.first_token_s)
        flavor, image, network = _prepare(client)
        began = time.perf_counter()
        boot = _boot(client, "first", flavor, image, network)
        client.until(f"{COMPUTE}/servers/{boot}", _active)
        say("fake.first_active_s", round(time.perf_counter() - cloud.began, 2))
        say("fake.post_to_active_s", round(time.perf_counter() - began, 3))
        time.sleep(5)
        say("fake.idle_pss_mib", cloud.memory_mib())
        say("fake.idle_processor_percent", _idle(cloud))
        _tokens(say, client)
        _lists(say, client, network)
        _workers(say, cloud)
        _writes(say, client, network)
        _boots(say, cloud, flavor, image, network)
        _images(say, client)
        # The last: the API still checks passwords for some seconds after those who guess them have gone.
        _guessers(say, client)


def measure_guessers(say: Say) -> None:
    """This one figure alone, twice."""
    with Cloud(hypervisor="fake", network="fake", logins_per_address="0") as cloud:
        _prepare(cloud.client)
        for _ in range(2):
            _guessers(say, cloud.client)


def _active(answer: Any) -> bool:
    if answer["server"]["status"] == "ERROR":
        raise RuntimeError(answer["server"]["fault"])
    return bool(answer["server"]["status"] == "ACTIVE")


def _prepare(client: Client) -> tuple[str, str, str]:
    quota = {"instances": -1, "cores": -1, "ram": -1}
    client.ask("PUT", f"{COMPUTE}/os-quota-sets/{client.project_id}", {"quota_set": quota})
    quota = {"port": -1, "network": -1, "subnet": -1, "router": -1}
    client.ask("PUT", f"{NETWORK}/quotas/{client.project_id}", {"quota": quota})
    quota = {"volumes": -1, "gigabytes": -1}
    client.ask("PUT", f"{VOLUME}/{client.project_id}/os-quota-sets/{client.project_id}", {"quota_set": quota})
    flavor = {"flavor": {"name": "bench", "ram": 64, "vcpus": 1, "disk": 1}}
    flavor_id = client.ask("POST", f"{COMPUTE}/flavors", flavor)["flavor"]["id"]
    image = {"name": "bench", "disk_format": "raw", "container_format": "bare"}
    image_id = client.ask("POST", f"{IMAGE}/images", image)["id"]
    _upload(client, image_id, 1)
    network = client.ask("POST", f"{NETWORK}/networks", {"network": {"name": "bench"}})["network"]["id"]
    subnet = {"network_id": network, "ip_version": 4, "cidr": "10.79.0.0/16", "enable_dhcp": False}
    client.ask("POST", f"{NETWORK}/subnets", {"subnet": subnet})
    return flavor_id, image_id, network


def _boot(client: Client, name: str, flavor: str, image: str, network: str) -> str:
    server = {"name": name, "flavorRef": flavor, "imageRef": image, "networks": [{"uuid": network}]}
    made: str = client.ask("POST", f"{COMPUTE}/servers", {"server": server})["server"]["id"]
    return made


def _tokens(say: Say, client: Client) -> None:
    question = client.auth
    body = {
        "auth": {
            "identity": {
                "methods": ["password"],
                "password": {
                    "user": {
                        "name": question["username"],
                        "password": question["password"],
                        "domain": {"name": "Default"},
                    }
                },
            },
            "scope": {"project": {"name": question["project_name"], "domain": {"name": "Default"}}},
        }
    }
    _first_logins(say, client)
    for count in (1, 16):
        say(f"token.issue.c{count}", client.load(f"{IDENTITY}/auth/tokens", count, method="POST", body=body))
    for count in (1, 16):
        headers = {"X-Subject-Token": client.token}
        say(f"token.check.c{count}", client.load(f"{IDENTITY}/auth/tokens", count, headers=headers))


def _first_logins(say: Say, client: Client) -> None:
    """Logins of users whose passwords are not cached. Each computes bcrypt with 12 rounds."""
    for number in range(FIRST_LOGINS):
        user = {"name": f"first-{number}", "password": f"secret-{number}"}
        client.ask("POST", f"{IDENTITY}/users", {"user": user})

    def login(number: int) -> None:
        user = {"name": f"first-{number}", "password": f"secret-{number}", "domain": {"name": "Default"}}
        identity = {"methods": ["password"], "password": {"user": user}}
        client.ask("POST", f"{IDENTITY}/auth/tokens", {"auth": {"identity": identity}})

    alone = FIRST_LOGINS // 3
    say("token.issue_first.c1", _many(login, alone, 1))
    say("token.issue_first.c16", _many(lambda number: login(alone + number), FIRST_LOGINS - alone, 16))


def _guessers(say: Say, client: Client) -> None:
    """The latency of other requests while passwords are guessed. The front's limit of logins would allow few guesses,
    so `logins_per_address` of this cloud is 0. The aim: p99 at most three times that without guesses."""
    for connections in (0, 64):
        with client.guessing(connections, 20) if connections else nullcontext():
            time.sleep(2)
            say(f"guessers.{connections}.servers.c1", client.load(f"{COMPUTE}/servers", 1, seconds=10))


def _idle(cloud: Cloud, seconds: float = 10.0) -> dict[str, float]:
    """Processor use without requests, in percent of one processor, by process; and the sum."""
    before = cloud.processor_ms()
    time.sleep(seconds)
    after = cloud.processor_ms()
    spent = {name: round((after[name] - before.get(name, 0.0)) / (10 * seconds), 2) for name in after}
    return {**spent, "sum": round(sum(spent.values()), 2)}


def _lists(say: Say, client: Client, network: str) -> None:
    for number in range(USERS):
        client.ask("POST", f"{IDENTITY}/users", {"user": {"name": f"bench-{number}"}})
    for number in range(IMAGES):
        client.ask("POST", f"{IMAGE}/images", {"name": f"b-{number}", "disk_format": "raw", "container_format": "bare"})
    for start in range(0, PORTS, 50):
        ports = [{"network_id": network, "name": f"p-{start + n}"} for n in range(50)]
        client.ask("POST", f"{NETWORK}/ports", {"ports": ports})
    for count in (1, 8):
        say(f"users_{USERS}.c{count}", client.load(f"{IDENTITY}/users", count))
        say(f"images_{IMAGES}.c{count}", client.load(f"{IMAGE}/images?limit=100", count))
        say(f"ports_{PORTS}.c{count}", client.load(f"{NETWORK}/ports?network_id={network}", count))
    server = client.ask("GET", f"{COMPUTE}/servers")["servers"][0]["id"]
    for count in (1, 8):
        say(f"server_show.c{count}", client.load(f"{COMPUTE}/servers/{server}", count))


def _workers(say: Say, cloud: Cloud) -> None:
    """Each worker's share of the API's processor time, in percent. The aim: 40 to 60."""
    for count in (8, 32, 64):
        before = cloud.worker_ms()
        found = cloud.client.load(f"{COMPUTE}/servers", count)
        spent = [now - before.get(pid, 0.0) for pid, now in cloud.worker_ms().items()]
        shares = sorted(round(100 * each / sum(spent)) for each in spent)
        say(f"workers.c{count}", {"rate": found["rate"], "shares_percent": shares})


def _writes(say: Say, client: Client, network: str) -> None:
    for count in (1, 8):
        body = {"port": {"network_id": network, "name": "w"}}
        say(f"port_create.c{count}", client.load(f"{NETWORK}/ports", count, method="POST", body=body))

    def wire(number: int) -> None:
        made = client.ask("POST", f"{NETWORK}/networks", {"network": {"name": f"w{number}"}})["network"]["id"]
        cidr = {"network_id": made, "ip_version": 4, "cidr": f"10.{100 + number}.0.0/24"}
        subnet = client.ask("POST", f"{NETWORK}/subnets", {"subnet": cidr})["subnet"]["id"]
        router = client.ask("POST", f"{NETWORK}/routers", {"router": {"name": f"w{number}"}})["router"]["id"]
        client.ask("PUT", f"{NETWORK}/routers/{router}/add_router_interface", {"subnet_id": subnet})

    began = time.perf_counter()
    for number in range(20):
        wire(number)
    say("network_subnet_router.rate", round(20 / (time.perf_counter() - began), 1))

    def volume(number: int) -> None:
        base = f"{VOLUME}/{client.project_id}/volumes"
        made = client.ask("POST", base, {"volume": {"name": f"v{number}", "size": 1}})["volume"]["id"]
        client.until(f"{base}/{made}", lambda answer: answer["volume"]["status"] == "available", every=0.02)

    say("volume_create_20.c4", _many(volume, 20, 4))


def _boots(say: Say, cloud: Cloud, flavor: str, image: str, network: str) -> None:
    client = cloud.client

    def boot(number: int) -> None:
        made = _boot(client, f"b{number}", flavor, image, network)
        client.until(f"{COMPUTE}/servers/{made}", _active, every=0.05)

    say(f"boot_{BOOTS}.c{CLIENTS}", _many(boot, BOOTS, CLIENTS))
    spent, posted = cloud.processor_ms(), time.perf_counter()
    for number in range(SERVERS - BOOTS - 1):
        _boot(client, f"f{number}", flavor, image, network)
    client.until(
        f"{COMPUTE}/servers?status=ACTIVE&limit=1000", lambda answer: len(answer["servers"]) == SERVERS, every=0.2
    )
    booted = SERVERS - BOOTS - 1
    say("boot_pipelined.rate", round(booted / (time.perf_counter() - posted), 1))
    more = {name: round((now - spent.get(name, 0)) / booted, 1) for name, now in cloud.processor_ms().items()}
    say("boot_pipelined.processor_ms", {name: each for name, each in more.items() if each >= 0.1})
    for count in (1, 8):
        say(f"servers_detail_{SERVERS}.c{count}", client.load(f"{COMPUTE}/servers/detail?limit=1000", count))
    every = [row["id"] for row in client.ask("GET", f"{COMPUTE}/servers?limit=1000")["servers"]]
    began = time.perf_counter()
    _many(lambda number: client.ask("DELETE", f"{COMPUTE}/servers/{every[number]}"), len(every), CLIENTS)
    client.until(f"{COMPUTE}/servers?limit=1000", lambda answer: not answer["servers"], every=0.1)
    say(f"delete_{SERVERS}.rate", round(len(every) / (time.perf_counter() - began), 1))


class _Bytes:
    """`size` bytes of one random block, again and again."""

    block = os.urandom(1 << 20)

    def __init__(self, size: int) -> None:
        self.left = size

    def read(self, count: int = 1 << 20) -> bytes:
        count = min(count, self.left, len(self.block))
        self.left -= count
        return self.block[:count]


def _upload(client: Client, image_id: str, mib: int) -> None:
    size = mib << 20
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(size)}
    client.ask("PUT", f"{IMAGE}/images/{image_id}/file", _Bytes(size), headers=headers)


def _images(say: Say, client: Client) -> None:
    up, down = [], []
    for number in range(3):
        image = {"name": f"big{number}", "disk_format": "raw", "container_format": "bare"}
        image_id = client.ask("POST", f"{IMAGE}/images", image)["id"]
        began = time.perf_counter()
        _upload(client, image_id, IMAGE_MIB)
        up.append(time.perf_counter() - began)
        began = time.perf_counter()
        client.call("GET", f"{IMAGE}/images/{image_id}/file")
        down.append(time.perf_counter() - began)
        client.ask("DELETE", f"{IMAGE}/images/{image_id}")
    say(f"image_{IMAGE_MIB}MiB.up_MB_s", round((IMAGE_MIB << 20) / 1e6 / sorted(up)[1]))
    say(f"image_{IMAGE_MIB}MiB.down_MB_s", round((IMAGE_MIB << 20) / 1e6 / sorted(down)[1]))


def _many(work: Callable[[int], Any], count: int, at_once: int) -> dict[str, float]:
    """Rate and latency of `count` calls, `at_once` at a time; the first failure is raised."""
    left = list(range(count))
    took: list[float] = []
    failed: list[BaseException] = []

    def client() -> None:
        while left and not failed:
            try:
                number = left.pop()
            except IndexError:
                return
            began = time.perf_counter()
            try:
                work(number)
            except Exception as error:
                failed.append(error)
            took.append(time.perf_counter() - began)

    began = time.perf_counter()
    threads = [threading.Thread(target=client) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    wall = time.perf_counter() - began
    return {"rate": round(count / wall, 1), "p50_ms": round(quantiles(took, n=2)[0] * 1000, 1)}
