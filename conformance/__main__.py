"""`python -m conformance SUITE`: lists and runs a suite of Tempest or its plugins against a cloud on fake engines, which
it starts and stops, and writes `reports/conformance-SUITE.md` with passed / listed and the cause of each failure.

SUITE is what the ids of its tests begin with (`tempest.api.volume`), or a file with an expression in each line.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from bench.client import Client
from bench.cloud import Cloud

from conformance import configuration, environment, report

parser = argparse.ArgumentParser(prog="python -m conformance", description=__doc__)
parser.add_argument("suite")
parser.add_argument("--seconds", type=int, default=7200, help="end the run after this time")
parser.add_argument("--at-once", type=int, default=2, help="workers of Tempest")
asked = parser.parse_args()

MUCH = 1_000_000
QUOTAS = {
    "/compute/v2.1/os-quota-sets/{}": ("quota_set", {"cores": MUCH, "ram": MUCH, "instances": MUCH}),
    "/network/v2.0/quotas/{}": ("quota", {"network": MUCH, "port": MUCH, "floatingip": MUCH}),
}


def image(client: Client, folder: Path, name: str) -> str:
    """The id of a public image: 16 MiB of qcow2 without content."""
    file = folder / f"{name}.qcow2"
    subprocess.run(["qemu-img", "create", "-q", "-f", "qcow2", str(file), "16M"], check=True)
    wanted = {"name": name, "disk_format": "qcow2", "container_format": "bare", "visibility": "public"}
    made: str = client.ask("POST", "/image/v2/images", wanted)["id"]
    headers = {"Content-Type": "application/octet-stream", "Content-Length": str(file.stat().st_size)}
    with file.open("rb") as content:
        client.ask("PUT", f"/image/v2/images/{made}/file", content, headers=headers)
    return made


def flavor(client: Client, name: str, ram: int) -> str:
    wanted = {"flavor": {"name": name, "ram": ram, "vcpus": 1, "disk": 1}}
    made: str = client.ask("POST", "/compute/v2.1/flavors", wanted)["flavor"]["id"]
    return made


def outside(client: Client) -> None:
    """An external network, where floating IPs come from."""
    wanted = {"network": {"name": "public", "router:external": True}}
    made = client.ask("POST", "/network/v2.0/networks", wanted)["network"]["id"]
    subnet = {"network_id": made, "cidr": "198.51.100.0/24", "ip_version": 4, "enable_dhcp": False}
    client.ask("POST", "/network/v2.0/subnets", {"subnet": subnet})


def run(programs: Path, folder: Path) -> tuple[list[str], list[report.Outcome]]:
    """The ids that are listed, and the outcomes."""
    work = folder / "work"
    environ = {name: value for name, value in os.environ.items() if not name.startswith("OS_")}
    environ |= {"PYTHONWARNINGS": "ignore", "PATH": f"{programs}:{os.environ['PATH']}"}
    (folder / "logs").mkdir()
    workspace = ["--workspace-path", str(folder / "workspaces.yaml")]
    subprocess.run(
        ["tempest", "init", *workspace, "--name", "kumoi", str(work)], check=True, env=environ, capture_output=True
    )
    shutil.copy(folder / "tempest.conf", work / "etc" / "tempest.conf")
    chosen = (
        ["--include-list", asked.suite] if Path(asked.suite).is_file() else ["--regex", f"^{re.escape(asked.suite)}"]
    )
    listing = subprocess.run(
        ["tempest", "run", "--list-tests", *chosen], cwd=work, env=environ, check=False, capture_output=True, text=True
    )
    if listing.returncode != 0:
        sys.exit(f"Tempest lists no tests: {listing.stdout[-2000:]} {listing.stderr[-2000:]} (kept: {folder})")
    listed = [re.sub(r"\[.*\]$", "", line) for line in listing.stdout.splitlines() if re.match(r"[\w.]+(\[|$)", line)]
    print(f"{len(listed)} tests listed", flush=True)
    command = ["tempest", "run", "--concurrency", str(asked.at_once), *chosen]
    ran = subprocess.Popen(command, cwd=work, env=environ, stdout=subprocess.PIPE, text=True)
    late = threading.Timer(asked.seconds, ran.terminate)
    late.start()
    for line in ran.stdout or ():
        if re.match(r"\{\d+\} ", line):
            print(line, end="", flush=True)
    ran.wait()
    late.cancel()
    stream = subprocess.run(
        ["stestr", "last", "--subunit"], cwd=work, env=environ, check=False, capture_output=True
    ).stdout
    lines = subprocess.run(
        [str(programs / "python"), str(Path(__file__).with_name("outcomes.py"))],
        input=stream,
        check=True,
        capture_output=True,
    ).stdout
    return listed, [report.Outcome(**json.loads(line)) for line in lines.splitlines()]


programs = environment.ready()
reports = environment.ROOT / "reports"
reports.mkdir(exist_ok=True)
folder = Path(tempfile.mkdtemp(prefix="conformance-"))
settings = {"hypervisor": "fake", "network": "fake", "logins_per_address": "0"}
with Cloud(**settings) as cloud:
    for path, (name, values) in QUOTAS.items():
        cloud.client.ask("PUT", path.format(cloud.client.project_id), {name: values})
    outside(cloud.client)
    images = [image(cloud.client, folder, name) for name in ("first", "second")]
    flavors = [flavor(cloud.client, name, ram) for name, ram in (("conformance-1", 64), ("conformance-2", 128))]
    configuration.written(cloud.client, folder, images, flavors)
    listed, outcomes = run(programs, folder)
name = Path(asked.suite).stem if Path(asked.suite).is_file() else asked.suite
commit = subprocess.run(
    ["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False
).stdout.strip()
title = f"{name}, {time.strftime('%Y-%m-%d %H:%M')}, commit {commit or 'unknown'}"
target = reports / f"conformance-{name}.md"
target.write_text(report.written(title, listed, outcomes))
print(f"{name}: {report.passed(outcomes)} / {len(listed)}; {target.relative_to(environment.ROOT)}")
shutil.rmtree(folder, ignore_errors=True)
sys.exit(0 if listed and outcomes else 1)
