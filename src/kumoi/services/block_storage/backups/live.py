"""Looks for the bytes of a backup on its host."""

from kumoi.engines.hosts import Hosts
from kumoi.kernel import log
from kumoi.kernel.errors import Unavailable
from kumoi.kernel.http import Request
from kumoi.services.block_storage.backups import logic
from kumoi.services.block_storage.backups.logic import Exported
from kumoi.services.block_storage.backups.schemas import RecordBody
from kumoi.services.block_storage.errors import InvalidBackup


def recorded(request: Request, body: RecordBody) -> Exported:
    """What the record says of a backup whose bytes are there."""
    record = logic.record(body.record.backup_service, body.record.backup_url)
    hosts: Hosts = request.engine(Hosts)
    if record.host not in hosts.names():
        raise InvalidBackup(f"this cloud has no host {record.host}.")
    try:
        lying = hosts.volumes(record.host).inventory().backups
    except Exception as error:
        log.say(__name__, "a host does not tell its backups", host=record.host, reason=str(error))
        raise Unavailable("The host of the backup does not answer; try again.") from error
    if record.place not in lying:
        raise InvalidBackup(f"the bytes of {record.place} are not on its host.")
    return record
