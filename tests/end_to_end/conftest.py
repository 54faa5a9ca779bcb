"""Tests in order. After a failure the rest of the file is skipped, and the cloud's report is shown."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.end_to_end.clouds import Cloud

_FAILED: dict[str, str] = {}
_CLOUDS: list[Cloud] = []


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Iterator[None]:
    outcome: Any = yield
    report = outcome.get_result()
    if report.failed and "in_order" in item.fixturenames:  # type: ignore[attr-defined]
        _FAILED.setdefault(str(item.path), item.name)
    if report.failed and report.when == "call":
        for cloud in _CLOUDS:
            report.sections.append((f"the cloud in {cloud.data}", cloud.report()))


@pytest.fixture
def in_order(request: pytest.FixtureRequest) -> None:
    """This test continues where the previous one ended."""
    if earlier := _FAILED.get(str(request.node.path)):
        pytest.skip(f"{earlier} failed")


@pytest.fixture(scope="module")
def made_clouds() -> Iterator[list[Cloud]]:
    """Clouds of the module. They are reported when a test fails, and stopped with the module."""
    before = len(_CLOUDS)
    yield _CLOUDS
    while len(_CLOUDS) > before:
        _CLOUDS.pop().close()


@pytest.fixture(scope="session")
def furnished() -> Iterator[Cloud]:
    """A real cloud with a key, image `small`, network `inside` with a gateway, and security group `open`."""
    cloud = Cloud()
    _CLOUDS.append(cloud)
    try:
        cloud.up()
        cloud.furnish()
        yield cloud
    finally:
        _CLOUDS.remove(cloud)
        cloud.close()
