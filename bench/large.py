"""Large objects beside what the same machine does with the same bytes in the same minute: a copy, a checksum, nginx alone.
The client is curl. Each turn does everything once, so that what slows the machine down slows all; a ratio is the median of
the turns' ratios."""

import os
import shutil
import statistics
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.client import Client
from bench.cloud import Cloud, free_port
from bench.control_plane import Say

SIZES = {64: 9, 1024: 3}
"""MiB → turns."""
HUGE = int(os.environ.get("BENCH_HUGE_MIB", "5120"))


def measure_alone(say: Say) -> None:
    with Cloud(hypervisor="fake", network="fake") as cloud:
        cloud.client.login()
        say("bytes.load", [round(each, 1) for each in os.getloadavg()])
        measure(say, cloud, f"/object-store/v1/AUTH_{cloud.client.project_id}")
        say("bytes.load", [round(each, 1) for each in os.getloadavg()])


def measure(say: Say, cloud: Cloud, root: str) -> None:
    client = cloud.client
    client.ask("PUT", f"{root}/bytes")
    work = cloud.folder / "bytes"
    work.mkdir()
    for mib, turns in SIZES.items():
        file = work / f"{mib}"
        _fill(file, mib)
        took: dict[str, list[float]] = {}
        for _ in range(turns):
            _turn(took, client, f"{root}/bytes/{mib}", cloud.data, file)
        _say(say, took, mib)
        file.unlink()
    _memory(say, cloud, f"{root}/bytes/huge", work)
    shutil.rmtree(work)


def _fill(file: Path, mib: int) -> None:
    block = os.urandom(1 << 20)
    with file.open("wb") as opened:
        for _ in range(mib):
            opened.write(block)
        os.fsync(opened.fileno())


def _turn(took: dict[str, list[float]], client: Client, path: str, data: Path, file: Path) -> None:
    def timed(what: str, work: Callable[[], Any]) -> None:
        began = time.perf_counter()
        work()
        took.setdefault(what, []).append(time.perf_counter() - began)

    copy = file.with_suffix(".copy")
    timed("disk", lambda: _run("dd", f"if={file}", f"of={copy}", "bs=1M", "conv=fsync", "status=none"))
    copy.unlink()
    timed("checksum", lambda: _run("md5sum", str(file)))
    timed("up", lambda: _curl(client, path, "-T", str(file), "-H", "Content-Type: application/octet-stream"))
    (stored,) = _files(data, file.stat().st_size)
    timed("down", lambda: _curl(client, path))
    with _nginx(stored.parent, file.parent) as base:
        timed("nginx", lambda: _run("curl", "-sS", "-f", "-o", "/dev/null", f"{base}/{stored.name}"))
    client.ask("DELETE", path)
    stored.unlink(missing_ok=True)


def _say(say: Say, took: dict[str, list[float]], mib: int) -> None:
    for what, seconds in took.items():
        say(f"bytes.{mib}MiB.{what}_MB_s", round((mib << 20) / 1e6 / statistics.median(seconds)))
    slower = [max(pair) for pair in zip(took["disk"], took["checksum"], strict=True)]
    for name, bare, ours in (
        ("up_of_copy_or_checksum", slower, took["up"]),
        ("down_of_nginx", took["nginx"], took["down"]),
    ):
        ratios = [one / other for one, other in zip(bare, ours, strict=True)]
        say(f"bytes.{mib}MiB.{name}_percent", round(100 * statistics.median(ratios)))


def _run(*argv: str) -> None:
    subprocess.run(argv, check=True, stdout=subprocess.DEVNULL)


def _curl(client: Client, path: str, *more: str) -> None:
    _run(
        "curl",
        "-sS",
        "-f",
        "-o",
        "/dev/null",
        "-H",
        f"X-Auth-Token: {client.token}",
        "-H",
        "Expect:",
        *more,
        client.base + path,
    )


def _files(data: Path, size: int) -> list[Path]:
    return [
        path
        for path in (data / "objects").rglob("*/*")
        if path.is_file() and path.stat().st_size == size and path.parent.name != "incoming"
    ]


@contextmanager
def _nginx(folder: Path, scratch: Path) -> Iterator[str]:
    """nginx that does nothing but send the files of a folder."""
    port, configuration = free_port(), scratch / "nginx.conf"
    configuration.write_text(f"""
daemon off; master_process off; pid {scratch}/nginx.pid; error_log stderr crit; user root;
events {{ worker_connections 64; }}
http {{
    access_log off; sendfile on; tcp_nopush on;
    client_body_temp_path {scratch}; proxy_temp_path {scratch}; fastcgi_temp_path {scratch};
    uwsgi_temp_path {scratch}; scgi_temp_path {scratch};
    server {{ listen 127.0.0.1:{port}; root {folder}; }}
}}
""")
    running = subprocess.Popen(["nginx", "-c", str(configuration)])
    try:
        time.sleep(0.3)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait()


def _memory(say: Say, cloud: Cloud, path: str, work: Path) -> None:
    """PSS of the processes that carry an object of some GiB, before and at their highest."""
    file = work / "huge"
    with file.open("wb") as opened:
        opened.truncate(HUGE << 20)
    for what, more in (("up", ("-T", str(file), "-H", "Content-Type: application/octet-stream")), ("down", ())):
        with _watched(cloud) as seen:
            began = time.perf_counter()
            _curl(cloud.client, path, *more)
            seconds = time.perf_counter() - began
        before, peak = seen[0], {name: max(each[name] for each in seen) for name in seen[0]}
        say(
            f"bytes.{HUGE}MiB.{what}",
            {"MB_s": round((HUGE << 20) / 1e6 / seconds), "pss_before_mib": before, "pss_peak_mib": peak},
        )
    cloud.client.ask("DELETE", path)
    file.unlink()


@contextmanager
def _watched(cloud: Cloud) -> Iterator[list[dict[str, float]]]:
    pids = {
        row["pid"]: row["name"] for row in cloud.status()["processes"] if row["name"] in ("streams", "api", "front")
    }
    seen, stop = [_pss(pids)], threading.Event()

    def watch() -> None:
        while not stop.wait(0.2):
            seen.append(_pss(pids))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield seen
    finally:
        stop.set()
        watching.join()


def _pss(pids: dict[int, str]) -> dict[str, float]:
    found: dict[str, float] = {}
    for pid, name in pids.items():
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        kib = next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
        found[name] = round(found.get(name, 0.0) + kib / 1024, 1)
    return found
