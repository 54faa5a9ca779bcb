"""Two test processes never get the same port."""

import subprocess
import sys

from tests.ports import hold

ASK = "import sys; sys.path.insert(0, '.'); from tests.ports import hold; print(hold(sys.argv[1]))"


def asked(name: str) -> str:
    return subprocess.run([sys.executable, "-c", ASK, name], capture_output=True, text=True, check=True).stdout.strip()


def test_a_name_is_held_by_one_process() -> None:
    name = f"of {hold.__module__} {id(hold)}"
    assert hold(name) and not hold(name)
    assert asked(name) == "False" and asked(f"{name}, another") == "True"
