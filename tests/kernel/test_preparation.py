"""A process that opens a cloud waits while it is prepared, but not longer than the preparing process lives."""

import os
import signal
import threading
from pathlib import Path

import pytest

from kumoi.kernel import clock, preparation
from kumoi.kernel.clock import VirtualClock
from kumoi.kernel.settings import Folder
from tests.waits import PATIENCE


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    made = Folder(tmp_path)
    made.run.mkdir()
    return made


def test_nothing_is_prepared(folder: Folder) -> None:
    preparation.wait(folder)
    with preparation.preparing(folder):
        pass
    preparation.wait(folder)


def test_it_waits_until_it_is_over(folder: Folder) -> None:
    opened = threading.Event()

    def open_cloud() -> None:
        preparation.wait(folder)
        opened.set()

    with preparation.preparing(folder):
        thread = threading.Thread(target=open_cloud)
        thread.start()
        assert not opened.wait(0.1)
    assert opened.wait(PATIENCE)
    thread.join()


def test_a_preparer_that_died_is_not_waited_for(folder: Folder) -> None:
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        with preparation.preparing(folder):
            os.write(writer, b".")
            signal.pause()
    os.read(reader, 1)
    with clock.using(VirtualClock()), pytest.raises(TimeoutError, match="kumoi up"):
        preparation.wait(folder)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    preparation.wait(folder)
