"""The operators that values of extra specs may begin with: docs.openstack.org/nova, ComputeCapabilitiesFilter."""

import operator
from collections.abc import Callable

_NUMBERS: dict[str, Callable[[float, float], bool]] = {
    "=": operator.ge, "==": operator.eq, "!=": operator.ne, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
"""`=` means at least, as in Nova."""
_TEXTS: dict[str, Callable[[str, str], bool]] = {
    "s==": operator.eq, "s!=": operator.ne, "s>=": operator.ge, "s>": operator.gt, "s<=": operator.le, "s<": operator.lt,
}  # fmt: skip


def matches(value: str, wanted: str) -> bool:
    """Whether a value meets a requirement: `s== x86_64`, `>= 4`, `<in> avx`, `<or> a <or> b`, or just the value."""
    sign, _, rest = wanted.strip().partition(" ")
    rest = rest.strip()
    if sign in _NUMBERS and rest:
        try:
            return _NUMBERS[sign](float(value), float(rest))
        except ValueError:
            return False
    if sign in _TEXTS and rest:
        return _TEXTS[sign](value, rest)
    if sign == "<in>":
        return rest in value
    if sign == "<all-in>":
        return all(part.strip() in value for part in rest.split("<all-in>"))
    if sign == "<or>":
        return value in [part.strip() for part in rest.split("<or>")]
    return value == wanted
