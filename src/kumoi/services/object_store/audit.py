"""Reports differences between names, counters and bytes, which the engine compares."""

from typing import Any

from kumoi.engines.objects.interface import ObjectStore
from kumoi.kernel.reconcile import View


def differences(view: View) -> list[dict[str, Any]]:
    return [
        {"service": "object_store", "kind": "object", "id": name, "problem": problem}
        for name, problem in view.engine(ObjectStore).differences()
    ]
