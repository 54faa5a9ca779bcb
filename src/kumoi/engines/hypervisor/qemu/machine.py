"""The resources of this machine for guests."""

import os
import re
import shutil
from pathlib import Path

from kumoi.engines.hypervisor.interface import Host, HypervisorError
from kumoi.engines.hypervisor.qemu.process import QEMU
from kumoi.kernel import processes

GIB = 1 << 30


def about_this_machine(name: str, data: Path, accelerator: str, cpu: str) -> Host:
    """Its processors, memory and the file system of the data folder; the processor as guests see it."""
    first = Path("/proc/cpuinfo").read_text().split("\n\n")[0]
    facts = dict(re.findall(r"^(\S[^\t:]*?)\s*: (.*)$", first, re.MULTILINE))
    vcpus = os.cpu_count() or 1
    return Host(
        name=name,
        vcpus=vcpus,
        memory_mib=_memory_mib(),
        disk_gib=shutil.disk_usage(data).total // GIB,
        hypervisor_type="QEMU",
        hypervisor_version=_version(),
        accelerator=accelerator,
        cpu={
            "arch": os.uname().machine,
            "model": facts.get("model name", cpu) if cpu == "host" else cpu,
            "vendor": facts.get("vendor_id", "unknown"),
            "topology": {"sockets": 1, "cores": vcpus, "threads": 1},
            "features": sorted(facts.get("flags", "").split()) if cpu == "host" else [],
        },
    )


def _memory_mib() -> int:
    found = re.search(r"^MemTotal:\s+(\d+) kB", Path("/proc/meminfo").read_text(), re.MULTILINE)
    return int(found[1]) // 1024 if found else 0


def _version() -> int:
    try:
        said = processes.run([QEMU, "--version"], within=10)
    except processes.CommandFailed as error:
        raise HypervisorError(f"QEMU is not installed on this host: {error.detail}") from error
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", said)
    return int(found[1]) * 1_000_000 + int(found[2]) * 1000 + int(found[3]) if found else 0
