"""A part of the tests: what runs again, and what decides."""

from pathlib import Path

import pytest

from tests import part

ONCE = """
from pathlib import Path

def test_slow():
    seen = Path(__file__).with_name("seen")
    first = not seen.exists()
    seen.touch()
    assert not first

def test_good():
    pass
"""
FEW = "import pytest\n@pytest.mark.parametrize('n', range({}))\ndef test_broken(n):\n    assert False\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def again(root: Path) -> str:
    path = root / "reports/tests-some-again.txt"
    return path.read_text() if path.exists() else ""


def test_a_test_that_passes_alone_passes_and_is_listed(root: Path) -> None:
    (root / "test_once.py").write_text(ONCE)
    assert part.run("some", ["-q", "-n", "2"], root) == 0
    assert again(root) == "test_once.py::test_slow\n"
    assert part.run("some", ["-q"], root) == 0
    assert again(root) == "", "the list is that of the last run"


def test_a_test_that_fails_twice_fails(root: Path) -> None:
    (root / "test_once.py").write_text(ONCE + FEW.format(1))
    assert part.run("some", ["-q"], root) == part.FAILED
    assert again(root) == ""


def test_many_failures_do_not_run_again(root: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (root / "test_many.py").write_text(FEW.format(part.FEW + 1))
    assert part.run("some", ["-q"], root) == part.FAILED
    assert "again" not in capfd.readouterr().out


def test_a_module_that_cannot_be_read_fails(root: Path) -> None:
    (root / "test_wrong.py").write_text("import nothing_of_that_name\n")
    (root / "test_once.py").write_text(ONCE)
    assert part.run("some", ["-q"], root) != 0
