"""`make new-service` and `make new-resource` write what passes `make check` and the tests, in a copy of this tree."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOT_COPIED = shutil.ignore_patterns(".git", ".venv", "__pycache__", "reports", ".pytest_cache", "node_modules", "build")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """With a service `toys` that has two resources."""
    root = tmp_path_factory.mktemp("new") / "kumoi"
    shutil.copytree(ROOT, root, ignore=NOT_COPIED)
    for command in (
        ("service", "toy_shop", "--version", "v2"),
        ("resource", "toy_shop", "toy_boxes"),
        ("resource", "toy_shop", "batteries"),
    ):
        run(root, sys.executable, "scripts/new.py", *command)
    return root


def run(root: Path, *command: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(root / "src")}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def tool(name: str) -> str:
    return str(Path(sys.executable).with_name(name))


def test_the_check_passes(copy: Path) -> None:
    run(copy, tool("ruff"), "format", "--check", ".")
    run(copy, tool("ruff"), "check", ".")
    run(copy, tool("lint-imports"), "--no-cache")
    run(copy, tool("mypy"))


def test_the_tests_pass(copy: Path) -> None:
    # Of what every route owes, that of the new ones.
    architecture = [
        "tests/architecture/test_order.py",
        "tests/architecture/test_rooms.py",
        "tests/front/test_refusals.py",
        "tests/fuzz/test_other_projects.py::test_of_whatever_paths_name_it_is_known_whose_it_is",
    ]
    command = (sys.executable, "-m", "pytest", "-p", "no:cacheprovider")
    run(copy, *command, "tests/services/toy_shop", *architecture)
    run(copy, *command, "tests/architecture", "-k", "toy_shop or toy-shop")


def test_the_names_are_those_of_the_noun(copy: Path) -> None:
    api = (copy / "src/kumoi/services/toy_shop/toy_boxes/api.py").read_text()
    assert '"toy_box"' in api and 'path="/toy-boxes"' in api
    assert '"battery"' in (copy / "src/kumoi/services/toy_shop/batteries/api.py").read_text()
    assert '"batteries",' in (copy / "src/kumoi/services/toy_shop/__init__.py").read_text()


@pytest.mark.parametrize(
    ("command", "told"),
    [
        (("service", "toy_shop"), "there already"),
        (("resource", "toy_shop", "batteries"), "there already"),
        (("resource", "nobody", "things"), "no service nobody"),
        (("service", "Toy-Shop"), "no name"),
    ],
)
def test_refusals(copy: Path, command: tuple[str, ...], told: str) -> None:
    done = subprocess.run([sys.executable, "scripts/new.py", *command], cwd=copy, capture_output=True, text=True)
    assert done.returncode != 0 and told in done.stderr
