"""The helpers stay readable: short, documented, with an example for every public function."""

import ast
import io
import tokenize

import pytest

import notebooks

MODULES = [p for name in ("helpers", "figures") for p in (notebooks.BOOK / name).glob("[a-z]*.py")]
LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}


def parse(path):
    return ast.parse(path.read_text(encoding="utf-8"))


def docstring_lines(tree):
    """Numbers of all lines that docstrings take."""
    found = set()
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        if documented and ast.get_docstring(node):
            found.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return found


def code_lines(path):
    """Numbers of all lines that are neither blank nor comment nor docstring."""
    text = path.read_text(encoding="utf-8")
    found = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in LAYOUT:
            found.update(range(token.start[0], token.end[0] + 1))
    return found - docstring_lines(ast.parse(text))


def functions(path):
    return [node for node in parse(path).body if isinstance(node, ast.FunctionDef)]


def public_functions():
    """Yield module and function; the command line of `experiments` is no function to call."""
    for path in MODULES:
        for node in functions(path):
            if not node.name.startswith("_") and node.name != "main":
                yield pytest.param(path, node, id=f"{path.stem}.{node.name}")


def test_the_count_leaves_out_what_is_no_code(tmp_path):
    path = tmp_path / "one.py"
    path.write_text(
        '"""Say\n\nmuch."""\n\nx = (\n    1\n)  # one\n# two\n\ndef f():\n    """F."""\n'
    )
    assert code_lines(path) == {5, 6, 7, 10}


def test_the_helpers_are_about_two_thousand_lines():
    helpers = [path for path in MODULES if path.parent.name == "helpers"]
    assert sum(len(code_lines(path)) for path in helpers) <= 2200


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_function_is_longer_than_a_screen(path):
    lines = code_lines(path)
    for node in functions(path):
        length = len(lines & set(range(node.lineno, node.end_lineno + 1)))
        assert length <= 40, f"{node.name} has {length} lines of code"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_a_module_says_what_it_holds_and_what_it_stands_on(path):
    opening = ast.get_docstring(parse(path))
    words = ("stands on", "knows no", "lowest module", "imports no")
    assert any(word in opening.lower() for word in words)


@pytest.mark.parametrize(("path", "node"), list(public_functions()))
def test_a_public_function_has_an_example(path, node):
    assert ">>> " in (ast.get_docstring(node) or "")
