"""The built files are put where the front reads them."""

from pathlib import Path

import pytest

from kumoi.dashboard import serving
from kumoi.kernel.settings import Folder


def built(place: Path, **assets: str) -> None:
    (place / "assets").mkdir(parents=True, exist_ok=True)
    for file in (place / "assets").iterdir():
        file.unlink()
    for name, text in assets.items():
        (place / "assets" / f"{name}.js").write_text(text)
    for name in ("index.html", "index.html.gz"):
        (place / name).write_text(" ".join(assets))


def test_files_are_placed_and_old_ones_go(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serving, "BUILT", tmp_path / "built")
    folder = Folder(tmp_path / "data")
    folder.run.mkdir(parents=True)
    serving.place(folder)
    target = serving.folder_of(folder)
    assert not target.exists()
    for assets in ({"one": "1", "two": "2"}, {"two": "2", "three": "3"}):
        built(tmp_path / "built", **assets)
        serving.place(folder)
        assert {file.name for file in (target / "assets").iterdir()} == {f"{name}.js" for name in assets}
        assert (target / "index.html").read_text() == " ".join(assets)
        assert all(file.stat().st_mode & 0o444 == 0o444 for file in target.rglob("*"))
    (tmp_path / "built" / "index.html").unlink()
    serving.place(folder)
    assert not target.exists()
