"""Starts a cloud for the benchmark in a temporary folder, measures its start, and stops it."""

import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from bench.client import READY_WITHIN, Client

KUMOI = [str(Path(sys.executable).with_name("kumoi"))]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Cloud:
    """Use as a context: `with Cloud(hypervisor="fake", network="fake") as cloud`."""

    def __init__(self, **settings: str) -> None:
        self.settings = settings
        self.folder = Path(tempfile.mkdtemp(prefix="k-", dir="/tmp"))
        self.folder.chmod(0o711)
        self.data = self.folder / "d"
        self.port = free_port()
        self.base = f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> "Cloud":
        self.began = time.perf_counter()
        argv = [*KUMOI, "up", "--data", str(self.data), "--port", str(self.port)]
        for name, value in self.settings.items():
            argv += ["--set", f"{name}={value}"]
        starting = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        self.client = self._first_token(starting)
        self.first_token_s = round(time.perf_counter() - self.began, 2)
        if starting.wait(READY_WITHIN) != 0:
            raise RuntimeError("kumoi up failed")
        return self

    def _first_token(self, starting: "subprocess.Popen[bytes]") -> Client:
        while time.perf_counter() - self.began < READY_WITHIN:
            if starting.poll() not in (None, 0):
                raise RuntimeError("kumoi up failed")
            try:
                client = Client(self.base, self.data / "clouds.yaml")
                if client.login() == 201:
                    return client
            except OSError:
                pass
            time.sleep(0.02)
        raise RuntimeError("no token within a minute")

    def status(self) -> Any:
        ran = subprocess.run([*KUMOI, "status", "--data", str(self.data), "--json"], capture_output=True, text=True)
        return json.loads(ran.stdout)

    def memory_mib(self) -> dict[str, float]:
        """PSS of every process of the cloud (children counted with their parent), and the sum."""
        rows: dict[str, float] = {}
        for row in self.status()["processes"]:
            rows[row["name"]] = round(rows.get(row["name"], 0.0) + row["pss_kib"] / 1024, 1)
        return {**rows, "sum": round(sum(rows.values()), 1)}

    def processor_ms(self) -> dict[str, float]:
        """Processor time of every process of the cloud since it began."""
        spent: dict[str, float] = {}
        for row in self.status()["processes"]:
            fields = Path(f"/proc/{row['pid']}/stat").read_text().rsplit(")", 1)[1].split()
            ticks = int(fields[11]) + int(fields[12])
            spent[row["name"]] = spent.get(row["name"], 0.0) + 1000 * ticks / os.sysconf("SC_CLK_TCK")
        return spent

    def worker_ms(self) -> dict[int, float]:
        """Processor time of each API worker since it began, by its process."""
        found = {}
        for row in self.status()["processes"]:
            fields = Path(f"/proc/{row['pid']}/stat").read_text().rsplit(")", 1)[1].split()
            found[row["pid"]] = row["name"], int(fields[1]), 1000 * (int(fields[11]) + int(fields[12]))
        rows = {pid: (parent, spent) for pid, (name, parent, spent) in found.items() if name == "api"}
        tick = os.sysconf("SC_CLK_TCK")
        return {pid: spent / tick for pid, (parent, spent) in rows.items() if parent in rows}

    def __exit__(self, *_: object) -> None:
        subprocess.run([*KUMOI, "down", "--data", str(self.data)], stdout=subprocess.DEVNULL, check=False)
        shutil.rmtree(self.folder, ignore_errors=True)
