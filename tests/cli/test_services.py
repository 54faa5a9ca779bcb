"""A cloud as a service of systemd."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kumoi.cli import services
from kumoi.cli.refusals import Refused
from kumoi.kernel.settings import Folder, Settings

SETTINGS = Settings(cloud_id="abcdef")


def test_the_unit_starts_and_stops_this_cloud() -> None:
    lines = services.unit(Folder(Path("/var/lib/kumoi-100%"))).splitlines()
    program = Path(sys.prefix) / "bin" / "kumoi"
    assert f"ExecStart={program} up --data /var/lib/kumoi-100%%" in lines
    assert f"ExecStop={program} down --data /var/lib/kumoi-100%%" in lines


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_understands_the_unit(tmp_path: Path) -> None:
    path = tmp_path / services.name(SETTINGS)
    path.write_text(services.unit(Folder(tmp_path)))
    done = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, timeout=60)
    complaints = [line for line in done.stderr.splitlines() if path.name in line]
    assert complaints == []


def test_it_is_written_and_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "RUNS", tmp_path / "nowhere")
    (told,) = services.install(Folder(tmp_path), SETTINGS, tmp_path)
    assert "systemd does not run here" in told
    assert (tmp_path / "kumoi-abcdef.service").read_text() == services.unit(Folder(tmp_path))
    (told,) = services.remove(SETTINGS, tmp_path)
    assert "is removed" in told and list(tmp_path.iterdir()) == []
    assert services.remove(SETTINGS, tmp_path) == []


def test_without_systemd_it_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no systemd"):
        services.install(Folder(tmp_path), SETTINGS, tmp_path / "nowhere")
