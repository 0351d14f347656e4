"""The program that travels with packs: both verifiers as one file, with nothing but Python."""

import ast
from pathlib import Path

from governance.domain import case_verifier, pack_verifier

HEAD = '"""Check an audit pack or a case file with nothing but Python."""'


def source() -> str:
    """Return the text of `verify.py`: the case verifier, then what checks packs."""
    first = _without(Path(case_verifier.__file__), "main")
    second = _without(Path(pack_verifier.__file__), "")
    second = second.replace("case_verifier.", "")
    ending = 'if __name__ == "__main__":\n    raise SystemExit(main(sys.argv[1:]))\n'
    return f"{HEAD}\n\n{first}\n\n{second}\n\n{ending}"


def _without(path: Path, function: str) -> str:
    """Return a module without its docstring, its start, one function and imports of ours."""
    text = path.read_text(encoding="utf-8")
    lines = text.splitlines()
    for node in reversed(ast.parse(text).body):
        if _left_out(node, function):
            del lines[node.lineno - 1 : node.end_lineno]
    return "\n".join(lines).strip()


def _left_out(node: ast.stmt, function: str) -> bool:
    if isinstance(node, ast.ImportFrom):
        return (node.module or "").startswith("governance")
    if isinstance(node, ast.FunctionDef):
        return node.name == function
    return isinstance(node, ast.If) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )
