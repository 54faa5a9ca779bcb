"""The demonstration refuses a cloud that it cannot use."""

import sys
from pathlib import Path

import pytest

from kumoi.cli import demo
from kumoi.kernel import settings as settings_module
from kumoi.kernel.settings import Folder, Settings


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (Settings(services="image, network"), "no block_storage, compute, object_store"),
        (Settings(), "the cloud is down"),
        (Settings(network="fake"), "fake guests or networks"),
    ],
)
def test_what_it_cannot_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], settings: Settings, said: str
) -> None:
    settings_module.save(Folder(tmp_path), settings)
    monkeypatch.setattr(sys, "argv", ["demo", "--data", str(tmp_path)])
    assert demo.main() == 1
    assert said in capsys.readouterr().err
