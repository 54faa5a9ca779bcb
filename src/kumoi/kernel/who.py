"""The caller of a request: identity, scope and roles."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Who:
    """Roles include implied ones. At most one of project_id, domain_id and system is set; none: unscoped."""

    user_id: str
    user_name: str = ""
    user_domain_id: str = "default"
    project_id: str | None = None
    project_name: str | None = None
    project_domain_id: str | None = None
    domain_id: str | None = None
    system: bool = False
    roles: frozenset[str] = field(default_factory=frozenset)
    audit_id: str = ""
    methods: tuple[str, ...] = ()
    issued_at: int = 0
    expires_at: int = 0
    application_credential_id: str | None = None

    @property
    def scope(self) -> str:
        """`project`, `domain`, `system` or `none`."""
        if self.project_id:
            return "project"
        if self.domain_id:
            return "domain"
        return "system" if self.system else "none"

    @property
    def is_admin(self) -> bool:
        """The cloud's admin: the admin role on any project or the system, as OpenStack's default has it."""
        return "admin" in self.roles and self.scope in ("project", "system")

    def sees(self, project_id: str | None) -> bool:
        """Whether resources of that project are visible to this caller (system readers see all)."""
        if self.is_admin or (self.system and "reader" in self.roles):
            return True
        return project_id is not None and project_id == self.project_id

    def changes(self, project_id: str | None) -> bool:
        """Whether this caller may change resources of that project: the caller's own project's, or as admin anybody's.
        A caller who may only see a resource (a system reader, a project that it is shared with) may not."""
        return self.is_admin or (project_id is not None and project_id == self.project_id)

    @property
    def only_project(self) -> str | None:
        """The project to filter lists by; None: this caller may see every project."""
        return None if self.sees(None) else (self.project_id or "")


NOBODY = Who(user_id="")
