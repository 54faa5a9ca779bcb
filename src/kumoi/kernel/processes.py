"""The only place that starts programs: short commands with a deadline, and long-lived processes as data."""

import grp
import os
import pwd
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Thread


@dataclass(frozen=True)
class Process:
    """A long-lived process of a cloud, which the supervisor starts, watches, restarts and stops.

    `ready` is a file or unix socket that exists once the process serves; None: at once. `user` is a system user's name,
    or None for the user of `kumoi up`. `layer` orders starting (low first) and stopping (high first). A `patient`
    process waits itself for what it needs, so it starts at once. Restarts of the control plane affect only processes
    with `control_plane=True`. With a `user`, `writable` are the only folders in which it can write; empty: no limit
    except the modes of files.
    """

    name: str
    argv: tuple[str, ...]
    user: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)
    ready: Path | None = None
    ready_within: float = 20.0
    layer: int = 50
    patient: bool = False
    control_plane: bool = True
    log: Path | None = None
    stop_within: float = 10.0
    writable: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Limits:
    """Limits after which the kernel ends a command: bytes, and seconds of processor time."""

    processor_seconds: int
    memory: int
    file_size: int


class CommandFailed(Exception):
    """A command had a non-zero exit status or exceeded its deadline. `detail` is the end of its output."""

    def __init__(self, argv: Sequence[str], status: int | None, detail: str) -> None:
        self.argv, self.status, self.detail = tuple(argv), status, detail
        super().__init__(f"{argv[0]} {'ran out of time' if status is None else f'ended with {status}'}: {detail}")


def run(
    argv: Sequence[str],
    *,
    within: float = 30.0,
    stdin: str | None = None,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    limits: Limits | None = None,
    groups: Sequence[str] = (),
    keep: Sequence[int] = (),
) -> str:
    """The standard output of a command that succeeded within `within` seconds; otherwise CommandFailed.

    As another `user` it has only that user's own group and the existing ones of `groups`. `keep` are file descriptors
    that it inherits under the same numbers.
    """
    try:
        done = subprocess.run(
            [*(_limiting(limits) if limits is not None else ()), *argv],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=within,
            env=environment,
            user=user,
            group=pwd.getpwnam(user).pw_gid if user is not None else None,
            extra_groups=existing_groups(groups) if user is not None else None,
            pass_fds=tuple(keep),
            stdin=subprocess.DEVNULL if stdin is None else None,
        )
    except subprocess.TimeoutExpired as error:
        raise CommandFailed(argv, None, f"deadline of {within} s") from error
    except KeyError as error:
        raise CommandFailed(argv, 127, f"there is no user {user}") from error
    except OSError as error:
        raise CommandFailed(argv, 127, str(error)) from error
    if done.returncode != 0:
        raise CommandFailed(argv, done.returncode, (done.stderr or done.stdout).strip()[-2000:])
    return done.stdout


class Detached:
    """A process in its own session, which survives this process; `pid` is its id."""

    def __init__(self, child: subprocess.Popen[bytes]) -> None:
        self._child = child
        self.pid = child.pid
        # Without a wait the process would become a zombie.
        Thread(target=child.wait, name=f"wait-{child.pid}", daemon=True).start()

    def ended(self) -> int | None:
        """Its exit status; None while it runs."""
        return self._child.returncode


def detach(
    argv: Sequence[str],
    *,
    log: Path,
    environment: Mapping[str, str] | None = None,
    user: str | None = None,
    groups: Sequence[str] = (),
    keep: Sequence[int] = (),
) -> Detached:
    """Start a program that survives this process. Its output replaces `log`. CommandFailed if there is no such program.
    The other arguments are as in `run`."""
    try:
        with open(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as said:
            return Detached(
                subprocess.Popen(
                    list(argv),
                    stdin=subprocess.DEVNULL,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    env=environment,
                    user=user,
                    group=pwd.getpwnam(user).pw_gid if user is not None else None,
                    extra_groups=existing_groups(groups) if user is not None else None,
                    pass_fds=tuple(keep),
                )
            )
    except KeyError as error:
        raise CommandFailed(argv, 127, f"there is no user {user}") from error
    except OSError as error:
        raise CommandFailed(argv, 127, str(error)) from error


def existing_groups(groups: Sequence[str]) -> list[int]:
    """The numbers of those groups that this machine has."""
    return [group.gr_gid for group in grp.getgrall() if group.gr_name in groups]


def _limiting(limits: Limits) -> tuple[str, ...]:
    # prlimit(1) is used because preexec_fn may deadlock in a process with threads.
    return (
        "prlimit",
        f"--cpu={limits.processor_seconds}",
        f"--as={limits.memory}",
        f"--fsize={limits.file_size}",
        "--core=0",
        "--",
    )
