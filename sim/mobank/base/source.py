"""Python source taken apart: the law, which decides numbers, and the words, which only people read.

Comments and formatting are in neither, since both are made of the syntax tree; nor are docstrings. Strings stand for
words where the syntax says so, by a rule that needs no knowledge of what a module is about:

- under the keys "en" and "zh" of a dictionary;
- as arguments named "en", "zh", "meaning…" or "…_zh", by keyword or by position (see `text_positions`);
- as arguments of an error or a problem, which are words of neither a page nor a number and are left out altogether.

Any other string counts as law. A message put together beforehand therefore does too: changing it costs a new run, and
never reuses a wrong number.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence

Positions = Mapping[str, Mapping[int, str]]  # by class or function, its parameters in order

LANGUAGES = ("en", "zh")
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


def parse(source: str) -> ast.Module:
    """Return the syntax tree of a module, docstrings left out."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | _Function) and _begins_with_text(node.body):
            node.body = node.body[1:] or [ast.Pass()]
    return tree


def text_positions(trees: Iterable[ast.Module]) -> dict[str, Mapping[int, str]]:
    """Return for each class of some modules, and for each method, which of its fields are words, by position."""
    classes = [node for tree in trees for node in tree.body if isinstance(node, ast.ClassDef)]
    methods = {name: at for node in classes for name, at in _positions(node.body, _FUNCTIONS, skip=1).items()}
    return methods | _positions(classes, (ast.ClassDef,))


def law_and_words(tree: ast.Module, classes: Positions) -> tuple[str, str]:
    """Return a module without its words as text, and the words; the tree is changed by it.

    Parameters
    ----------
    classes : what `text_positions` finds in all modules together, so that a class of another module is known.
    """
    known = {**classes, **_positions(tree.body, _FUNCTIONS)}
    words = []
    for node in ast.walk(tree):
        words += [word for expression in _texts(node, known) for word in _taken(expression)]
        for expression in _messages(node):
            _taken(expression)
    return ast.dump(tree), "\0".join(words)


def _begins_with_text(body: Sequence[ast.stmt]) -> bool:
    first = body[0] if body else None
    return isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str)


# ------------ where words stand


def _is_text(name: str) -> bool:
    return name in LANGUAGES or name.startswith("meaning") or name.endswith("_zh")


def _positions(
    body: Iterable[ast.stmt], kinds: tuple[type[ast.stmt], ...], skip: int = 0
) -> dict[str, Mapping[int, str]]:
    """Return which parameters of classes and functions are words, by position; `skip` leaves out a method's `self`."""
    found = {
        node.name: _names(node)[skip:]
        for node in body
        if isinstance(node, ast.ClassDef | _Function) and isinstance(node, kinds)
    }
    texts = {name: {i: each for i, each in enumerate(names) if _is_text(each)} for name, names in found.items()}
    return {name: at for name, at in texts.items() if at}


def _names(node: ast.ClassDef | _Function) -> list[str]:
    """Return the names of a function's parameters, or of the fields of a dataclass or a named tuple."""
    if isinstance(node, _Function):
        return [argument.arg for argument in (*node.args.posonlyargs, *node.args.args)]
    return [
        each.target.id for each in node.body if isinstance(each, ast.AnnAssign) and isinstance(each.target, ast.Name)
    ]


def _texts(node: ast.AST, known: Positions) -> Iterator[ast.expr]:
    if isinstance(node, ast.Dict):
        for key, value in zip(node.keys, node.values, strict=True):
            if isinstance(key, ast.Constant) and key.value in LANGUAGES:
                yield value
    elif isinstance(node, ast.Call):
        yield from (keyword.value for keyword in node.keywords if keyword.arg and _is_text(keyword.arg))
        yield from (node.args[i] for i in known.get(_called(node), ()) if i < len(node.args))


def _messages(node: ast.AST) -> Iterator[ast.expr]:
    if isinstance(node, ast.Call) and _called(node).endswith(("Error", "Problem", "problem")):
        yield from (*node.args, *(keyword.value for keyword in node.keywords))


def _called(node: ast.Call) -> str:
    """Return the last name of what is called."""
    return getattr(node.func, "id", "") or getattr(node.func, "attr", "")


def _taken(expression: ast.expr) -> list[str]:
    """Return the strings in an expression, each replaced there by an empty one."""
    strings = [node for node in ast.walk(expression) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    words = [str(node.value) for node in strings]
    for node in strings:
        node.value = ""
    return words
