"""How long this machine has run, and its load."""

from datetime import UTC, datetime
from pathlib import Path

from kumoi.kernel import clock

PROC = Path("/proc")


def uptime(proc: Path = PROC) -> str:
    """As the program of that name says it: ` 08:32:11 up 93 days, 18:25,  load average: 0.20, 0.12, 0.14`."""
    seconds = int(float((proc / "uptime").read_text().split()[0]))
    loads = (proc / "loadavg").read_text().split()[:3]
    days, rest = divmod(seconds, 86400)
    hours, minutes = divmod(rest // 60, 60)
    up = (f"{days} day{'s' if days > 1 else ''}, " if days else "") + (
        f"{hours}:{minutes:02d}" if hours else f"{minutes} min"
    )
    moment = datetime.fromtimestamp(clock.now() // clock.SECOND, UTC)
    return f" {moment:%H:%M:%S} up {up},  load average: {', '.join(loads)}"
