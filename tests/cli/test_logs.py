"""The logs as a person reads them, and as a machine does."""

import json
from pathlib import Path

import pytest

from kumoi.cli import logs

ANSWERED = (
    '{"at":"2026-11-29T03:57:12.806277Z","level":"info","room":"kumoi.kernel.wsgi","message":"answered",'
    '"request_id":"req-1","service":"identity","method":"GET","path":"/identity/v3","status":200,"ms":30.5}'
)
FAULT = (
    '{"at":"2026-11-29T03:57:13.000001Z","level":"error","room":"runner","message":"a step failed","request_id":"req-2",'
    '"server":"abc","fault":"Traceback\\n  ValueError"}'
)
SWITCH = "2026-11-29T03:57:1{}.500Z|0{}|netdev|WARN|it is away"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "api.log.1").write_text(ANSWERED.replace("03:57:12", "03:50:00").replace("GET", "PUT") + "\n")
    (tmp_path / "api.log").write_text(ANSWERED + "\n" + ANSWERED.replace("req-1", "req-3") + "\n")
    (tmp_path / "runner.log").write_text(FAULT + "\n")
    (tmp_path / "ovs-vswitchd.log").write_text("".join(SWITCH.format(n, n) + "\n" for n in range(3)))
    (tmp_path / "front.log").write_text("2026/11/29 03:57:14 [warn] 12#0: *1 limiting requests\nand more\n")
    return tmp_path


def test_people_read_time_process_level_and_text(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.show(folder, [], 20, follow=False)
    assert capsys.readouterr().out.splitlines() == [
        "2026-11-29 03:57:12.500 ovs-vswitchd    warning netdev: it is away (3 times)",
        "2026-11-29 03:57:12.806 api             info    GET /identity/v3 200 in 30.5 ms [req-1]",
        "2026-11-29 03:57:12.806 api             info    GET /identity/v3 200 in 30.5 ms [req-3]",
        "2026-11-29 03:57:13.000 runner          error   a step failed server=abc [req-2]",
        "    Traceback",
        "      ValueError",
        "2026-11-29 03:57:14     front           warning *1 limiting requests",
        "2026-11-29 03:57:14     front                   and more",
    ]


def test_machines_read_an_object_a_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    logs.show(folder, [], 20, follow=False, as_json=True)
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(rows) == 8
    assert rows[0] == {
        "process": "ovs-vswitchd",
        "at": "2026-11-29T03:57:10.500Z",
        "level": "warning",
        "message": "netdev: it is away",
    }
    assert {"process": "api", **json.loads(ANSWERED)} in rows


def test_the_lines_of_one_request_are_found_in_older_files_too(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.show(folder, [], 1, follow=False, request="req-1")
    told = capsys.readouterr().out.splitlines()
    assert [line[:19] for line in told] == ["2026-11-29 03:50:00", "2026-11-29 03:57:12"]
    assert all("req-1" in line for line in told)
