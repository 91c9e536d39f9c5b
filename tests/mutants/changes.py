"""What is changed: one operator, number, bound, order or term of an expression that makes a number.

A change is an edit of the text of one line, found in the syntax tree, so that a person reads it as a diff. Messages,
annotations, docstrings, and what only refuses wrong input are left alone.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "sim" / "mobank"

# The modules of each room that make numbers; what reads texts, lays out pages or moves files is not among them.
ROOMS: dict[str, tuple[str, ...]] = {
    "base": ("kernels/*.py", "priors.py", "digits.py", "streams.py", "lunar.py"),
    "model": ("*.py",),
    "desk": ("erlang.py", "day.py"),
    "dynamics": ("*.py",),
    "fidelity": ("*.py", "agents/*.py", "people/population.py", "people/networks.py", "people/exposure_counts.py"),
    "ensemble": ("*.py",),
    "report": (
        "tables.py", "excel.py", "questions.py", "compare/comparison.py", "compare/tables.py", "compare/weights.py",
        "run/numbers.py", "run/bands.py", "run/spread.py", "run/communities.py", "run/stored_paths.py",
        "render/scale.py", "render/workbook.py", "desk/answer.py", "desk/charts.py",
    ),
    "batch": (
        "summaries.py", "unit.py", "design.py", "sensitivity.py", "tables.py", "results.py", "cases.py", "estimate.py",
        "driver.py", "export.py",
    ),
    "calibration": (
        "likelihood/*.py", "checks/*.py", "sampler/*.py", "posterior/*.py", "neutral_priors/hyper.py",
        "neutral_priors/spreads.py", "neutral_priors/groups.py", "backtest/*.py", "backtest/full/*.py",
        "rounds/scoreboard.py", "targets.py",
    ),
}  # fmt: skip
NO_NUMBERS = re.compile(r"(folder|text|run|jobs|series|__init__|wording|fingerprint|grammar)\.py$")

ARITHMETIC = {
    ast.Add: ("+", "-"), ast.Sub: ("-", "+"), ast.Mult: ("*", "/"), ast.Div: ("/", "*"), ast.Pow: ("**", "*"),
    ast.FloorDiv: ("//", "/"), ast.Mod: ("%", "//"),
}  # fmt: skip
COMPARED = {
    ast.Lt: ("<", "<="), ast.LtE: ("<=", "<"), ast.Gt: (">", ">="), ast.GtE: (">=", ">"), ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
}  # fmt: skip
OPPOSITE = {
    "min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "floor": "ceil", "ceil": "floor",
    "any": "all", "all": "any", "mean": "sum", "argmin": "argmax", "argmax": "argmin", "cumsum": "cumprod",
    "rows": "columns", "first": "last", "last": "first",
}  # fmt: skip
COMMUTATIVE = ("min", "max", "minimum", "maximum", "hypot")
MESSAGES = (
    "Problem",
    "InputError",
    "RunError",
    "ModelError",
    "MobankError",
    "warn",
    "say",
    "Place",
    "format",
    "problem",
    "isinstance",
    "add_axes",
)  # and what lays out a picture


@dataclass(frozen=True)
class Change:
    """One change: in which function of which file what text becomes what other.

    Parameters
    ----------
    start, end : offsets of the text in the file, in characters. function : qualified name; "" for the module's level.
    """

    room: str
    path: str
    line: int
    function: str
    kind: str
    start: int
    end: int
    new: str

    def apply(self, text: str) -> str:
        """Return the file's text with the change made."""
        return text[: self.start] + self.new + text[self.end :]

    def lines(self, text: str) -> tuple[str, str]:
        """Return the line before and after, without its indent: how a person and the list of equivalents name it."""
        begin = text.rfind("\n", 0, self.start) + 1
        end = text.find("\n", self.end)
        return text[begin:end].strip(), (text[begin : self.start] + self.new + text[self.end : end]).strip()


def modules(room: str) -> list[Path]:
    """Return the files of a room that make numbers."""
    found = {path for pattern in ROOMS[room] for path in (PACKAGE / room).glob(pattern)}
    keep = [path for path in found if room == "model" or not NO_NUMBERS.search(path.name)]
    return sorted(path for path in keep if path.name != "__init__.py")


def changes(room: str, path: Path) -> list[Change]:
    """Return every change of a file."""
    text = path.read_text(encoding="utf-8")
    return list(_Finder(room, path.relative_to(ROOT).as_posix(), text).all())


class _Finder:
    def __init__(self, room: str, path: str, text: str) -> None:
        self.room, self.path, self.text = room, path, text
        self.tree = ast.parse(text)
        lines = text.splitlines(keepends=True)
        self.starts = [0]
        for line in lines:
            self.starts.append(self.starts[-1] + len(line))
        self.lines = lines

    def all(self) -> Iterator[Change]:
        for node, function in self._numbers(self.tree, ()):
            for kind, start, end, new in self._of(node):
                yield Change(self.room, self.path, node.lineno, ".".join(function), kind, start, end, new)

    def _numbers(self, node: ast.AST, function: tuple[str, ...]) -> Iterator[tuple[ast.expr, tuple[str, ...]]]:
        """Yield the expressions that may make a number, with the function that they stand in."""
        if isinstance(node, (ast.JoinedStr, ast.Raise, ast.Assert, ast.Import, ast.ImportFrom)):
            return
        if isinstance(node, ast.Call) and getattr(node.func, "attr", getattr(node.func, "id", "")) in MESSAGES:
            return
        if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name) and node.value.id[0].isupper():
            return  # a type
        if isinstance(node, ast.Compare) and isinstance(node.ops[0], (ast.In, ast.NotIn)):
            yield from self._numbers(node.left, function)
            return
        if isinstance(node, ast.If) and all(isinstance(each, ast.Raise) for each in node.body) and not node.orelse:
            return
        if isinstance(node, ast.expr):
            yield node, function
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            function = (*function, node.name)
            children: list[ast.AST] = list(node.body)
        elif isinstance(node, ast.AnnAssign):
            children = [node.value] if node.value else []
        elif isinstance(node, ast.Lambda):
            children = [node.body]
        else:
            children = list(ast.iter_child_nodes(node))
        for child in children:
            yield from self._numbers(child, function)

    def _at(self, line: int, column: int) -> int:
        return self.starts[line - 1] + len(self.lines[line - 1].encode()[:column].decode())

    def _span(self, node: ast.expr) -> tuple[int, int]:
        return self._at(node.lineno, node.col_offset), self._at(node.end_lineno, node.end_col_offset)

    def _source(self, node: ast.expr) -> str:
        start, end = self._span(node)
        return self.text[start:end]

    def _between(self, left: ast.expr, right: ast.expr, sign: str) -> tuple[int, int]:
        """Return where an operator stands between its operands."""
        begin, end = self._span(left)[1], self._span(right)[0]
        found = re.search(rf"(?<![*/<>=!]){re.escape(sign)}(?![*/=])", self.text[begin:end])
        assert found, (self.path, left.lineno, sign)
        return begin + found.start(), begin + found.end()

    def _of(self, node: ast.expr) -> Iterator[tuple[str, int, int, str]]:
        if isinstance(node, ast.BinOp):
            yield from self._binary(node)
        elif isinstance(node, ast.Compare) and len(node.ops) == 1 and type(node.ops[0]) in COMPARED:
            if not (isinstance(node.ops[0], ast.Eq) and isinstance(node.comparators[0], ast.Constant)
                    and isinstance(node.comparators[0].value, str)):  # fmt: skip
                sign, other = COMPARED[type(node.ops[0])]
                yield "comparison", *self._between(node.left, node.comparators[0], sign), other
        elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
            yield from self._number(node)
        elif isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.Not, ast.Invert)):
            if not (isinstance(node.op, ast.USub) and isinstance(node.operand, ast.Constant)):
                start, end = self._span(node)
                kind = "sign" if isinstance(node.op, ast.USub) else "not"
                yield kind, start, end, f"({self._source(node.operand)})"
        elif isinstance(node, ast.BoolOp):
            sign, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
            yield "and, or", *self._between(node.values[0], node.values[1], sign), other
        elif isinstance(node, ast.Call):
            yield from self._call(node)
        elif isinstance(node, (ast.Tuple, ast.List)) and isinstance(node.ctx, ast.Load) and len(node.elts) > 1:
            plain = [each for each in node.elts if not isinstance(each, ast.Call)]  # of declarations order says nothing
            if len(plain) == len(node.elts):
                yield from self._exchange("order", plain)

    def _binary(self, node: ast.BinOp) -> Iterator[tuple[str, int, int, str]]:
        texts = (ast.JoinedStr, ast.List, ast.Tuple, ast.ListComp)
        for side in (node.left, node.right):
            if isinstance(side, texts) or (isinstance(side, ast.Constant) and isinstance(side.value, str)):
                return
        if type(node.op) not in ARITHMETIC:
            return
        sign, other = ARITHMETIC[type(node.op)]
        yield "operator", *self._between(node.left, node.right, sign), other
        if isinstance(node.op, (ast.Add, ast.Sub)):
            yield "term dropped", *self._span(node), self._source(node.left)
        elif isinstance(node.op, (ast.Mult, ast.Div)):
            yield "factor dropped", *self._span(node), self._source(node.left)

    def _number(self, node: ast.Constant) -> Iterator[tuple[str, int, int, str]]:
        value = node.value
        if isinstance(value, int):
            yield "number", *self._span(node), str(value + 1)
            if value:
                yield "number", *self._span(node), str(value - 1)
        else:
            yield "number", *self._span(node), repr(value * 1.1 if value else 1.0)

    def _call(self, node: ast.Call) -> Iterator[tuple[str, int, int, str]]:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        if name in OPPOSITE:
            end = self._span(node.func)[1]
            yield "opposite", end - len(name), end, OPPOSITE[name]
        plain = [arg for arg in node.args if not isinstance(arg, (ast.Starred, ast.Constant))]
        if len(plain) > 1 and len(plain) == len(node.args) and name not in COMMUTATIVE:
            yield from self._exchange("arguments exchanged", plain)

    def _exchange(self, kind: str, nodes: list[ast.expr]) -> Iterator[tuple[str, int, int, str]]:
        """Yield the exchange of the first two of some expressions of one shape, and of the last two."""
        for one, two in {(0, 1), (len(nodes) - 2, len(nodes) - 1)}:
            first, second = nodes[one], nodes[two]
            if type(first) is type(second) and self._source(first) != self._source(second):
                (a, b), (c, d) = self._span(first), self._span(second)
                yield kind, a, d, self.text[c:d] + self.text[b:c] + self.text[a:b]
