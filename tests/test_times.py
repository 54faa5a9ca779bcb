"""To which service the cost of a test is added."""

import pytest

from kumoi import services
from tests.times import kinds_of_operations, service_of

A = "tests/architecture/test_x.py::test_x"


@pytest.mark.parametrize(
    ("nodeid", "service"),
    [
        ("tests/services/compute/servers/test_create.py::test_a_server", "compute"),
        ("tests/services/test_long_queries.py::test_long_queries[sqlite]", ""),
        (f"{A}[identity:GET:/image/{{id}}:x.show]", "identity"),
        (f"{A}[image_images]", "image"),
        (f"{A}[postgresql-block_storage-admin]", "block_storage"),
        (f"{A}[/network/v2.0/ports member]", "network"),
        (f"{A}[sqlite-server.create, from a volume]", "compute"),
        (f"{A}[postgresql-volume.extend]", "block_storage"),
        ("tests/kernel/test_http.py::test_images[images]", ""),
    ],
)
def test_a_test_belongs_to_the_service_that_it_asks(nodeid: str, service: str) -> None:
    assert service_of(nodeid, services.every(), kinds_of_operations()) == service
