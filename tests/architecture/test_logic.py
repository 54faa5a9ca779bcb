"""The kernel may run logic again, so logic uses no engine, no clock and no randomness."""

import ast
from pathlib import Path

import kumoi

SERVICES = Path(kumoi.__file__).parent / "services"
FORBIDDEN = {("clock", "now"), ("clock", "monotonic"), ("clock", "sleep")}


def _sins(path: Path) -> list[str]:
    found = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            asked = (node.value.id, node.attr)
            if asked in FORBIDDEN or asked[0] == "randomness" or node.attr == "engine":
                found.append(f"{path.relative_to(SERVICES)}:{node.lineno} {asked[0]}.{asked[1]}")
    return found


def test_logic_asks_neither_time_nor_chance_nor_engines() -> None:
    rooms = [*SERVICES.glob("*/*/logic.py"), *SERVICES.glob("*/*/logic/*.py")]
    assert len(rooms) > 20
    assert [sin for room in rooms for sin in _sins(room)] == []


def test_stores_never_commit() -> None:
    words = (".commit(", ".rollback(", "database.write(")
    stores = [*SERVICES.glob("*/*/store.py"), *SERVICES.glob("*/*/store/*.py")]
    assert [str(path) for path in stores if any(word in path.read_text() for word in words)] == []
