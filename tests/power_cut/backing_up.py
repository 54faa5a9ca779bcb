"""`python -m tests.power_cut.backing_up FOLDER MARKS`: a small cloud that is down is backed up, and restored beside."""

import sys
from pathlib import Path

from kumoi.cli import backups
from kumoi.kernel import durable, settings
from kumoi.kernel.settings import Folder, Settings
from kumoi.kernel.tokens import Keys


def main(data: Path) -> None:
    folder = Folder(data / "first")
    settings.save(folder, Settings(hypervisor="fake", network="fake"))
    Keys.create(folder.keys)
    folder.images.mkdir()
    (folder.images / "image").write_bytes(b"bytes" * 1000)
    folder.run.mkdir()
    durable.make_folder(data / "elsewhere")
    backups.backup(folder, settings.load(folder), data / "backup.tar.gz")
    backups.restore(data / "backup.tar.gz", Folder(data / "elsewhere" / "second"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
