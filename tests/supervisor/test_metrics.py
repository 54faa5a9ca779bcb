"""The Prometheus metrics of a cloud."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kumoi.supervisor import metrics
from kumoi.supervisor.supervisor import Supervisor


@pytest.fixture
def group() -> Iterator[int]:
    """The id of a group of processes, as the supervisor starts them."""
    command = [sys.executable, "-c", "print(flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process.pid


def test_each_process_and_the_disk_is_told(tmp_path: Path, group: int) -> None:
    rows = [
        {"name": "api", "pid": group, "state": "up", "restarts": 2},
        {"name": "front", "pid": None, "state": "failing", "restarts": 7},
    ]
    lines = metrics.text(tmp_path, rows, settled=False).splitlines()
    values = dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
    assert values["kumoi_settled"] == "0"
    assert values['kumoi_process_up{process="api"}'] == "1" and values['kumoi_process_up{process="front"}'] == "0"
    assert values['kumoi_process_restarts_total{process="front"}'] == "7"
    assert int(values['kumoi_process_memory_bytes{process="api"}']) > 1 << 20
    assert values['kumoi_process_memory_bytes{process="front"}'] == "0"
    assert 0 <= int(values["kumoi_disk_free_bytes"]) <= int(values["kumoi_disk_size_bytes"])
    assert {line.split()[1] for line in lines if line.startswith("#")} == {"HELP", "TYPE"}


def test_the_supervisor_writes_them(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    Supervisor(tmp_path).tick()
    assert "kumoi_settled 1\n" in metrics.path(tmp_path).read_text()
