"""One folder per OpenStack service type, and which of them a cloud has (the setting `services`)."""

import pkgutil

from kumoi.kernel import rooms

IDENTITY = "identity"
"""Every cloud has it, because logins need it."""


def every() -> list[str]:
    return sorted(module.name for module in pkgutil.iter_modules(__path__) if module.ispkg)


def present() -> list[str]:
    """Those that this process has."""
    return list(filter(rooms.has, every()))


def use(setting: str) -> None:
    """From here on this process loads the services that the setting names, and no others; ValueError as of `chosen`."""
    rooms.only(chosen(setting))


def chosen(setting: str) -> frozenset[str]:
    """The services in the comma-separated setting; empty: all. ValueError if one is unknown, or needs one that is not
    listed."""
    known = every()
    named = {name.strip() for name in setting.split(",") if name.strip()}
    if not named:
        return frozenset(known)
    if unknown := sorted(named.difference(known)):
        raise ValueError(f"services: there is no service {', '.join(unknown)}; there are {', '.join(known)}")
    named.add(IDENTITY)
    missing = {
        name: [need for need in rooms.needs(f"{__name__}.{name}") if need not in named] for name in sorted(named)
    }
    if wanting := [f"{name} needs {', '.join(needed)}" for name, needed in missing.items() if needed]:
        raise ValueError(f"services: {'; '.join(wanting)}: name these too")
    return frozenset(named)
