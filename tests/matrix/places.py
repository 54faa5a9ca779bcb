"""A place is the folder and the database of a tested cloud. It is restored from a copy for each death."""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from tests.databases import Content, PostgreSQL

MEMORY = Path("/dev/shm")
"""The death of a process loses nothing that was written, so memory is sufficient."""


@dataclass(frozen=True)
class Saved:
    """A copy of a place: its files, and what its database holds (PostgreSQL)."""

    folder: Path
    content: Content | None


class Place:
    """`server` None: the database is a file in the folder. It may have no connections while it is saved or loaded."""

    def __init__(self, server: PostgreSQL | None = None) -> None:
        self.folder = _folder()
        self.server = server
        self.name = server.fresh() if server else ""
        self.kept: list[Saved] = []

    @property
    def url(self) -> str:
        return self.server.url(self.name) if self.server else f"sqlite:///{self.folder / 'kumoi.db'}"

    def save(self) -> Saved:
        folder = _folder()
        shutil.copytree(self.folder, folder, dirs_exist_ok=True)
        saved = Saved(folder, self.server.content(self.name) if self.server else None)
        self.kept.append(saved)
        return saved

    def load(self, saved: Saved) -> None:
        shutil.rmtree(self.folder)
        shutil.copytree(saved.folder, self.folder)
        if self.server:
            assert saved.content is not None
            self.server.write_content(self.name, saved.content)

    def remove(self) -> None:
        for saved in self.kept:
            self.forget(saved)
        shutil.rmtree(self.folder, ignore_errors=True)
        if self.server:
            self.server.drop(self.name)

    def forget(self, saved: Saved) -> None:
        shutil.rmtree(saved.folder, ignore_errors=True)


def _folder() -> Path:
    return Path(tempfile.mkdtemp(prefix="k-", dir=MEMORY if MEMORY.is_dir() else None))
