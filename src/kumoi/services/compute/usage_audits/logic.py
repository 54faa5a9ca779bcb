"""The audits of periods."""

from datetime import datetime, timedelta

from kumoi.kernel.database import Transaction
from kumoi.services.compute.hosts import store as hosts_store
from kumoi.services.compute.usage_audits.schemas import Audit

FORMAT = "%Y-%m-%d %H:%M:%S"


def audit(tx: Transaction, moment: datetime) -> Audit:
    """Of the last period that ended before a time; the periods are months."""
    ending = moment.replace(day=1, hour=0, minute=0, second=0, microsecond=0, tzinfo=None)
    beginning = (ending - timedelta(days=1)).replace(day=1) if ending > datetime.min + timedelta(days=31) else ending
    hosts = [row["name"] for row in hosts_store.every(tx)]
    return Audit(
        period_beginning=beginning.strftime(FORMAT), period_ending=ending.strftime(FORMAT), num_hosts=len(hosts),
        num_hosts_not_run=len(hosts), hosts_not_run=hosts, overall_status=f"0 of {len(hosts)} hosts done. 0 errors.",
    )  # fmt: skip
