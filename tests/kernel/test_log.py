"""Lines of requests reach the log, also those of a process that ends at once."""

import json
import subprocess
import sys

import pytest

ANSWER = """
import multiprocessing, sys
from kumoi.kernel import clock, log

def answer():
    log.start()
    log.request_id.set("req-1")
    for number in range(1000):
        log.answered(
            "room", service="compute", method="GET", path="/" + "x" * 1000, status=200 + number,
            began=clock.monotonic(), user_id="u", project_id="",
        )

if sys.argv[1] == "worker":
    worker = multiprocessing.get_context("fork").Process(target=answer)
    worker.start()
    worker.join()
else:
    answer()
"""


@pytest.mark.parametrize("kind", ["process", "worker"])
def test_the_lines_of_a_process_that_ends_are_written(kind: str) -> None:
    told = subprocess.run([sys.executable, "-c", ANSWER, kind], capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in told.stderr.splitlines()]
    assert [line["status"] for line in lines] == list(range(200, 1200))
    assert lines[0]["request_id"] == "req-1" and lines[0]["at"] <= lines[-1]["at"]
    assert len(told.stderr.splitlines()[0]) < 600 and "project_id" not in lines[0]
