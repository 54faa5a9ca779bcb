"""Names of containers that are open to others. S3's requests name no account, so those of outsiders and of nobody find a
bucket by its name alone. The first container of a name that is opened to others has the name until it is removed; the
caller's own containers come before it."""

from kumoi.engines.objects.interface import Container, Reading, Writing

ACCOUNT = ".known"
"""It holds an empty container for each name. No project has this account."""
_HOLDER = "sysmeta-account"


def holder(tx: Reading, name: str) -> str | None:
    """The account whose container of this name outsiders mean."""
    found = tx.container(ACCOUNT, name)
    return found.metadata[_HOLDER] if found else None


def claim(tx: Writing, container: Container) -> None:
    if tx.container(ACCOUNT, container.name) is None:
        tx.put_container(ACCOUNT, container.name, {_HOLDER: container.account}, "")


def release(tx: Writing, container: Container) -> None:
    found = tx.container(ACCOUNT, container.name)
    if found is not None and found.metadata[_HOLDER] == container.account:
        tx.remove_container(found)
