"""Objects on several disks: copies and fragments, whole and without two disks. All of them are folders on one disk here."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bench.client import Client
from bench.cloud import Cloud
from bench.control_plane import Say, _Bytes
from bench.objects import _writes

DISKS = "abcdef"
SIZE = 256
"""MiB."""
TIMES = 3


def measure(say: Say) -> None:
    cloud = Cloud(hypervisor="fake", network="fake")
    paths = {name: cloud.folder / f"disk-{name}" for name in DISKS}
    for path in paths.values():
        path.mkdir()
    cloud.settings["object_disks"] = ",".join(f"{name}={path}" for name, path in paths.items())
    cloud.settings["object_policies"] = "three=3,coded=4+2"
    with cloud:
        client = cloud.client
        client.login()
        root = f"/object-store/v1/AUTH_{client.project_id}"
        for policy in ("default", "three", "coded"):
            client.ask("PUT", f"{root}/{policy}", headers={"X-Storage-Policy": policy})
            path = f"{root}/{policy}/big"
            headers = {"Content-Type": "application/octet-stream", "Content-Length": str(SIZE << 20)}
            say(f"objects.{policy}.{SIZE}MiB.up_MB_s", _speed(client, "PUT", path, headers))
            say(f"objects.{policy}.{SIZE}MiB.down_MB_s", _speed(client, "GET", path))
        lost = [paths[name] for name in _disks_of(Path(cloud.data))[:2]]
        for each in lost:
            each.rename(each.with_name(f"{each.name}-away"))
        say(f"objects.coded.{SIZE}MiB.down_without_two_MB_s", _speed(client, "GET", f"{root}/coded/big"))
        for each in lost:
            each.with_name(f"{each.name}-away").rename(each)
        for count in (1, 16):
            lua = _writes(client, f"{root}/three/c{count}")
            say(f"objects.three.put_4KiB.c{count}", client.load(f"{root}/three", count, lua=lua))


def _speed(client: Client, method: str, path: str, headers: dict[str, str] | None = None) -> int:
    """MB/s, the middle one of some."""
    took = []
    for _ in range(TIMES):
        began = time.perf_counter()
        if method == "PUT":
            client.ask("PUT", path, _Bytes(SIZE << 20), headers=headers)
        else:
            client.call("GET", path)
        took.append(time.perf_counter() - began)
    return round((SIZE << 20) / 1e6 / sorted(took)[TIMES // 2])


def _disks_of(data: Path) -> list[str]:
    """Those with the first fragments of the coded object, which a whole read takes."""
    with closing(sqlite3.connect(data / "objects" / "index.db")) as index:
        (place,) = index.execute("SELECT place FROM objects WHERE place LIKE '%-4.2-%'").fetchone()
    return str(place).rpartition("-")[2].split(",")
