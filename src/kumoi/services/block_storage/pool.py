"""What every host's storage can do, and which extra specs of volume types it satisfies."""

from collections.abc import Mapping

BACKEND = "files"
CAPABILITIES: Mapping[str, str | bool] = {
    "volume_backend_name": BACKEND,
    "pool_name": BACKEND,
    "vendor_name": "Kumoi",
    "storage_protocol": "file",
    "driver_version": "1",
    "thin_provisioning_support": True,
    "QoS_support": False,
}
_SCOPE = "capabilities:"


def unmet(specs: Mapping[str, str]) -> str | None:
    """The first extra spec that names one of the capabilities and demands another value of it. Other specs demand nothing
    of the storage."""
    for key in sorted(specs):
        name = key.removeprefix(_SCOPE)
        if name in CAPABILITIES and not _meets(CAPABILITIES[name], specs[key].strip()):
            return key
    return None


def _meets(has: str | bool, wanted: str) -> bool:
    """In the words of Cinder's extra specs: a plain value, or an operator before values."""
    operator, _, rest = wanted.partition(" ")
    rest = rest.strip()
    if operator == "<is>":
        return rest.lower() in ("true", "1", "yes", "on") if has is True else has is False and rest.lower() != "true"
    text = str(has)
    if operator == "<or>":
        return text in [part.strip() for part in rest.split("<or>")]
    if operator == "<in>":
        return rest in text
    if operator in ("s==", "="):
        return text == rest
    if operator == "s!=":
        return text != rest
    return text == wanted
