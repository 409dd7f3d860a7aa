"""Names in student code that are worth a look: the syntax tree is read, so prose is not."""

import ast
import re
import warnings

# With these, code can look at the process in which it runs, or get at the helpers' own
# implementation in spite of its being refused.
PRYING = frozenset(
    "_getframe inspect getsource getsourcelines get_ipython ast_transformers gc ctypes mmap "
    "__code__ CodeType FunctionType settrace setprofile addaudithook f_back f_locals f_globals "
    "walk_stack linecache _ih In __builtins__ builtins __import__ importlib reload run_code "
    "__closure__ __wrapped__ __globals__ __file__ __subclasses__ _current_frames eval exec".split()
)
MAGIC = re.compile(r"^(\s*)[%!].*$", re.MULTILINE)


def names(sources):
    """Return the suspicious names in pieces of code, in order.

    Examples
    --------
    >>> names(["# In every row, inspect the sum.", "import inspect", 'globals()["I" "n"]'])
    ['In', 'inspect']
    """
    found = set()
    for source in sources:
        for node in ast.walk(parsed(source)):
            found |= PRYING & set(words(node))
    return sorted(found)


def words(node):
    """Return the names that a node of the syntax tree holds; a string is one if it says only it."""
    for field in ("id", "attr", "name", "module", "asname"):
        word = getattr(node, field, None)
        if isinstance(word, str):
            yield from word.split(".")
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value


def parsed(source):
    """Return the syntax tree; it is empty where there is none, since such code doesn't run."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(MAGIC.sub(r"\1pass", source))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module([], [])


def before_check(steps, question):
    """Return what a student wrote that can have an effect on a question.

    That is its answer, and all that was added: code that stands below the check can define the
    function as well.
    """
    return [
        step.source
        for step in steps
        if step.kind == "added" or (step.kind == "answer" and step.name == question)
    ]


def defines(steps, functions):
    """Tell whether a cell that was added defines one of these functions."""
    return any(
        getattr(node, "name", None) in functions
        or (isinstance(node, ast.Name) and node.id in functions and isinstance(node.ctx, ast.Store))
        for step in steps
        if step.kind == "added"
        for node in ast.walk(parsed(step.source))
    )


def functions(source):
    """Return the names of the functions that a cell defines.

    Examples
    --------
    >>> sorted(functions("def f(): pass"))
    ['f']
    """
    return {node.name for node in parsed(source).body if isinstance(node, ast.FunctionDef)}
