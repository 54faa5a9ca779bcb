"""The virtual environment of Tempest, apart from Kumoi's own: their libraries would not agree on versions."""

import hashlib
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
LOCK = ROOT / "requirements" / "conformance.txt"
FOLDER = ROOT / "build" / "conformance"


def ready() -> Path:
    """The `bin` folder; installs from the lock if that has changed (a minute or two)."""
    programs = FOLDER / "bin"
    stamp = FOLDER / f"of-{hashlib.sha256(LOCK.read_bytes()).hexdigest()[:16]}"
    if not stamp.exists():
        print(f"{LOCK.read_text().count('==')} packages of {LOCK.relative_to(ROOT)} into {FOLDER.relative_to(ROOT)}")
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(FOLDER)], check=True)
        pip = [str(programs / "python"), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
        subprocess.run([*pip, "--require-hashes", "--no-deps", "-r", str(LOCK)], check=True)
        stamp.touch()
    return programs
