"""Starts, stops and restarts a cloud, with the preparations before and the cleanup after."""

import contextlib
import fcntl
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import msgspec

from kumoi import services
from kumoi.cli import clouds, wording
from kumoi.cli.parts import AGENT_LAYER, parts
from kumoi.cli.refusals import Refused
from kumoi.dashboard import serving
from kumoi.engines.objects import layout
from kumoi.engines.objects.disks import Disks
from kumoi.front import configuration
from kumoi.kernel import accounts, clock, durable, preparation, processes
from kumoi.kernel import settings as settings_module
from kumoi.kernel.settings import Folder, Settings
from kumoi.supervisor import plan, world
from kumoi.supervisor.supervisor import EVERYTHING, ask
from kumoi.supervisor.unit import PID_FILE

FIXED = ("cloud_id", "region", "hypervisor", "network", "database", "host_name", "external_cidr")
"""Settings that cannot be changed."""
UP_WITHIN = 120.0


def known(data: Path) -> tuple[Folder, Settings]:
    """The cloud in a data folder; Refused when there is none."""
    folder = Folder(data)
    try:
        settings = settings_module.load(folder)
        durable.keep_free(settings.disk_reserve << 20)
        return folder, settings
    except FileNotFoundError:
        if _holds_a_cloud(folder):
            raise Refused(
                f"{folder.settings} is missing, and the cloud in {data} cannot start without it: put back a copy, or "
                "restore a backup into an empty folder: kumoi restore --data E FILE"
            ) from None
        raise Refused(f"there is no cloud in {data}: kumoi up --data {data}") from None
    except PermissionError as error:
        raise Refused(f"{error.filename} cannot be read: run this as the user that ran kumoi up") from None
    except msgspec.MsgspecError as error:
        raise Refused(
            f"{folder.settings} cannot be read as settings: {error}. Correct it by hand (docs/settings.md), put back a copy, "
            "or restore a backup into an empty folder: kumoi restore --data E FILE"
        ) from None


def _holds_a_cloud(folder: Folder) -> bool:
    """Whether it has files that are written only after the settings."""
    return _exists(folder.clouds) or _exists(folder.database / "kumoi.db")


def changed(folder: Folder, changes: Mapping[str, str]) -> Settings:
    """The folder's settings (or the defaults) with `--set` applied; Refused naming the field that is not right."""
    before = known(folder.data)[1] if _exists(folder.settings) or _holds_a_cloud(folder) else None
    values: dict[str, Any] = msgspec.to_builtins(before or Settings())
    for name in changes.keys() - values.keys():
        raise Refused(f"--set {name}: there is no such setting; there are {', '.join(sorted(values))}")
    wrong = [complaint for name, value in sorted(changes.items()) if (complaint := wording.complaint(name, value))]
    if wrong:
        raise Refused("\n".join(wrong))
    after = msgspec.convert({**values, **changes}, Settings, strict=False)
    for name in FIXED:
        if before is not None and getattr(before, name) != getattr(after, name):
            raise Refused(
                f"--set {name}: this cloud was created with {getattr(before, name)!r}; make another for another"
            )
    _check_services(before, after)
    _check_disks(before, after)
    return after


def _check_disks(before: Settings | None, after: Settings) -> None:
    """Refused unless the disks and policies of the object store can be so, and each disk of the cloud is still named."""
    try:
        layout.parse(after.object_disks, after.object_policies)
    except ValueError as error:
        raise Refused(f"--set {error}") from None
    gone = before.disks_of_objects.keys() - after.disks_of_objects.keys() if before is not None else set()
    if gone:
        raise Refused(
            f"--set object_disks: {', '.join(sorted(gone))} has bytes of objects: disks can be added, or be replaced by "
            "kumoi replace-disk, not removed"
        )


def _check_services(before: Settings | None, after: Settings) -> None:
    """Refused unless the services exist, all services that they need are included, and no service of the cloud is
    missing."""
    try:
        now = services.chosen(after.services)
        gone = services.chosen(before.services) - now if before is not None else frozenset()
    except ValueError as error:
        raise Refused(f"--set {error}") from None
    if gone:
        raise Refused(
            f"--set services: this cloud has {', '.join(sorted(gone))}, whose rows would remain: services can be added to "
            "a cloud, not removed"
        )


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        raise Refused(f"--data: {path.parent} may not be entered: run this as its owner") from None


def up(folder: Folder, settings: Settings) -> list[str]:
    """Make the cloud run with its settings, whether it runs already or not. Returns notes for the user."""
    services.use(settings.services)
    with alone(folder):
        if not is_running(folder) and _left_running(folder):
            # the supervisor was killed: restart what died since then before anything else
            with contextlib.suppress(Refused, processes.CommandFailed):
                _start_supervisor(folder)
                until(lambda: _network_runs(folder), 10.0, "the network's processes do not start")
        # imported here, because other commands do not need it and run often
        from kumoi.cli import preconditions

        running = is_running(folder)
        here = running or _left_running(folder)
        held_port = known(folder.data)[1].port if here else None
        found = preconditions.problems(folder, settings, running=here, held_port=held_port)
        if found:
            raise Refused("\n".join(found))
        with _old_settings_unless_done(folder):
            secrets = lay_out(folder, settings)
            if settings.network == "ovn":
                from kumoi.engines.network.ovn import daemons

                daemons.prepare(folder, settings)
            else:
                from kumoi.engines.network.fake import plugs

                plugs.prepare(folder, settings)
            serving.place(folder)
            text = configuration.render(folder, settings, novnc())
            durable.replace_for_now(folder.run / "nginx.conf", text.encode())
            accounts.give(folder.run / "nginx.conf", 0o640, group=_control())
            plan.write(folder.data, parts(folder, settings))
        if running:
            # the next supervisor is of this code's version and adopts unchanged processes
            _end_supervisor(folder)
        with preparation.preparing(folder):
            # Started now, because its processes load as long as this process needs for the rest.
            _start_supervisor(folder)
            try:
                fill(folder, settings, secrets)
            except BaseException:
                if not running:
                    _level(folder, -1)
                    _end_supervisor(folder)
                raise
        _wait(folder, UP_WITHIN)
    return preconditions.notes(folder, settings)


@contextmanager
def _old_settings_unless_done(folder: Folder) -> Iterator[None]:
    """Restore the old settings if the new ones fail. A new cloud keeps its first settings, because its id is already in
    use."""
    before = folder.settings.read_bytes() if folder.settings.exists() else None
    try:
        yield
    except BaseException:
        if before is not None:
            durable.replace(folder.settings, before, mode=0o644)
            accounts.give(folder.settings, 0o640, group=_control())
        raise


def replace_disk(folder: Folder, settings: Settings, name: str) -> None:
    """Take a new disk of the object store into use in place of a lost one."""
    if name not in settings.disks_of_objects:
        known = ", ".join(settings.disks_of_objects) or "none"
        raise Refused(f"{name}: there is no such disk in object_disks; there are {known}")
    with alone(folder):
        _take_disks(folder, settings, replaced=name)


def _take_disks(folder: Folder, settings: Settings, replaced: str = "") -> None:
    """Give each disk of the object store that is new an identity."""
    disks = Disks(folder.objects, layout.parse(settings.object_disks, settings.object_policies))
    for name, path in settings.disks_of_objects.items():
        if name == replaced if replaced else name not in disks.state().disks:
            if problem := disks.take(name, replaced=name == replaced):
                raise Refused(f"object_disks: {name}: {problem}: give it an empty folder")
            give_all(path)
            accounts.give(path, 0o750, owner=_control(), group=_control())
    for path in (disks.folder / "disks.json", disks.folder / "disks.lock"):
        if path.exists():
            accounts.give(path, 0o640, owner=_control(), group=_control())


def lay_out(folder: Folder, settings: Settings) -> dict[str, str]:
    """Create folders, settings, certificate and clouds.yaml. Returns the users' passwords."""
    if os.geteuid() == 0:
        _make_users()
    _make_folders(folder)
    _take_disks(folder, settings)
    settings_module.save(folder, settings)
    accounts.give(folder.settings, 0o640, group=_control())
    _copy_certificate(folder, settings)
    _copy_realms(folder, settings)
    # nginx, which starts before the rest is there, reads the key as the control plane's user
    give_all(folder.keys)
    secrets = clouds.passwords(folder.clouds)
    clouds.write(folder, settings, secrets)
    return secrets


def fill(folder: Folder, settings: Settings, secrets: dict[str, str]) -> None:
    """Write keys, tables and first rows. Repeated calls change nothing."""
    from kumoi import app

    app.bootstrap(folder, settings, secrets)
    for path in (folder.database, folder.keys):
        give_all(path)
    endpoints = {service.type: service.address or service.prefix for service in app.load_services()}
    durable.replace_for_now(folder.run / "endpoints.json", msgspec.json.encode(endpoints), mode=0o644)


def down(folder: Folder, settings: Settings) -> list[str]:
    """Stop everything: control plane, guests (shut down first), the rest. No device or namespace remains. Returns the
    ids of the servers that did not shut down in time and were ended."""
    with alone(folder):
        if not is_running(folder):
            # the supervisor was killed: a new one adopts its processes and stops them in order
            _start_supervisor(folder)
        _end_streams(folder)
        # without the agent, but with the switch, from which guests are unplugged
        _level(folder, AGENT_LAYER - 1)
        from kumoi.host import lifecycle

        disobedient = lifecycle.shut_down(folder, settings)
        _level(folder, -1)
        _end_supervisor(folder)
        if settings.network == "ovn":
            from kumoi.engines.network.ovn import daemons

            daemons.tear_down(folder, settings)
    return disobedient


def restart(folder: Folder) -> None:
    """Restart the control plane. Guests and packets are not affected."""
    if not is_running(folder):
        raise Refused(f"the cloud is down: kumoi up --data {folder.data}")
    ask(folder.data, "restart")
    _wait(folder, UP_WITHIN)


def is_running(folder: Folder) -> bool:
    """Whether a supervisor answers."""
    try:
        ask(folder.data, "status")
    except OSError:
        return False
    return True


def is_down(folder: Folder) -> bool:
    """Whether nothing of it runs: no supervisor, and no processes of a killed one."""
    return not is_running(folder) and not _left_running(folder)


def _left_running(folder: Folder) -> bool:
    """Whether a killed supervisor left processes. The next one adopts them."""
    for file in folder.run.glob(f"*{PID_FILE}"):
        pid, began, _ = file.read_text().split()
        if world.started(int(pid)) == int(began):
            return True
    return False


def novnc() -> Path:
    """The folder of noVNC from `make install`. If it does not exist, there is no console page."""
    return Path(os.environ.get("KUMOI_CACHE", "/var/cache/kumoi")) / "novnc"


@contextmanager
def alone(folder: Folder) -> Iterator[None]:
    """Allows one `up`, `down` or `backup` at a time."""
    try:
        folder.run.mkdir(parents=True, exist_ok=True)
        opened = ExitStack()
        lock = opened.enter_context(durable.opened_for_locks(folder.run / "command.lock"))
    except OSError as error:
        raise Refused(f"--data: {error.filename}: {error.strerror}") from None
    with opened:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(f"another kumoi command is using {folder.data}: wait for it to end") from None
        yield


def _control() -> str | None:
    return accounts.CONTROL if os.geteuid() == 0 else None


def _make_users() -> None:
    for user in (accounts.CONTROL, accounts.GUEST):
        if accounts.numbers(user) is None:
            no_login = ("--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent")
            processes.run(["useradd", *no_login, "--shell", "/usr/sbin/nologin", user])


def _make_folders(folder: Folder) -> None:
    control = _control()
    accounts.give(folder.data.resolve(), 0o755)
    for path, mode, owner in (
        # every user with a socket here may create it, and nobody may remove another's
        (folder.run, 0o1775, None),
        (folder.run / "front", 0o700, control),
        (folder.log, 0o750, None),
        (folder.database, 0o750, control),
        (folder.keys, 0o700, control),
        (folder.images, 0o750, control),
        (folder.objects, 0o750, control),
    ):
        durable.make_folder(path)
        accounts.give(path, mode, owner=owner, group=control)


def _copy_certificate(folder: Folder, settings: Settings) -> None:
    for source, target in (
        (settings.tls_certificate, configuration.certificate(folder)),
        (settings.tls_key, configuration.key(folder)),
    ):
        if source:
            durable.replace(target, Path(source).read_bytes())
        else:
            target.unlink(missing_ok=True)
    if settings.tls_certificate:
        # clients that use it through clouds.yaml must be able to read it
        accounts.give(folder.keys, 0o711)
        accounts.give(configuration.certificate(folder), 0o644)


def _copy_realms(folder: Folder, settings: Settings) -> None:
    target = folder.keys / "container-sync-realms.conf"
    if settings.container_sync_realms:
        durable.replace(target, Path(settings.container_sync_realms).read_bytes())
    else:
        target.unlink(missing_ok=True)


def give_all(path: Path) -> None:
    """Give what this command created as root to the control plane's user."""
    accounts.give_below(path, accounts.CONTROL)


def _start_supervisor(folder: Folder) -> None:
    folder.log.mkdir(exist_ok=True)
    processes.run([sys.executable, "-m", "kumoi.supervisor", "--data", str(folder.data), "--detach"])
    until(lambda: is_running(folder), 10.0, f"the supervisor does not start; see {folder.log / 'supervisor.log'}")


def _end_supervisor(folder: Folder) -> None:
    ask(folder.data, "leave")
    until(lambda: not is_running(folder), 10.0, "the supervisor does not end")
    until(lambda: not _supervised(folder), 10.0, "the supervisor does not end")


def _supervised(folder: Folder) -> bool:
    """Whether a supervisor of this folder still exists, even if it does not answer."""
    mark = f"kumoi.supervisor\0--data\0{folder.data}\0".encode()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and mark in (entry / "cmdline").read_bytes():
                return True
        except OSError:
            continue
    return False


def _level(folder: Folder, layer: int) -> None:
    ask(folder.data, "level", layer=layer)
    until(lambda: settled(folder), 60.0, "not all processes end; see kumoi status")


FAREWELL = 5.0
"""Seconds for the streams to end by themselves."""


def _end_streams(folder: Folder) -> None:
    """Before the front, which carries their last message: that the cloud stops. Uploads wait no longer than that."""
    ask(folder.data, "park", names=["streams"])
    stop = clock.monotonic() + FAREWELL
    while clock.monotonic() < stop and "streams" in _running(folder):
        clock.sleep(0.05)


def _running(folder: Folder) -> set[str]:
    answer: dict[str, Any] = ask(folder.data, "status")
    return {row["name"] for row in answer["processes"] if row["state"] != "down"}


def _network_runs(folder: Folder) -> bool:
    answer: dict[str, Any] = ask(folder.data, "status")
    return all(row["state"] == "up" for row in answer["processes"] if row["layer"] < AGENT_LAYER)


def settled(folder: Folder) -> bool:
    return bool(ask(folder.data, "status")["settled"])


def _wait(folder: Folder, within: float) -> None:
    """Wait until everything runs. Refused with the end of the log if a process fails repeatedly."""
    stop = clock.monotonic() + within
    while True:
        answer: dict[str, Any] = ask(folder.data, "status")
        if answer["settled"] and answer["level"] == EVERYTHING:
            return
        failing = [row for row in answer["processes"] if row["state"] == "failing"]
        if failing or clock.monotonic() > stop:
            late = failing or [row for row in answer["processes"] if row["state"] != "up"]
            raise Refused("\n".join(_complaint(row) for row in late))
        clock.sleep(0.02)


def _complaint(row: dict[str, Any]) -> str:
    log = Path(row["log"])
    end = log.read_text(errors="replace").strip().splitlines()[-5:] if log.exists() else []
    told = "".join(f"\n    {line[:500]}" for line in end)
    return f"{row['name']} does not start: {row['detail'] or row['state']}; the end of {log}:{told}"


def until(met: Any, within: float, otherwise: str) -> None:
    stop = clock.monotonic() + within
    while not met():
        if clock.monotonic() > stop:
            raise Refused(otherwise)
        clock.sleep(0.02)
