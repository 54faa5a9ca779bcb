"""The guest image's wget: busybox's, whose applet has another name, with a timeout (scripts/guest/root/usr/bin/wget)."""

import http.server
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

WGET = Path(__file__).parents[2] / "scripts" / "guest" / "root" / "usr" / "bin" / "wget"
BUSYBOX = shutil.which("busybox")
pytestmark = pytest.mark.skipif(BUSYBOX is None, reason="needs busybox-static")


class Answers(http.server.BaseHTTPRequestHandler):
    released = threading.Event()

    def do_GET(self) -> None:
        if self.path == "/never":
            self.released.wait(120)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    Answers.released.clear()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    Answers.released.set()
    server.shutdown()
    server.server_close()


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """As the image has them: the applet renamed, the script in its place."""
    folder = tmp_path / "bin"
    folder.mkdir()
    assert BUSYBOX is not None
    content = Path(BUSYBOX).read_bytes()
    assert content.count(b"\0wget\0") == 1
    (folder / "busybox").write_bytes(content.replace(b"\0wget\0", b"\0wgeu\0"))
    (folder / "busybox").chmod(0o755)
    for applet in ("sh", "wgeu", "grep", "sleep"):
        (folder / applet).symlink_to("busybox")
    shutil.copy(WGET, folder / "wget")
    return folder


def fetch(programs: Path, words: str) -> tuple[int, str]:
    """By a shell that prefers its applets, as the guest's."""
    shell = [str(programs / "busybox"), "sh", "-c", f"wget {words}"]
    done = subprocess.run(shell, env={"PATH": str(programs)}, cwd=programs.parent, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize("limit", ["", "-T 9", "-T9", "-qT 9", "-qT9", "--timeout=9", "--timeout 9"])
def test_with_and_without_a_limit(programs: Path, url: str, limit: str) -> None:
    assert fetch(programs, f"{limit} -q -O - {url}/at/-T9") == (0, "ok")
    assert fetch(programs, f"-q {limit} -OaT1 {url}/ && wget -q -O - {url}/") == (0, "ok")
    assert (programs.parent / "aT1").read_text() == "ok"


def test_a_server_that_says_nothing_is_given_up(programs: Path, url: str) -> None:
    assert fetch(programs, f"-q -T 1 -O - {url}/never") == (1, "wget: no data for 1 s\n")


def test_what_is_no_number_and_what_does_not_answer(programs: Path) -> None:
    assert fetch(programs, "-T soon http://127.0.0.1:1/") == (1, "wget: invalid number 'soon'\n")
    status, said = fetch(programs, "-T 5 http://127.0.0.1:1/")
    assert status == 1 and "refused" in said
