"""The product's own source as syntax trees, for tests of rules that no linter knows."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import invoicebatch

PACKAGE = Path(invoicebatch.__file__).parent


@cache
def trees() -> dict[str, ast.Module]:
    """Each module's tree by its path inside the package."""
    files = sorted(PACKAGE.rglob("*.py"))
    return {str(file.relative_to(PACKAGE)): ast.parse(file.read_text(encoding="utf-8")) for file in files}


def calls(tree: ast.AST) -> Iterator[tuple[str, ast.Call]]:
    """Every call with the dotted name of what is called; what no name leads to is `?`: `?.write_text`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield dotted(node.func), node


def dotted(node: ast.expr) -> str:
    """`os.path.join` of such an expression."""
    if isinstance(node, ast.Name):
        return node.id
    return f"{dotted(node.value)}.{node.attr}" if isinstance(node, ast.Attribute) else "?"
