"""One run of chaos: a cloud, its clients, the killer, the packet counter, and the checks afterwards."""

import math
import threading
import time
from random import Random
from typing import Any

import sqlalchemy as sa

from tests.chaos import counter, lives, objects
from tests.chaos.client import Client, Tally
from tests.chaos.counter import Counter
from tests.chaos.killer import Killer
from tests.chaos.lives import World
from tests.databases import PostgreSQL
from tests.end_to_end.clouds import Cloud, until

CLIENTS = 4
LIVES, KILLS = 20, 30
"""Minimum numbers for a run of WHOLE seconds or more to count; a shorter run needs its share of them."""
WHOLE = 90.0
LONGEST = 3
"""The maximum factor by which a run may be extended on a busy machine until it counts."""
CALM = 120.0
"""Seconds after the last kill within which the cloud must be healthy and its audit empty."""
UNNOTICED = 2
"""Consecutive lost packets that are tolerated where no kill should have an effect. Replies may be late on a busy
machine."""
RESTING = {"ACTIVE", "SHUTOFF", "PAUSED", "SUSPENDED", "ERROR"}
VOLUMES_REST = {"available", "in-use", "error", "error_extending"}


class Run:
    """`play` runs for some seconds. `found`: broken promises; `told`: the report."""

    def __init__(self, cloud: Cloud, seed: str, pause: float, database: PostgreSQL | None = None) -> None:
        self.cloud, self.seed = cloud, seed
        self.tally, self.packets = Tally(), Counter()
        self.killer = Killer(cloud, seed, pause, self.packets, database)
        # the first call creates the default security group; the host registers when it is ready
        assert cloud.holdings() == []
        until("a host", lambda: cloud.rows()["compute_hosts"], 60)
        self.before = cloud.rows()
        self.world = World(cloud)
        self.found: list[str] = []
        self.differences: list[dict[str, Any]] = []
        """The first audit after the last kill, while reconcilers are still active."""
        self.phases: dict[str, float] = {}
        self.least = LIVES, KILLS
        self.gaps: list[counter.Gap] = []
        self.keepers: list[objects.Keeper] = []

    def play(self, seconds: float) -> None:
        began = time.monotonic()
        share = min(1.0, seconds / WHOLE)
        self.least = math.ceil(LIVES * share), math.ceil(KILLS * share)
        threads = []
        for number in range(CLIENTS):
            client = Client(self.cloud, self.tally, Random(f"{self.seed} client {number}"))
            arguments = (self.world, client, self.packets, number, self.tally)
            threads.append(threading.Thread(target=lives.go_on, args=arguments, daemon=True))
        self.keepers = [
            objects.Keeper(self.cloud, self.tally, self.seed, number, self.world.stop)
            for number in range(objects.KEEPERS)
        ]
        threads += self.keepers
        self.packets.begin()
        for thread in threads:
            thread.start()
        self.killer.begin()
        while (past := time.monotonic() - began) < seconds or (past < LONGEST * seconds and not self.counts()):
            time.sleep(0.5)
        self.world.stop.set()
        self.killer.end()
        self.phases["chaos"] = time.monotonic() - began
        for number, thread in enumerate(threads):
            thread.join(lives.SETTLES * 3)
            if thread.is_alive():
                self.found.append(f"client {number} does not come to an end")
        self.phases["clients come to an end"] = time.monotonic() - began - self.phases["chaos"]
        self.calm()
        self.everything_answers()
        self.packets.end()
        self.count_gaps()
        self.phases["calm"] = time.monotonic() - began - sum(self.phases.values())

    def counts(self) -> bool:
        """Whether there were enough lives and kills. Each client's last server counts as a life."""
        least_lives, least_kills = self.least
        return sum(self.world.lives.values()) + CLIENTS >= least_lives and len(self.killer.kills) >= least_kills

    def calm(self) -> None:
        self.differences = self.cloud.audit()
        self.hold("the cloud is healthy", lambda: self.cloud.status()["healthy"])
        if not self.hold("the audit finds nothing", lambda: self.cloud.audit() == []):
            self.found += [f"audit: {difference}" for difference in self.cloud.audit()]
        admin = self.cloud.sdk("kumoi")
        for server in admin.compute.servers(all_projects=True):
            if server.status not in RESTING or server.task_state is not None:
                self.found.append(f"server {server.id} rests in {server.status} {server.task_state}")
            if server.status == "ERROR" and not (server.fault or {}).get("message"):
                self.found.append(f"server {server.id} is in ERROR without a reason")
        for volume in admin.block_storage.volumes(all_projects=True):
            if volume.status not in VOLUMES_REST or (volume.status == "in-use") != bool(volume.attachments):
                self.found.append(f"volume {volume.id} rests in {volume.status} with {volume.attachments}")
        self.found += [f"snapshot {one.id} rests in {one.status}" for one in admin.block_storage.snapshots(
            all_projects=True) if one.status not in ("available", "error")]  # fmt: skip
        self.no_operation_is_active()
        self.no_duplicates()
        self.quotas_agree()

    def everything_answers(self) -> None:
        """Servers that the API shows as ACTIVE answer. The others answer after their owner repaired them."""
        for life in self.world.kept:
            try:
                if life.watch is None:
                    shown = life.settle()
                    if shown["status"] == "ERROR":
                        continue
                    life.connect()
                life.reach()
            except Exception as error:
                self.found.append(f"{life.name}: {type(error).__name__}: {error}")

    def count_gaps(self) -> None:
        self.gaps = [gap for watch in self.packets.watches for gap in watch.gaps()]
        counter.explain(self.gaps, self.killer.kills)
        for gap in self.gaps:
            if gap.cause in (counter.CONTROL, counter.NONE) and gap.lost > UNNOTICED:
                self.found.append(f"server {gap.server_id} lost {gap.lost} packets by {gap.cause}: {gap.kills}")

    def no_operation_is_active(self) -> None:
        with self.cloud.tables() as tables:
            active = tables.execute(sa.text("select subject from kernel_operation_subjects where active")).all()
        self.found += [f"an operation holds {subject}" for (subject,) in active]

    def no_duplicates(self) -> None:
        """Each requested server was created once, including deleted ones."""
        with self.cloud.tables() as tables:
            rows = tables.execute(sa.text("select name, count(*) from compute_servers group by name")).all()
        self.found += [f"{name} was made {count} times" for name, count in rows if count != 1]

    def quotas_agree(self) -> None:
        sdk = self.cloud.sdk()
        servers, volumes = list(sdk.compute.servers()), list(sdk.block_storage.volumes())
        snapshots = list(sdk.block_storage.snapshots())
        compute = sdk.compute.get("/limits").json()["limits"]["absolute"]
        storage = sdk.block_storage.get("/limits").json()["limits"]["absolute"]
        network = sdk.network.get(f"/quotas/{sdk.current_project_id}/details.json").json()["quota"]
        for what, said, there in (
            ("instances", compute["totalInstancesUsed"], len(servers)),
            ("cores", compute["totalCoresUsed"], sum(server.flavor["vcpus"] for server in servers)),
            ("volumes", storage["totalVolumesUsed"], len(volumes)),
            ("snapshots", storage["totalSnapshotsUsed"], len(snapshots)),
            ("floating IPs", network["floatingip"]["used"], len(list(sdk.network.ips()))),
            ("ports", network["port"]["used"], len(list(sdk.network.ports(project_id=sdk.current_project_id)))),
        ):
            if said != there:
                self.found.append(f"quota: {what}: {said} counted, {there} there")

    def delete_everything(self) -> None:
        """Delete everything as clients would. Then only what existed at first may exist."""
        began = time.monotonic()
        sdk, cloud = self.cloud.sdk(), self.cloud
        for life in self.world.kept:
            try:
                life.end("kept until the end")
            except Exception as error:
                self.found.append(f"{life.name} cannot be deleted: {type(error).__name__}: {error}")
        for keeper in self.keepers:
            try:
                keeper.end()
            except Exception as error:
                self.found.append(
                    f"the objects of {keeper.container} cannot be deleted: {type(error).__name__}: {error}"
                )
        self.hold("the bytes of deleted objects are gone", lambda: objects.left(cloud) == [])
        self.found += [f"left over: {path}" for path in objects.left(cloud)]
        left = [*sdk.compute.servers(), *sdk.block_storage.volumes(), *sdk.block_storage.snapshots()]
        left += [*sdk.network.ips()]
        self.found += [f"left by the clients: {type(one).__name__} {one.name} {one.id}" for one in left]
        self.world.unfurnish()
        self.found += [f"left over: {one}" for one in cloud.holdings()]
        if not self.hold("the audit of the empty cloud finds nothing", lambda: cloud.audit() == []):
            self.found += [f"audit of the empty cloud: {difference}" for difference in cloud.audit()]
        self.found += [f"left over: guest process {pid}" for pid in cloud.pids("guest")]
        self.found += [f"left over: card {tap}" for tap in cloud.taps()]
        for folder in ("guests", "volumes", "snapshots", "images", "bases"):
            self.found += [f"left over: file {path}" for path in (cloud.data / folder).glob("*")]
        ports = cloud.ovn("--format=csv", "--no-headings", "--columns=name,type", "list", "Logical_Switch_Port")
        self.found += [f"left over in OVN: {line}" for line in ports.split() if "localnet" not in line]
        now = cloud.rows()
        self.found += [
            f"table {name}: {count} rows, {self.before[name]} at first"
            for name, count in now.items()
            if count != self.before[name]
        ]
        self.phases["deletion"] = time.monotonic() - began

    def hold(self, what: str, met: Any) -> bool:
        try:
            until(what, met, CALM)
        except AssertionError as error:
            self.found.append(str(error))
            return False
        return True

    def verdict(self) -> list[str]:
        """All broken promises; empty if the run counts and all checks passed."""
        found = [*self.found, *self.tally.faults, *self.killer.failures]
        count = sum(self.world.lives.values())
        least_lives, least_kills = self.least
        if count < least_lives:
            found.append(f"only {count} lives of servers: a run counts from {least_lives}")
        if len(self.killer.kills) < least_kills:
            found.append(f"only {len(self.killer.kills)} kills: a run counts from {least_kills}")
        return found

    def told(self) -> dict[str, Any]:
        kills: dict[str, int] = {}
        for kill in self.killer.kills:
            kills[kill.name] = kills.get(kill.name, 0) + 1
        return {
            "seed": self.seed,
            "broken promises": self.verdict(),
            "lives": sum(self.world.lives.values()),
            "lives by how they ended": dict(self.world.lives),
            "kills": len(self.killer.kills),
            "kills by process": dict(sorted(kills.items())),
            "seconds by phase": {name: round(value, 1) for name, value in self.phases.items()},
            "acts": dict(sorted(self.world.acts.items())),
            "acts on objects": sum(keeper.acts for keeper in self.keepers),
            "uploads whose answer was lost": sum(keeper.uploads_met for keeper in self.keepers),
            "requests answered": sum(self.tally.outcomes.values()),
            "requests asked again": sum(self.tally.lost.values()),
            "slowest request, with its repetitions": round(self.tally.slowest, 1),
            "requests by outcome": dict(sorted(self.tally.outcomes.items())),
            "repetitions by reason": dict(sorted(self.tally.lost.items())),
            "servers and volumes in error, and why": self.world.errors,
            "seconds from a lost guest to its answer": [round(value, 1) for value in self.world.restored],
            "supervisors followed by their standby": self.killer.followed,
            "seconds of kumoi up after the supervisor was killed": [round(value, 1) for value in self.killer.ups],
            "differences of the audit, at once after the last kill": self.differences,
            **counter.tell(self.packets.watches, self.gaps),
        }
