"""The wire format between hosts and control plane, derived from the engines' interfaces."""

import pytest

from kumoi.host.concerns import CONCERNS


@pytest.mark.parametrize(
    ("name", "errors"),
    [
        ("hypervisor", ["HypervisorError", "NetworkSilent", "Stale"]),
        ("volumes", ["VolumesError", "Stale"]),
        ("wiring", ["NetworkError", "NotThere", "Silent", "Stale"]),
    ],
)
def test_the_errors_that_an_engine_declares(name: str, errors: list[str]) -> None:
    assert sorted(CONCERNS[name].errors) == sorted(errors)
