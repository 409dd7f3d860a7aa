"""The helpers stay readable: each room keeps its rules, and every public function has an example.

A rule is a function from the syntax tree of a module to the places where it is broken. Each is
tried on a line that breaks it, and then held against every module of the rooms it is for.
"""

import ast
import io
import textwrap
import tokenize

import nbformat
import pytest

import notebooks
from folders import BOOK, modules

HELPERS = BOOK / "helpers"
MODULES = [path for path in modules() if path.name != "__init__.py" or path.parent.name == "fast"]
FAST = sorted((HELPERS / "fast").rglob("*.py"))
#: Rooms that hold formulas and nothing else; in the first, `autograd` goes through the formulas.
DIFFERENTIATED = ("functions", "recurrent", "attention", "positions", "seq2seq", "transformer")
MODELS = (*DIFFERENTIATED, "cached", "cost", "decoding", "learning")
FORMULAS_ELSEWHERE = ("cached", "cost", "bugs", "importance", "measures")  # `np` may be either

MOST_LINES = 15
MOST_LINES_OF_A_WHOLE = 25
#: A whole encoder, decoder or search may have so many, {"decoding": ("greedy",)}; none needs it.
WHOLES = {}
#: What no module of `helpers` may know: who tests it, builds the book of it, or runs notebooks.
OUTSIDE = {
    *("pytest", "_pytest", "hypothesis", "sphinx", "docutils", "jupyter_book", "myst_nb"),
    *("nbformat", "nbclient", "nbconvert", "nbgrader", "notebooks", "course", "grading", "figures"),
}
LAYOUT = {
    tokenize.COMMENT,
    tokenize.NL,
    tokenize.NEWLINE,
    tokenize.INDENT,
    tokenize.DEDENT,
    tokenize.ENDMARKER,
}
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef


def read(path):
    return path.read_text(encoding="utf-8")


def functions(tree):
    """All functions, also those inside of others and of classes."""
    return [node for node in ast.walk(tree) if isinstance(node, FUNCTION)]


def docstring_lines(tree):
    """Numbers of all lines that docstrings take."""
    found = set()
    for node in ast.walk(tree):
        documented = isinstance(node, ast.Module | ast.ClassDef | FUNCTION)
        if documented and ast.get_docstring(node):
            found.update(range(node.body[0].lineno, node.body[0].end_lineno + 1))
    return found


def code_lines(text):
    """Numbers of all lines that are neither blank nor comment nor docstring."""
    found = set()
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type not in LAYOUT:
            found.update(range(token.start[0], token.end[0] + 1))
    return found - docstring_lines(ast.parse(text))


def own_lines(text):
    """Return (name, how many lines of code it has below its signature) for each function."""
    lines = code_lines(text)
    return [
        (node.name, len(lines & set(range(node.body[0].lineno, node.end_lineno + 1))))
        for node in functions(ast.parse(text))
    ]


def dotted(node):
    """Return a name with those before its dots, ``np.copyto``; "" for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


def imports(tree):
    """Yield (module, name in it or None, name here) for all that is imported, anywhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield alias.name, None, alias.asname or alias.name.partition(".")[0]
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                module = "." * node.level + (node.module or "")
                yield module, alias.name, alias.asname or alias.name


def imported_modules(tree):
    """Full names of what is imported, ``helpers.fast`` for ``from helpers import fast``."""
    return {module if name is None else f"{module}.{name}" for module, name, _ in imports(tree)}


# ---- the rules --------------------------------------------------------------------------------


def long_functions(text, wholes=()):
    """Allow a function 15 lines of code of its own, and a whole encoder or search 25."""
    for name, length in own_lines(text):
        if length > (MOST_LINES_OF_A_WHOLE if name in wholes else MOST_LINES):
            yield f"{name} has {length} lines of code"


def outputs_handed_over(text):
    """Let no result be written into an array that is handed over."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.keyword) and node.arg == "out":
            yield f"line {node.value.lineno}: out="
        if isinstance(node, ast.Call) and dotted(node.func).endswith((".copyto", "_along_axis")):
            if "take" not in dotted(node.func):
                yield f"line {node.lineno}: {dotted(node.func)}"


def changes_in_place(text):
    """Let nothing be changed where it stands: no ``+=`` at all, no element set but of a dict."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.AugAssign):
            yield f"line {node.lineno}: {ast.unparse(node)}"
        if isinstance(node, ast.Assign):
            for target in node.targets:
                for part in ast.walk(target):
                    if isinstance(part, ast.Subscript) and not is_text(part.slice):
                        yield f"line {node.lineno}: {ast.unparse(target)} = …"


def is_text(node):
    """Whether an index is text, as only that of a dict is."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def caches_handed_over(text):
    """Let no dictionary be smuggled through: no parameter is called `cache`."""
    for node in functions(ast.parse(text)):
        arguments = node.args
        for argument in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs):
            if argument.arg == "cache":
                yield f"line {node.lineno}: {node.name}(cache)"


def primitives(text):
    """Keep out what `autograd` can't look into: it is a kernel, and stands in `fast`."""
    for name in imported_modules(ast.parse(text)):
        if name.startswith("autograd.extend"):
            yield name


def requirements_in_bodies(text):
    """Leave it to docstrings what arguments must be: no body calls ``require…``."""
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and dotted(node.func).rpartition(".")[2].startswith(
            ("require", "_require")
        ):
            yield f"line {node.lineno}: {ast.unparse(node.func)}"


def mutable_defaults(text):
    """Let no default, nor a part of one, be something that a call could change."""
    kinds = ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp | ast.SetComp | ast.Call
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, FUNCTION | ast.Lambda):
            for default in (*node.args.defaults, *filter(None, node.args.kw_defaults)):
                if any(isinstance(part, kinds) for part in ast.walk(default)):
                    yield f"line {node.lineno}: {ast.unparse(default)}"


def wrong_np(text, wanted=("numpy",)):
    """Let `np` be one thing in a module, and nothing else be bound to that name."""
    meanings = set()
    tree = ast.parse(text)
    for module, name, here in imports(tree):
        if here == "np":
            meanings.add(module if name is None else f"{module}.{name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id == "np" and isinstance(node.ctx, ast.Store):
            meanings.add(f"line {node.lineno}")
    if len(meanings) > 1 or not meanings <= set(wanted):
        yield f"np is {' and '.join(sorted(meanings))}, not {' or '.join(wanted)}"


def imports_from_outside(text):
    """Keep out who tests the helpers, builds a book of them, or runs notebooks."""
    for name in imported_modules(ast.parse(text)):
        if name.partition(".")[0] in OUTSIDE:
            yield name


def models_imported(text):
    """Keep models out of a kernel: of `helpers` it knows the room it stands in."""
    for name in imported_modules(ast.parse(text)):
        if name.startswith((".", "helpers")) and not (name + ".").startswith("helpers.fast."):
            yield name


def kernels_in_chapters(text):
    """Keep kernels out of a chapter: of `fast` it knows the switch alone, ``fast.off()``."""
    tree = ast.parse(text)
    for name in imported_modules(tree):
        if name.startswith("helpers.fast") and name not in ("helpers.fast", "helpers.fast.off"):
            yield name
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and dotted(node.value) in ("fast", "helpers.fast"):
            if node.attr != "off":
                yield f"line {node.lineno}: {dotted(node)}"


# For each rule: lines that break it, and lines that keep it.
TRIALS = {
    long_functions: (
        ["def f(x):\n" + "    x = x + 1\n" * 16, "class A:\n  def f(x):\n" + "    x = 1\n" * 16],
        [
            "@one\n@two\ndef f(\n    x,\n    y,\n):\n"
            '    """Say\n\n    much."""\n    # why\n\n' + "    x = x + 1\n" * 15,
            "def encoder(x):\n" + "    x = 1\n" * 25,
        ],
    ),
    outputs_handed_over: (
        ["np.exp(x, out=x)", "np.copyto(x, y)", "np.put_along_axis(x, y, z, axis=0)"],
        ["np.exp(x)", "output = f(x)", "np.take_along_axis(x, y, axis=0)"],
    ),
    changes_in_place: (
        ["x += 1", "x[0] = 1", "x[:, i] *= 2", "y, x[..., 1] = 1, 2", "d[name] = x", "a.b[0] = 1"],
        ["x = x + 1", "kept['keys'] = x", "kept[f'block_{i}'] = x", "x = y[0]"],
    ),
    caches_handed_over: (
        ["def f(x, cache): pass", "def f(x, *, cache=None): pass"],
        ["def f(x, kept): pass", "cache = start_cache(x)"],
    ),
    primitives: (
        ["from autograd.extend import primitive", "import autograd.extend as e"],
        ["import autograd.numpy as np", "from autograd import make_vjp"],
    ),
    requirements_in_bodies: (
        ["def f(x):\n  require(x > 0, 'why')\n  return x", "shapes.require_shape(x, 1)"],
        ["@shapes\ndef f(x):\n  return x", "required = 1"],
    ),
    mutable_defaults: (
        ["def f(x=[]): pass", "def f(*, x=(1, {})): pass", "f = lambda x=dict(): x"],
        ["def f(x=(1, 2), y=None, score=dot): pass", "f([], x={})"],
    ),
    wrong_np: (
        [
            "import autograd.numpy as np",
            "import numpy as np\nimport autograd.numpy as np",
            "def f():\n  from autograd import numpy as np",
            "import numpy as np\nnp = 3",
        ],
        ["import numpy as np", "import numpy", "import autograd.numpy as anp", "x = np_of(y)"],
    ),
    imports_from_outside: (
        [
            "import pytest",
            "def f():\n  import sphinx.util",
            "from nbformat import read",
            "from figures.plots import lines",
        ],
        ["import numpy", "from helpers import checks"],
    ),
    models_imported: (
        [
            "from helpers import attention",
            "from helpers.attention import dot",
            "import helpers.shapes",
            "from ..attention import dot",
        ],
        [
            "from helpers import fast",
            "from helpers.fast import arrays",
            "from helpers.fast.arrays import as_rows",
            "import numpy",
        ],
    ),
    kernels_in_chapters: (
        [
            "from helpers.fast import attention",
            "from helpers.fast.attention import dot",
            "from helpers import fast\nfast.by",
            "import helpers.fast.arrays",
        ],
        ["from helpers import fast\nwith fast.off(): pass", "from helpers.fast import off"],
    ),
}


def cases(side):
    for rule, trials in TRIALS.items():
        for number, text in enumerate(trials[side]):
            yield pytest.param(rule, text, id=f"{rule.__name__}-{number}")


@pytest.mark.parametrize(("rule", "text"), list(cases(0)))
def test_a_rule_notices_what_breaks_it(rule, text):
    assert list(rule(textwrap.dedent(text)))


@pytest.mark.parametrize(("rule", "text"), list(cases(1)))
def test_a_rule_lets_through_what_keeps_it(rule, text):
    options = {"wholes": ("encoder",)} if rule is long_functions else {}
    assert not list(rule(textwrap.dedent(text), **options))


def test_a_whole_has_its_limit_too():
    assert list(long_functions("def encoder(x):\n" + "    x = 1\n" * 26, wholes=("encoder",)))


def test_the_count_leaves_out_what_is_no_code():
    text = '"""Say\n\nmuch."""\n\nx = (\n    1\n)  # one\n# two\n\ndef f():\n    """F."""\n'
    assert code_lines(text) == {5, 6, 7, 10}


# ---- the rooms ---------------------------------------------------------------------------------


def named(paths):
    parts = [path.relative_to(BOOK).with_suffix("").parts for path in paths]
    return [pytest.param(path, id=".".join(part)) for path, part in zip(paths, parts, strict=True)]


def broken(rule, text, **options):
    return list(rule(text, **options))


FORMULAS_ALONE = (
    outputs_handed_over,
    changes_in_place,
    caches_handed_over,
    primitives,
    requirements_in_bodies,
    mutable_defaults,
)
#: In `cached` a cache is what one function returns and the next is handed; none is written to.
EXCEPTIONS = {("cached", caches_handed_over)}


@pytest.mark.parametrize(
    ("room", "rule"),
    [(r, rule) for r in MODELS for rule in FORMULAS_ALONE if (r, rule) not in EXCEPTIONS],
)
def test_a_model_module_holds_formulas(room, rule):
    assert broken(rule, read(HELPERS / f"{room}.py")) == []


@pytest.mark.parametrize("room", MODELS)
def test_a_formula_is_read_at_a_glance(room):
    text = read(HELPERS / f"{room}.py")
    assert broken(long_functions, text, wholes=WHOLES.get(room, ())) == []


def test_a_whole_needs_its_room():
    for room, names in WHOLES.items():
        lines = dict(own_lines(read(HELPERS / f"{room}.py")))
        assert all(lines[name] > MOST_LINES for name in names)


@pytest.mark.parametrize("path", named(FAST))
def test_a_kernel_knows_no_model_and_hands_nothing_through(path):
    for rule in (models_imported, caches_handed_over, mutable_defaults):
        assert broken(rule, read(path)) == []


def test_there_are_kernels():
    assert len(FAST) > 3


@pytest.mark.parametrize("path", notebooks.chapters(), ids=lambda path: path.stem)
def test_a_chapter_needs_no_kernel(path):
    for cell in nbformat.read(path, as_version=4).cells:
        if cell.cell_type == "code":
            assert broken(kernels_in_chapters, cell.source) == []


@pytest.mark.parametrize("path", named(MODULES))
def test_np_is_one_thing(path):
    formulas, numbers = "autograd.numpy", "numpy"
    room = path.relative_to(notebooks.BOOK).with_suffix("").parts[1]
    wanted = (numbers,)
    if room in DIFFERENTIATED:
        wanted = (formulas,)
    elif room in FORMULAS_ELSEWHERE:
        wanted = (formulas, numbers)
    assert broken(wrong_np, read(path), wanted=wanted) == []


@pytest.mark.parametrize("path", named(sorted(HELPERS.rglob("*.py"))))
def test_helpers_know_nothing_outside(path):
    assert broken(imports_from_outside, read(path)) == []


@pytest.mark.parametrize("path", named(MODULES))
def test_no_function_is_longer_than_a_screen(path):
    too_long = {name: lines for name, lines in own_lines(read(path)) if lines > 40}
    assert too_long == {}


def public_functions():
    """Yield module and function; a command line is no function to call, nor is a kernel."""
    for path in MODULES:
        if path in FAST and path.name != "__init__.py":
            continue
        for node in ast.parse(read(path)).body:
            if isinstance(node, FUNCTION) and not node.name.startswith("_") and node.name != "main":
                yield pytest.param(path, node, id=f"{path.stem}.{node.name}")


@pytest.mark.parametrize(("path", "node"), list(public_functions()))
def test_a_public_function_has_an_example(path, node):
    assert ">>> " in (ast.get_docstring(node) or "")
