"""Ids of versions of objects, as Swift has them: when a version was made, in seconds."""

from kumoi.engines.objects.interface import ListedVersion, Object
from kumoi.kernel.errors import BadRequest
from kumoi.services.object_store import limits

PARAMETER, HEADER = "version-id", "X-Object-Version-Id"
NULL = "null"
LAST = 10**15
"""Larger than the number of any version."""
_IN_A_SECOND = 10**5


def id_of(found: Object | ListedVersion) -> str:
    if not found.named:
        return NULL
    return f"{found.version // _IN_A_SECOND:010d}.{found.version % _IN_A_SECOND:05d}"


def number(id: str, parameter: str = PARAMETER) -> int | None:
    """None: the null version."""
    if id == NULL:
        return None
    seconds, _, rest = id.partition(".")
    if not (limits.is_number(seconds) and len(seconds) == 10 and limits.is_number(rest) and len(rest) == 5):
        raise BadRequest(f"{parameter}: {id[:40]!r} is no id of a version.")
    return int(seconds) * _IN_A_SECOND + int(rest)
