"""A test that waits for ever fails at its limit, and the run goes on."""

import subprocess
import sys
from pathlib import Path

import pytest

HANGING = """
import threading

def test_one():
    threading.Event().wait()

def test_another():
    pass
"""


def test_a_test_that_waits_for_ever_fails(tmp_path: Path) -> None:
    """Also in a worker of xdist."""
    (tmp_path / "test_hanging.py").write_text(HANGING)
    argv = [sys.executable, "-m", "pytest", "-n", "1", "-o", "timeout=1", "-p", "no:cacheprovider", str(tmp_path)]
    said = subprocess.run(argv, cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert "1 failed, 1 passed" in said.stdout and "Timeout" in said.stdout, said.stdout + said.stderr


def test_every_test_has_a_limit(pytestconfig: pytest.Config) -> None:
    assert float(pytestconfig.getini("timeout")) > 0
