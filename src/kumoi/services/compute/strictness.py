"""From 2.75 on a query parameter that a list does not know is refused instead of overlooked."""

from typing import Any

import msgspec

from kumoi.kernel.errors import BadRequest
from kumoi.kernel.http import Request


def refuse_unknown(request: Request, kind: Any) -> None:
    """`kind`: the struct of the query."""
    if request.params and request.behaves("unknown query parameters are refused"):
        unknown = sorted(set(request.params) - {field.encode_name for field in msgspec.structs.fields(kind)})
        if unknown:
            raise BadRequest(
                f"Invalid input for query parameters {unknown[0][:80]}. Additional properties are not allowed."
            )
