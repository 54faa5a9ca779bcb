"""Root follows no links of other users: only two rooms change modes and owners and write files.

`kernel/accounts.give` changes a mode or owner without following a link. `kernel/durable` writes files that it created
itself.
"""

import ast
from pathlib import Path

import kumoi

SOURCE = Path(kumoi.__file__).parent
FOLLOWING = {"chmod", "chown", "write_text", "write_bytes", "touch"}
"""Calls that follow a symbolic link, whatever they are called on."""
ROOMS = {"kernel/accounts.py", "kernel/durable.py"}
ALLOWED = {
    "kernel/wakeup.py": "the runner's own socket, made by the runner, which is not root",
    "migrations/__init__.py": "a developer's new migration",
    "engines/images/files.py": "a file of the object store, by the runner, which is not root",
    "engines/network/fake/plugs.py": "the fake topology's own folder",
    "engines/network/fake/wiring.py": "the fake topology's own folder",
    "engines/network/ovn/devices.py": "a file of the kernel",
    "engines/network/ovn/external.py": "a file of the kernel",
    "engines/hypervisor/fake.py": "the fake hypervisor's own folder, in a cloud of tests",
    "engines/hypervisor/console.py": "in a guest's folder, which is root's; QEMU may write the file and not rename it",
    "engines/hypervisor/qemu/config_drive.py": "in a folder that it makes itself, below root's",
    "engines/volumes/places.py": "the owner of a folder, without following",
    "engines/objects/copies.py": "the owner of a copy below root's own folder, without following",
    "cli/backups.py": "the owner of a copy below root's own folder, without following",
}
"""Exceptions, and why they are safe."""


def following(tree: ast.AST) -> set[str]:
    found = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if name in FOLLOWING:
            found.add(name)
        modes = [
            each.value for each in (*node.args, *(k.value for k in node.keywords)) if isinstance(each, ast.Constant)
        ]
        texts = [mode for mode in modes if isinstance(mode, str) and len(mode) <= 3]
        written = any(set(mode) & set("wax+") and set(mode) <= set("rwaxbt+") for mode in texts)
        through_handle = bool(node.args) and isinstance(node.args[0], ast.Call)  # open(os.open(…), "wb")
        if name == "open" and written and not through_handle:
            found.add("open")
    return found


def test_services_touch_no_file() -> None:
    """In services `touch` is a function on rows."""
    for file in sorted(SOURCE.glob("services/**/*.py")):
        assert following(ast.parse(file.read_text())) <= {"touch"}, file


def test_only_two_rooms_change_modes_owners_and_write_files() -> None:
    seen = {}
    for file in sorted(SOURCE.rglob("*.py")):
        name = str(file.relative_to(SOURCE))
        if not name.startswith("services/") and name not in ROOMS and (calls := following(ast.parse(file.read_text()))):
            seen[name] = calls
    assert set(seen) == set(ALLOWED), {name: seen.get(name) for name in set(seen) ^ set(ALLOWED)}
