"""A command that fails prints a sentence and never a traceback."""

import importlib.metadata
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from kumoi import app
from kumoi.cli import clouds, commands, running
from kumoi.kernel import settings as settings_module
from kumoi.kernel.errors import OutcomeUnknown
from kumoi.kernel.settings import Folder, Settings
from tests.ports import free_port


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A running cloud whose database is unreachable."""
    database = f"postgresql://kumoi:secret@127.0.0.1:{free_port()}/kumoi"
    settings = Settings(hypervisor="fake", network="fake", database=database, password_rounds=4)
    folder = Folder(tmp_path)
    settings_module.save(folder, settings)
    clouds.write(folder, settings, clouds.passwords(folder.clouds))
    open_cloud = app.open_cloud

    def impatient(data: Path) -> Any:
        opened = open_cloud(data)
        opened[2].patience = 0.1
        return opened

    monkeypatch.setattr(app, "open_cloud", impatient)
    monkeypatch.setattr(running, "is_down", lambda _folder: False)
    monkeypatch.setattr(running, "give_all", lambda _path: None)
    return tmp_path


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str | Path
) -> tuple[int, str, str]:
    """Exit status, standard output and standard error."""
    monkeypatch.setattr(sys, "argv", ["kumoi", *map(str, words)])
    status = commands.main()
    return status, *capsys.readouterr()


def test_an_audit_without_a_database_is_one_row(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, said, _ = run(monkeypatch, capsys, "audit", "--data", data, "--json")
    (row,) = json.loads(said)
    assert status == 1 and (row["service"], row["kind"]) == ("kumoi", "database")
    assert row["id"].startswith("postgresql://kumoi:***@127.0.0.1") and row["problem"].endswith(row["id"])
    status, said, complaint = run(monkeypatch, capsys, "audit", "--data", data)
    assert (status, said, complaint) == (1, "", f"kumoi audit: {row['problem']}\n")


def test_other_commands_say_it_in_a_sentence(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Folder(data).clouds.read_text()
    status, said, complaint = run(monkeypatch, capsys, "reset-password", "--data", data)
    assert (status, said, complaint.count("\n")) == (1, "", 1) and "Nothing was changed" in complaint
    assert Folder(data).clouds.read_text() == before


def test_of_what_may_have_been_done_it_says_so(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def unknown(*_: Any) -> Any:
        raise OutcomeUnknown

    monkeypatch.setattr("kumoi.cli.passwords.reset", unknown)
    status, said, complaint = run(monkeypatch, capsys, "reset-password", "--data", data)
    assert (status, said, complaint.count("\n")) == (1, "", 1) and "repeat it" in complaint


def test_the_version_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(sys, "argv", ["kumoi", "--version"])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"kumoi {importlib.metadata.version('kumoi')}\n"
