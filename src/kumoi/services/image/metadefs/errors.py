"""The errors of metadata definitions."""

from kumoi.kernel.errors import Conflict, Forbidden, NotFound, TooLarge


class NamespaceNotFound(NotFound):
    def __init__(self, name: str) -> None:
        super().__init__(f"Metadata definition namespace={name[:255]} was not found.")


class EntryNotFound(NotFound):
    """An object, property, tag or resource type that the namespace does not have."""

    def __init__(self, kind: str, name: str, namespace: str) -> None:
        super().__init__(
            f"The metadata definition {kind} with name={name[:255]} was not found in namespace={namespace}."
        )


class NamespaceExists(Conflict):
    def __init__(self, name: str) -> None:
        super().__init__(f"The metadata definition namespace={name} already exists.")


class EntryExists(Conflict):
    def __init__(self, kind: str, name: str, namespace: str) -> None:
        super().__init__(f"A metadata definition {kind} with name={name} already exists in namespace={namespace}.")


class NamespaceProtected(Forbidden):
    def __init__(self, name: str) -> None:
        super().__init__(f"Metadata definition namespace {name} is protected and cannot be deleted.")


class TooManyEntries(TooLarge):
    def __init__(self, kind: str, most: int) -> None:
        super().__init__(f"A namespace has at most {most} of each kind; this would be one more {kind}.")
