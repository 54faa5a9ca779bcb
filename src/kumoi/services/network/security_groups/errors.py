"""The errors of security groups."""

from kumoi.kernel.errors import Conflict, NotFound


class SecurityGroupNotFound(NotFound):
    """`project_id`: the project in which it was looked up by name, if it was."""

    kind = "SecurityGroupNotFound"

    def __init__(self, group_id: str, project_id: str | None = None) -> None:
        self.group_id, self.project_id = group_id, project_id
        super().__init__(f"Security group {group_id} does not exist")


class SecurityGroupInUse(Conflict):
    def __init__(self, group_id: str) -> None:
        super().__init__(f"Security Group {group_id} in use.")


class SecurityGroupDefaultAlreadyExists(Conflict):
    def __init__(self) -> None:
        super().__init__("Default security group already exists.")


class SecurityGroupCannotUpdateDefault(Conflict):
    def __init__(self) -> None:
        super().__init__("Updating default security group not allowed.")


class SecurityGroupCannotRemoveDefault(Conflict):
    def __init__(self) -> None:
        super().__init__("Insufficient rights for removing default security group.")


class SecurityGroupsAmbiguous(Conflict):
    kind = "NoUniqueMatch"

    def __init__(self, name: str) -> None:
        self.name = name
        super().__init__(f"Multiple security groups found matching '{name}'. Use an ID to be more specific.")


class SecurityGroupConflict(Conflict):
    def __init__(self) -> None:
        super().__init__("A port cannot have stateful and stateless security groups at once.")


class StatefulInUse(Conflict):
    kind = "SecurityGroupInUse"

    def __init__(self, group_id: str) -> None:
        super().__init__(f"Security Group {group_id} in use: stateful cannot change while ports have it.")
