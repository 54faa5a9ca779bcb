"""A real supervisor over small real processes: order, readiness, restarts, back-off, adoption, levels."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from kumoi.kernel import processes
from kumoi.kernel.processes import Process
from kumoi.supervisor import plan, starting, world
from kumoi.supervisor.supervisor import STANDBY, ask
from kumoi.supervisor.unit import Unit
from tests.waits import PATIENCE, until

SERVE = (
    "import socket,sys,time,signal; s=socket.socket(socket.AF_UNIX); s.bind(sys.argv[1]); s.listen(); time.sleep(600)"
)


@pytest.fixture
def data() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="k-", dir="/tmp"))
    for name in ("run", "log"):
        (folder / name).mkdir()
    yield folder
    try:
        ask(folder, "level", layer=-1)
        until(lambda: ask(folder, "status")["settled"])
        ask(folder, "leave")
        until(lambda: not (folder / "run" / "supervisor.sock").exists())
    except OSError:
        pass
    shutil.rmtree(folder)


def server(data: Path, name: str, layer: int, **more: Any) -> Process:
    ready = data / "run" / f"{name}.sock"
    return Process(name, (sys.executable, "-c", SERVE, str(ready)), layer=layer, ready=ready, **more)


def supervise(data: Path, *wanted: Process) -> None:
    plan.write(data, wanted)
    processes.run([sys.executable, "-m", "kumoi.supervisor", "--data", str(data), "--detach"])
    until(lambda: (data / "run" / "supervisor.sock").exists())


def states(data: Path) -> dict[str, Any]:
    """Of the processes in the plan."""
    rows: Any = ask(data, "status")["processes"]
    return {row["name"]: row for row in rows if row["name"] != STANDBY}


def standby(data: Path, other_than: int = 0) -> int:
    """Its pid, once it waits."""

    def waits() -> bool:
        rows: Any = ask(data, "status")["processes"]
        found.extend(row["pid"] for row in rows if row["name"] == STANDBY)
        try:
            return found[-1] != other_than and "lock" in Path(f"/proc/{found[-1]}/wchan").read_text()
        except OSError:
            return False

    found: list[int] = []
    until(waits)
    return found[-1]


def answering(data: Path) -> int | None:
    """The supervisor's pid; None while none answers."""
    try:
        return int(str(ask(data, "status")["supervisor"]))
    except OSError:
        return None


def test_starts_in_order_and_stops_in_the_opposite_order(data: Path) -> None:
    supervise(data, server(data, "second", 20), server(data, "first", 10))
    until(lambda: ask(data, "status")["settled"])
    assert [row["state"] for row in states(data).values()] == ["up", "up"]
    ask(data, "level", layer=10)
    until(lambda: states(data)["second"]["state"] == "down")
    assert states(data)["first"]["state"] == "up"
    said = (data / "log" / "supervisor.log").read_text()
    assert said.index("first: ready") < said.index("second: started")


def test_starts_again_what_dies_with_all_that_it_left(data: Path) -> None:
    child = f"import subprocess,sys; subprocess.Popen([sys.executable,'-c','import time;time.sleep(600)','{data}']); "
    ready = data / "run" / "parent.sock"
    supervise(data, Process("parent", (sys.executable, "-c", child + SERVE, str(ready)), ready=ready))
    until(lambda: ask(data, "status")["settled"])
    first = states(data)["parent"]["pid"]
    assert len(world.members(first, str(data))) == 2
    os.kill(first, signal.SIGKILL)
    until(lambda: states(data)["parent"]["state"] == "up" and states(data)["parent"]["pid"] != first)
    assert world.members(first, str(data)) == []
    assert states(data)["parent"]["restarts"] == 1


def test_what_has_just_been_started_hears_that_it_shall_stop(data: Path) -> None:
    log = data / "log" / "brief.log"
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        for _ in range(20):
            pid = starting.start(Process("brief", ("/bin/sleep", "600")), log, data)
            os.kill(pid, signal.SIGTERM)
            assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)


def test_what_is_killed_three_times_in_a_row_is_back_each_time_within_a_second(data: Path) -> None:
    supervise(data, Process("often", ("/bin/sleep", "600")))
    for _ in range(3):
        until(lambda: states(data)["often"]["state"] == "up")
        killed = states(data)["often"]["pid"]
        os.kill(killed, signal.SIGKILL)
        until(lambda: states(data)["often"]["pid"] not in (killed, None))  # noqa: B023
    unit = Unit(Process("another", ("/bin/sleep", "600")), data)
    for _ in range(3):
        unit.start()
        unit.check_ready()
        unit.kill()
        until(unit.gather)
        assert unit.deadline - time.monotonic() < 1


def test_what_starts_well_never_waits_long_however_often_it_is_killed(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kumoi.supervisor.unit.STARTED_WELL", 0.02)
    unit = Unit(Process("often", ("/bin/sleep", "600")), data)
    for _ in range(9):
        unit.start()
        unit.check_ready()
        time.sleep(0.05)
        unit.kill()
        until(unit.gather)
    assert unit.failing and unit.deadline - time.monotonic() <= 1.0


def test_what_keeps_failing_is_tried_more_and_more_rarely_and_said(data: Path) -> None:
    supervise(data, Process("broken", ("/bin/sh", "-c", f"echo no luck in {data}; exit 3")))
    until(lambda: states(data)["broken"]["state"] == "failing")
    assert states(data)["broken"]["detail"] == "it ended with status 3"
    assert "no luck" in (data / "log" / "broken.log").read_text()
    unit = Unit(Process("another", ("/bin/false",)), data)
    for pause in (0, 0.2, 0.4, 0.8, 1.6, 3.2, 6.4):
        unit.start()
        until(unit.gather)
        assert unit.deadline - unit.since > 0.99 * pause


def test_what_is_not_there_to_be_run_is_said_in_its_log(data: Path) -> None:
    supervise(data, Process("absent", ("/no/such/program", str(data))))
    until(lambda: states(data)["absent"]["restarts"] > 0)
    assert "cannot start absent" in (data / "log" / "absent.log").read_text()


def test_a_machine_that_allows_no_start_is_said_and_outlived(data: Path) -> None:
    blocked = data / "log" / "folder" / "only.log"
    supervise(data, server(data, "only", 10, log=blocked))
    until(lambda: states(data)["only"]["state"] == "failing")
    assert "it cannot be started" in states(data)["only"]["detail"]
    blocked.parent.mkdir()
    until(lambda: states(data)["only"]["state"] == "up")


def test_a_killed_supervisor_is_followed_by_its_standby_again_and_again(data: Path) -> None:
    supervise(data, server(data, "kept", 10), server(data, "gone", 10))
    kept = None
    for _ in range(2):
        following, supervisor, before = standby(data), answering(data), states(data)
        assert supervisor and supervisor != following
        kept = kept or before["kept"]["pid"]
        os.kill(supervisor, signal.SIGKILL)
        os.kill(before["gone"]["pid"], signal.SIGKILL)
        until(lambda: answering(data) == following)  # noqa: B023
        until(lambda: states(data)["gone"]["pid"] not in (None, before["gone"]["pid"]))  # noqa: B023
        assert states(data)["kept"]["pid"] == kept
    assert standby(data) != answering(data)


def test_a_killed_standby_is_followed_by_another(data: Path) -> None:
    supervise(data)
    killed, supervisor = standby(data), answering(data)
    os.kill(killed, signal.SIGKILL)
    assert standby(data, other_than=killed) != killed
    assert answering(data) == supervisor


@pytest.mark.parametrize("order", ["leave", "SIGTERM"])
def test_a_supervisor_that_leaves_on_purpose_is_followed_by_nobody(data: Path, order: str) -> None:
    supervise(data)
    following, supervisor = standby(data), answering(data)
    if order == "leave":
        ask(data, "leave")
    else:
        os.kill(supervisor or 0, signal.SIGTERM)
    until(lambda: world.started(supervisor or 0) is None)
    until(lambda: world.started(following) is None)
    assert answering(data) is None


def test_a_standby_that_nobody_knows_of_gives_up(data: Path) -> None:
    supervise(data)
    unknown = subprocess.Popen([sys.executable, "-m", "kumoi.supervisor", "--data", str(data), "--standby"])
    following = standby(data)
    os.kill(following, signal.SIGKILL)
    standby(data, other_than=following)
    ask(data, "leave")
    assert unknown.wait(PATIENCE) == 1
    assert answering(data) is None


def test_a_new_supervisor_adopts_what_a_killed_one_left(data: Path) -> None:
    supervise(data, server(data, "kept", 10), server(data, "gone", 10))
    until(lambda: ask(data, "status")["settled"])
    before = states(data)
    following, supervisor = standby(data), answering(data) or 0
    os.kill(supervisor, signal.SIGSTOP)  # so that it starts no other standby
    for pid in (following, supervisor, before["gone"]["pid"]):
        os.kill(pid, signal.SIGKILL)
    until(lambda: world.started(supervisor) is None)
    (data / "run" / "supervisor.sock").unlink()
    supervise(data, server(data, "kept", 10), server(data, "gone", 10))
    until(lambda: ask(data, "status")["settled"])
    assert states(data)["kept"]["pid"] == before["kept"]["pid"]
    assert states(data)["gone"]["pid"] != before["gone"]["pid"]
    os.kill(before["kept"]["pid"], signal.SIGKILL)
    until(lambda: states(data)["kept"]["pid"] not in (None, before["kept"]["pid"]))


def test_two_supervisors_of_one_folder_are_one(data: Path) -> None:
    supervise(data, server(data, "only", 10))
    until(lambda: ask(data, "status")["settled"])
    first = ask(data, "status")
    second = [sys.executable, "-m", "kumoi.supervisor", "--data", str(data)]
    assert subprocess.run(second, timeout=PATIENCE).returncode == 1
    assert ask(data, "status") == first


def test_restart_leaves_what_is_no_part_of_the_control_plane_alone(data: Path) -> None:
    supervise(data, server(data, "network", 10, control_plane=False), server(data, "api", 50))
    until(lambda: ask(data, "status")["settled"])
    before = states(data)
    ask(data, "restart")
    until(lambda: ask(data, "status")["settled"])
    after = states(data)
    assert after["network"]["pid"] == before["network"]["pid"]
    assert after["api"]["pid"] != before["api"]["pid"]


def test_the_next_supervisor_starts_what_is_new_changes_what_changed_and_stops_what_went(data: Path) -> None:
    supervise(data, server(data, "same", 10), server(data, "changed", 10), server(data, "old", 20))
    until(lambda: ask(data, "status")["settled"])
    before = states(data)
    plan.write(data, [server(data, "same", 10), server(data, "changed", 10, stop_within=3), server(data, "new", 30)])
    ask(data, "leave")
    until(lambda: not (data / "run" / "supervisor.sock").exists())
    processes.run([sys.executable, "-m", "kumoi.supervisor", "--data", str(data), "--detach"])
    until(lambda: (data / "run" / "supervisor.sock").exists())
    until(lambda: ask(data, "status")["settled"])
    after = states(data)
    assert after.keys() == {"same", "changed", "new"}
    assert after["same"]["pid"] == before["same"]["pid"]
    assert after["changed"]["pid"] != before["changed"]["pid"]
    assert world.started(before["old"]["pid"]) is None
