"""The command line of `kumoi`: arguments, actions and output of each command."""

import argparse
import importlib.metadata
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec

from kumoi.cli import running
from kumoi.cli.refusals import Refused
from kumoi.dashboard import serving
from kumoi.engines.hypervisor.interface import HypervisorError
from kumoi.engines.network.interface import NetworkError
from kumoi.kernel import accounts, clock
from kumoi.kernel.errors import DatabaseAway, OutcomeUnknown
from kumoi.kernel.processes import CommandFailed
from kumoi.kernel.settings import Folder

Arguments = argparse.Namespace


def main() -> int:
    """The exit status: 0 well, 1 refused or not healthy, 2 not understood."""
    arguments = _parser().parse_args()
    work: Callable[[Arguments], int] = arguments.work
    try:
        return work(arguments)
    except (Refused, NetworkError, HypervisorError, CommandFailed) as error:
        for line in str(error).splitlines():
            print(line if line.startswith(" ") else f"kumoi {arguments.command}: {line}", file=sys.stderr)
        return 1
    except DatabaseAway as error:
        print(f"kumoi {arguments.command}: {error.message}", file=sys.stderr)
        return 1
    except OutcomeUnknown:
        said = "the database became unreachable during the commit, so this may or may not have been done: repeat it"
        print(f"kumoi {arguments.command}: {said}", file=sys.stderr)
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        return 130


def up(asked: Arguments) -> int:
    began = clock.monotonic()
    changes = dict(asked.set)
    if asked.port is not None:
        changes["port"] = str(asked.port)
    folder = Folder(asked.data)
    settings = running.changed(folder, changes)
    notes = running.up(folder, settings)
    if asked.json:
        return _print_status(asked)
    for note in notes:
        print(f"note: {note}")
    print(f"up in {clock.monotonic() - began:.1f} s: {settings.base_url}/identity/v3")
    if serving.is_built():
        print(f"dashboard: {settings.base_url}/ (user demo or admin; passwords in {folder.clouds})")
    print(f"clients: export OS_CLIENT_CONFIG_FILE={folder.clouds} OS_CLOUD=kumoi")
    return 0


def down(asked: Arguments) -> int:
    began = clock.monotonic()
    for server in running.down(*running.known(asked.data)):
        print(f"note: server {server} did not shut down in time, so its power was cut")
    print(f"down in {clock.monotonic() - began:.1f} s")
    return 0


def restart(asked: Arguments) -> int:
    began = clock.monotonic()
    running.restart(running.known(asked.data)[0])
    print(f"control plane restarted in {clock.monotonic() - began:.1f} s")
    return 0


def status(asked: Arguments) -> int:
    return _print_status(asked)


def _print_status(asked: Arguments) -> int:
    from kumoi.cli.status import status as look

    folder, settings = running.known(asked.data)
    found = look(folder, settings)
    if asked.json:
        print(msgspec.json.encode(found).decode())
    elif getattr(asked, "ready", False):
        if found.healthy:
            print(f"READY {settings.base_url}/identity/v3")
        else:
            print(f"not ready: kumoi status --data {asked.data}", file=sys.stderr)
    else:
        for row in found.processes:
            print(
                f"{row.name:16} {row.pid or '-':>8} {row.user:12} {row.pss_kib / 1024:7.1f} MiB  {row.state:9} {row.detail}"
            )
        for disk in found.disks:
            print(f"disk {disk.name:11} {disk.path:40} {disk.free_mib:>7} MiB free  {disk.state}")
        for kind, address in found.endpoints.items():
            print(f"{kind:16} {address}")
        for warning in found.warnings:
            print(f"warning: {warning}")
        print("healthy" if found.healthy else "not healthy" if found.processes else "down")
    return 0 if found.healthy else 1


def audit(asked: Arguments) -> int:
    import sqlalchemy

    from kumoi import app

    folder, settings = running.known(asked.data)
    if running.is_down(folder):
        return _not_audited(asked, "cloud", str(asked.data), f"the cloud is down: kumoi up --data {asked.data}")
    try:
        found = app.audit(folder.data)
    except DatabaseAway:
        # without the password in the URL
        address = str(sqlalchemy.make_url(folder.database_url(settings)))
        return _not_audited(asked, "database", address, f"the database cannot be used: {address}")
    if asked.json:
        print(msgspec.json.encode(found).decode())
    else:
        for row in found:
            print(f"{row['service']} {row['kind']} {row['id']}: {row['problem']}")
        print("tables and world agree" if not found else f"{len(found)} differences")
    return 1 if found else 0


def _not_audited(asked: Arguments, kind: str, which: str, problem: str) -> int:
    """The one difference that hides all others."""
    if asked.json:
        print(msgspec.json.encode([{"service": "kumoi", "kind": kind, "id": which, "problem": problem}]).decode())
    else:
        print(f"kumoi audit: {problem}", file=sys.stderr)
    return 1


def logs(asked: Arguments) -> int:
    from kumoi.cli import logs as reading

    folder, _ = running.known(asked.data)
    reading.show(folder.log, asked.name, asked.lines, follow=asked.follow, as_json=asked.json, request=asked.request)
    return 0


def install_service(asked: Arguments) -> int:
    from kumoi.cli import services

    for said in services.install(*running.known(asked.data)):
        print(said)
    return 0


def uninstall(asked: Arguments) -> int:
    from kumoi.cli import services

    folder, settings = running.known(asked.data)
    if not running.is_down(folder):
        down(asked)
    for said in services.remove(settings):
        print(said)
    print(f"left: the cloud's data, which kumoi up starts again, or else rm -r {folder.data}")
    print(f"left: the users {' and '.join((accounts.CONTROL, accounts.GUEST))}, the program and its Debian packages")
    return 0


def backup(asked: Arguments) -> int:
    from kumoi.cli import backups

    folder, settings = running.known(asked.data)
    began = clock.monotonic()
    size = backups.backup(folder, settings, asked.file)
    print(f"{asked.file}: {size / (1 << 20):.1f} MiB in {clock.monotonic() - began:.1f} s")
    return 0


def restore(asked: Arguments) -> int:
    from kumoi.cli import backups

    backups.restore(asked.file, Folder(asked.data))
    print(f"restored; start it: kumoi up --data {asked.data}")
    return 0


def replace_disk(asked: Arguments) -> int:
    folder, settings = running.known(asked.data)
    running.replace_disk(folder, settings, asked.name)
    if running.is_running(folder):
        # Its processes see the folder as it was mounted when they began.
        running.restart(folder)
    print(f"{asked.name} is in use; what was on the old one is made from the others: kumoi status --data {asked.data}")
    return 0


def reset_password(asked: Arguments) -> int:
    from kumoi.cli import passwords

    folder, settings = running.known(asked.data)
    passwords.reset(folder, settings, asked.user)
    print(f"the new password of {asked.user} is in {folder.clouds}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="kumoi", description="A whole OpenStack-compatible cloud.")
    parser.add_argument("--version", action="version", version=f"kumoi {importlib.metadata.version('kumoi')}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    def command(work: Callable[[Arguments], int], what: str) -> argparse.ArgumentParser:
        name = work.__name__.replace("_", "-")
        made = commands.add_parser(name, help=what, description=what)
        made.add_argument("--data", type=_data, required=True, metavar="D", help="the cloud's data folder")
        made.set_defaults(work=work)
        return made

    starting = command(up, "start the cloud, or apply new settings to a running one")
    starting.add_argument("--port", type=int, metavar="P")
    starting.add_argument(
        "--set", type=_setting, action="append", default=[], metavar="NAME=VALUE", help="docs/settings.md"
    )
    starting.add_argument("--json", action="store_true", help="print what `status --json` prints")
    command(down, "stop the cloud and its guests; leave nothing behind but the data folder")
    command(restart, "restart the control plane; guests and packets do not notice")
    looking = command(status, "processes, memory, endpoints; exit 0 when healthy")
    looking.add_argument("--json", action="store_true")
    looking.add_argument("--ready", action="store_true", help="print one line, READY and the address, when healthy")
    auditing = command(audit, "compare tables and world; exit 0 when they agree")
    auditing.add_argument("--json", action="store_true")
    reading = command(logs, "the end of the logs")
    reading.add_argument("name", nargs="*", help="of processes, as status shows them; all when none is named")
    reading.add_argument("--lines", type=int, default=20, metavar="N")
    reading.add_argument("--follow", action="store_true")
    reading.add_argument("--json", action="store_true", help="one object a line")
    reading.add_argument("--request", metavar="ID", help="every line of one request, req-…, also of older files")
    command(install_service, "have systemd start the cloud with this machine")
    command(uninstall, "stop the cloud and remove its service of systemd; its data stays")
    command(backup, "write the whole cloud into one file, while it runs").add_argument("file", type=Path)
    command(restore, "the cloud of a backup, into an empty data folder").add_argument("file", type=Path)
    command(replace_disk, "take a new disk of the object store into use, in place of a lost one").add_argument("name")
    resetting = command(reset_password, "a new password for a user of clouds.yaml")
    resetting.add_argument("--user", default="admin")
    return parser


def _data(text: str) -> Path:
    return Path(os.path.abspath(Path(text).expanduser()))


def _setting(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    return name.strip(), value
