"""Root changes the owner of the named file, and not of a link's target."""

import os
import stat
from pathlib import Path

import pytest

from kumoi.kernel import accounts, durable

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files to other users")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat(follow_symlinks=False).st_mode)


@pytest.mark.parametrize("link", [os.symlink, os.link])
def test_no_mode_is_given_through_a_link(tmp_path: Path, link: object) -> None:
    secret, place = tmp_path / "secret", tmp_path / "place"
    secret.touch(mode=0o600)
    assert callable(link)
    link(secret, place)
    with pytest.raises(OSError, match="symbolic links"):
        accounts.give(place, 0o666)
    assert mode(secret) == 0o600


def test_files_and_folders_are_given(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    for name in ("folder", "file"):
        accounts.give(tmp_path / name, 0o710)
        assert mode(tmp_path / name) == 0o710


@AS_ROOT
def test_all_in_a_folder_is_given_but_nothing_that_is_linked_there(tmp_path: Path) -> None:
    pytest.importorskip("pwd").getpwnam("nobody")
    outside, folder = tmp_path / "outside", tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    outside.mkdir()
    (outside / "secret").touch(mode=0o600)
    (folder / "deep" / "mine").touch()
    (folder / "to-file").symlink_to(outside / "secret")
    (folder / "to-folder").symlink_to(outside)
    accounts.give_below(folder, "nobody")
    uid = accounts.numbers("nobody")
    assert uid is not None and (folder / "deep" / "mine").stat().st_uid == uid[0]
    assert outside.stat().st_uid == (outside / "secret").stat().st_uid == 0


@pytest.mark.parametrize("name", ["place", "place.new"])
def test_no_file_is_written_through_a_link(tmp_path: Path, name: str) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kept")
    for replace in (durable.replace, durable.replace_for_now):
        (tmp_path / name).unlink(missing_ok=True)
        (tmp_path / name).symlink_to(secret)
        replace(tmp_path / "place", b"new")
        assert secret.read_text() == "kept" and (tmp_path / "place").read_text() == "new"


def test_no_lock_is_opened_through_a_link(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("kept")
    (tmp_path / "lock").symlink_to(secret)
    with pytest.raises(OSError, match="symbolic links"), durable.opened_for_locks(tmp_path / "lock"):
        pass
    assert secret.read_text() == "kept"
