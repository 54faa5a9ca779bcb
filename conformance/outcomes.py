"""Reads a run's subunit stream from standard input; writes a JSON line for each test: its id, status and cause.

Tempest's Python runs this, because the library that reads the stream is only there.
"""

import json
import re
import sys

import subunit
import testtools

ENDED = ("success", "fail", "skip", "xfail", "uxsuccess")
DETAILS = ("traceback", "reason")


class Outcomes(testtools.StreamResult):
    def __init__(self):
        super().__init__()
        self.details = {}

    def status(self, test_id=None, test_status=None, file_name=None, file_bytes=None, **_):
        if file_name is not None and test_id and file_name.split("-")[0] in DETAILS:
            self.details[test_id] = self.details.get(test_id, b"") + bytes(file_bytes)
        if test_id and test_status in ENDED:
            text = self.details.get(test_id, b"").decode(errors="replace")
            name = re.sub(r"\[.*\]$", "", test_id)
            print(json.dumps({"id": name, "status": test_status, "cause": cause(text)}))


def cause(text):
    """The error without the frames that led there, in one line."""
    lines = [line for line in text.splitlines() if line.strip()]
    last = max((number for number, line in enumerate(lines) if re.match(r"\s+File ", line)), default=-3)
    return " ".join(line.strip() for line in lines[last + 1 :] if not re.match(r"\s+[\^~]+\s*$", line))[:600]


subunit.ByteStreamToStreamResult(sys.stdin.buffer, non_subunit_name="stdout").run(Outcomes())
