"""Files that a request puts into a server (`personality`, before 2.57): the guest reads them as its metadata."""

import base64
import binascii
from collections.abc import Sequence

from kumoi.kernel import quotas
from kumoi.kernel.database import Transaction
from kumoi.kernel.errors import BadRequest, Forbidden
from kumoi.services.compute.servers.schemas.create import File


def checked(tx: Transaction, project_id: str, asked: Sequence[File] | None) -> list[dict[str, str]] | None:
    """As stored in the row. BadRequest if a file is not base64, Forbidden if it exceeds the quota."""
    if not asked:
        return None
    _within(tx, project_id, "injected_files", len(asked), "Personality file limit exceeded")
    for index, file in enumerate(asked):
        where = f"personality[{index}]"
        path_bytes = len(file.path.encode())
        _within(tx, project_id, "injected_file_path_bytes", path_bytes, f"{where}: Personality file path too long")
        try:
            content = base64.b64decode("".join(file.contents.split()), validate=True)
        except (binascii.Error, ValueError):
            raise BadRequest(f"Invalid input for field/attribute {where}.contents: it is not base 64.") from None
        _within(
            tx, project_id, "injected_file_content_bytes", len(content), f"{where}: Personality file content too long"
        )
    return [{"path": file.path, "contents": "".join(file.contents.split())} for file in asked]


def _within(tx: Transaction, project_id: str, resource: str, amount: int, refusal: str) -> None:
    most = quotas.limit(tx, "compute", resource, project_id)
    if most != quotas.UNLIMITED and amount > most:
        raise Forbidden(f"{refusal}: {amount} of {most} ({resource}).")
