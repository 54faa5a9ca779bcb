"""A cloud that checks real tokens: one per session and kind of database, reset for every test."""

from collections.abc import Iterator

import pytest

from tests.services.identity.cloud import IdentityCloud


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def standing_cloud(
    database_kind: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[IdentityCloud]:
    folder = tmp_path_factory.mktemp("identity")
    url = f"sqlite:///{folder / 'kumoi.db'}"
    if database_kind == "postgresql":
        server = request.getfixturevalue("postgresql")
        url = server.url(server.fresh(request.getfixturevalue("filled_template")))
    made = IdentityCloud(folder, url)
    yield made
    made.close()


@pytest.fixture
def cloud(standing_cloud: IdentityCloud) -> IdentityCloud:
    standing_cloud.begin_anew()
    return standing_cloud


@pytest.fixture
def admin(cloud: IdentityCloud) -> str:
    """A token of the cloud's admin."""
    return cloud.log_in("admin")


@pytest.fixture
def member(cloud: IdentityCloud) -> str:
    """A token of a member of the project demo."""
    return cloud.log_in("demo")
