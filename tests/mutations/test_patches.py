"""Every mutation still applies, names the promise that it breaks, and names an existing suite. `make mutations` runs
them."""

import shlex

import pytest

from tests.mutations.__main__ import ROOT, Mutation, applies, mutations

ALL = mutations([])


def test_there_are_enough() -> None:
    assert len(ALL) >= 15


@pytest.mark.parametrize("mutation", ALL, ids=lambda mutation: mutation.name)
def test_applies(mutation: Mutation) -> None:
    assert applies(mutation, ROOT, check=True) == ""
    assert mutation.breaks
    paths = [word for word in shlex.split(mutation.suite) if word.startswith("tests/")]
    assert paths and all((ROOT / path).exists() for path in paths)
