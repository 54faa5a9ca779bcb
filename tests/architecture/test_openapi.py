"""Promises to clients that are generated from the OpenAPI documents."""

from kumoi import app
from kumoi.kernel import openapi


def test_operation_ids_are_unique() -> None:
    identifiers: list[str] = []
    for service in app.load_services():
        for operations in openapi.document(service, "")["paths"].values():
            identifiers += [operation["operationId"] for operation in operations.values()]
    repeated = {each for each in identifiers if identifiers.count(each) > 1}
    assert len(identifiers) > 400
    assert repeated == set()
