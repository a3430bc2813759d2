"""A face that knows an action by name is a fault: an action added once must appear everywhere."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from invoicebatch.actions import registry

ROOT = Path(__file__).parents[2]
FACES = ROOT / "invoicebatch" / "interfaces"


def names() -> set[str]:
    """Every action, and every group of the bar."""
    return {*registry(), *(action.group for action in registry().values() if not action.hidden)}


def literals(file: Path) -> Iterator[tuple[int, str]]:
    text = file.read_text(encoding="utf-8")
    if file.suffix == ".js":
        quoted = re.finditer(r"""(["'`])([^"'`\n]*)\1""", text)
        yield from ((text.count("\n", 0, found.start()) + 1, found[2]) for found in quoted)
        return
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.lineno, node.value


def test_no_face_knows_an_action_or_a_group_by_name() -> None:
    files = [*FACES.rglob("*.py"), *FACES.rglob("*.js"), ROOT / "docs" / "generate.py"]
    known = names()
    found = [
        f"{file.relative_to(ROOT)}:{line}: {text}"
        for file in files
        for line, text in literals(file)
        if text in known
    ]
    assert found == []


def test_what_is_looked_for_would_be_found(tmp_path: Path) -> None:
    (tmp_path / "face.py").write_text('if action == "approve":\n    pass\n')
    (tmp_path / "face.js").write_text("if (group === 'send_via') open();\n")
    for name, word in (("face.py", "approve"), ("face.js", "send_via")):
        assert (1, word) in list(literals(tmp_path / name))
        assert word in names()
