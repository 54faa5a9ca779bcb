"""Identity's facade for other services."""

import pytest

from kumoi.kernel.errors import NotFound
from kumoi.services.identity import facade
from tests.services.identity.cloud import IdentityCloud


def test_projects(cloud: IdentityCloud) -> None:
    found = cloud.database.read(lambda tx: facade.find_project(tx, "demo"))
    assert found is not None and found.domain_id == "default" and found.enabled
    assert cloud.database.read(lambda tx: facade.project_exists(tx, found.id))
    assert not cloud.database.read(lambda tx: facade.project_exists(tx, "nothing"))
    assert cloud.database.read(lambda tx: facade.find_project(tx, "nothing")) is None
    assert cloud.database.read(lambda tx: facade.projects_by_ids(tx, [found.id, "nothing"])) == {found.id: found}


def test_names_of_users(cloud: IdentityCloud) -> None:
    id = cloud.api.authenticate(cloud.database, cloud.log_in("demo")).user_id
    assert cloud.database.read(lambda tx: facade.user_names(tx, [id, "nobody"])) == {id: "demo"}


def test_resetting_the_password_of_nobody(cloud: IdentityCloud) -> None:
    with pytest.raises(NotFound):
        cloud.database.write(lambda tx: facade.reset_password(tx, "nobody", "x"))
