"""The locks hold what pyproject.toml asks for, with hashes, and name no registry."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def normal(name: str) -> str:
    """As package indexes compare names."""
    return re.sub(r"[-_.]+", "-", name).lower()


def locked(name: str) -> set[str]:
    text = (ROOT / "requirements" / f"{name}.txt").read_text()
    return {normal(found) for found in re.findall(r"^([A-Za-z0-9._-]+)==", text, re.MULTILINE)}


def asked(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = [*project["dependencies"], *(line for extra in extras for line in project["optional-dependencies"][extra])]
    return {normal(re.split(r"[\[~=<>; ]", line)[0]) for line in wanted}


@pytest.mark.parametrize(("lock", "extras"), [("cloud", ("client",)), ("development", ("client", "dev"))])
def test_what_is_asked_for_is_locked(lock: str, extras: tuple[str, ...]) -> None:
    assert asked(*extras) - locked(lock) == set()


@pytest.mark.parametrize("lock", ["build", "cloud", "development"])
def test_every_version_has_a_hash_and_no_address(lock: str) -> None:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    assert "://" not in text
    for package in re.split(r"\n(?=\S)", text.strip()):
        assert "--hash=sha256:" in package, package
