"""A copy of an object store that is in use, as it was at one instant: for backups."""

import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path


def copy(source: Path, target: Path) -> None:
    """To the same disk. Nothing may `tidy` the store meanwhile, so the files that the copied index names are all there; they
    never change, so they are linked."""
    files = target / "files"
    files.mkdir(parents=True)
    index = source / "index.db"
    if index.is_symlink() or not index.exists():
        return
    with closing(sqlite3.connect(index)) as live, closing(sqlite3.connect(target / "index.db")) as copied:
        live.backup(copied)
        wanted = copied.execute("SELECT place FROM objects WHERE place IS NOT NULL UNION SELECT place FROM unwanted")
        for (place,) in wanted:
            (files / place[:2]).mkdir(exist_ok=True)
            os.link(source / "files" / place[:2] / place, files / place[:2] / place, follow_symlinks=False)
    for path in (target, *target.rglob("*")):
        found = path.relative_to(target)
        original = (source / found).stat(follow_symlinks=False)
        if not path.is_file() or path.name == "index.db":
            shutil.copystat(source / found, path, follow_symlinks=False)
            os.chown(path, original.st_uid, original.st_gid, follow_symlinks=False)
