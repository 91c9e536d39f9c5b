"""Every piece of advice in the source appears in a test; what none tries is listed here, with the reason."""

import ast
from collections.abc import Iterator
from functools import cache

from tests.conftest import ROOT

SOURCE = ROOT / "sim/mobank"
AT = {  # which argument is the hint
    "Problem": 2, "RunError": 2, "ModelError": 3, "QuantityError": 2, "problem": 2, "misshapen": 1, "refusal": 3,
    "Quantity": 5,
}  # fmt: skip
LEAST_LETTERS = 6
OTHER_SYSTEMS = "what is advised is done outside of the program: memory, disks, packages, spreadsheet programs"
BY_A_PERSON = "only a person knows what is to stand there"
NEVER_SEEN = "said to who changes the program, or where an earlier check has failed"
UNTRIED = {
    "api/run.py: run it first: mb.run(…)": BY_A_PERSON,
    "batch/design.py: say what is varied": BY_A_PERSON,
    "batch/driver.py: does it need more memory than there is? Fewer workers leave more to each; "
    "what is finished is kept": OTHER_SYSTEMS,
    "batch/driver.py: driver and workers must see the same folder: give --out on a shared disk": OTHER_SYSTEMS,
    "batch/executors.py: install it: pip install 'mobank[cluster]'": OTHER_SYSTEMS,
    "batch/job_file.py: rename one": BY_A_PERSON,
    "batch/job_file.py: write asks as in a scenario": BY_A_PERSON,
    "calibration/commands.py: leave it out, or give the figure another definition in the target": BY_A_PERSON,
    "calibration/commands.py: stand in a folder of your own": OTHER_SYSTEMS,
    "calibration/targets.py: give their figures with more digits, or leave months out: over a quarter the same "
    "rounding is less": BY_A_PERSON,
    "calibration/rounds/freeze.py: leave start: out, and calibrate: mobank calibrate": "a fit takes minutes",
    "calibration/rounds/freeze.py: name a scenario of this bank: --scenario NAME": BY_A_PERSON,
    "calibration/rounds/freeze.py: this round:": "says why",
    "calibration/rounds/rival.py: leave the column of regions out: this bank has none": BY_A_PERSON,
    "cli/app.py: rename it": OTHER_SYSTEMS,
    "cli/new_bank.py: such as mybank": BY_A_PERSON,
    "cli/new_bank.py: take another one": BY_A_PERSON,
    "cli/new_bank.py: write it as it is printed": BY_A_PERSON,
    "dynamics/draws.py: a scenario is checked before it is drawn": NEVER_SEEN,
    "fidelity/agents/block.py: take a smaller bank or fewer contacts": BY_A_PERSON,
    "batch/job_file.py: write [2025-12]": BY_A_PERSON,
    "batch/keys.py: write 0.01% to 50%": BY_A_PERSON,
    "batch/results.py: finish it: give its mobank batch command again": "tests/faults/test_batch_faults.py does it",
    "calibration/posterior/stored.py: fit again: mobank calibrate": "a fit takes minutes; test_trials.py makes one",
    "dynamics/posterior_draws.py: fit again: mobank calibrate TARGET": "a fit takes minutes; test_trials.py makes one",
    "cli/import_.py: name a target of your own": BY_A_PERSON,
    "cli/new_bank.py: stand in an empty folder, or edit it": OTHER_SYSTEMS,
    "ensemble/plan.py: run it with --fidelity": "tests/agreement runs networks with that fidelity",
    "fidelity/agents/block.py: run the fidelity cohort, which counts them": BY_A_PERSON,
    "report/compare/comparison.py: runs are compared month by month": "says why",
    "spreadsheets/figure_map.py: allowed: 户, 千户, 万户, 亿户, thousand, million": BY_A_PERSON,
    "spreadsheets/figure_map.py: write 'from 2021-07', or 'before'": BY_A_PERSON,
    "scenario/editing.py: load the other scenario": BY_A_PERSON,
    "scenario/segments.py: it is a key of its own elsewhere": BY_A_PERSON,
    "spreadsheets/calamine_reader.py: open it in a spreadsheet program and save it as .xlsx": OTHER_SYSTEMS,
    "spreadsheets/calamine_reader.py: save it as .xlsx, or install it:": OTHER_SYSTEMS,
    "spreadsheets/checks.py: is it counted in another way from here on? then write definition: "
    "{{before: …, from": BY_A_PERSON,
    "spreadsheets/commands.py: months stand in one row or one column, as 2023年1月, 2023-01, 202301 or a "
    "date": BY_A_PERSON,
    "spreadsheets/commands.py: write segments: with a dimension": BY_A_PERSON,
    "spreadsheets/figure_map.py: write before first, then the months in order": BY_A_PERSON,
    "spreadsheets/interpret.py: , or delete that file to have it made anew": BY_A_PERSON,
    "spreadsheets/interpret.py: correct one of the two": BY_A_PERSON,
    "spreadsheets/interpret.py: give its months, or name the heading under ignored: in the map": BY_A_PERSON,
    "spreadsheets/interpret.py: in the map, or the table": BY_A_PERSON,
    "spreadsheets/interpret.py: write hidden: read or hidden: skip for this table in the map": BY_A_PERSON,
    "spreadsheets/layout.py: give each month its own cell": BY_A_PERSON,
    "spreadsheets/quantile_table.py: add a column that says so:": BY_A_PERSON,
    "spreadsheets/quantile_table.py: delete one": BY_A_PERSON,
    "spreadsheets/target_lines.py: write it as lines, a key a line": BY_A_PERSON,
    "spreadsheets/target_text.py: delete it there, or leave it out here": BY_A_PERSON,
    "spreadsheets/xlsx_reader.py: -m pip install openpyxl": OTHER_SYSTEMS,
}


def texts(node: ast.AST) -> Iterator[list[str]]:
    """Yield what a piece of source may say, as what stands between its gaps."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield [node.value]
    elif isinstance(node, ast.JoinedStr):
        yield [part.value for part in node.values if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    elif isinstance(node, ast.IfExp | ast.BoolOp | ast.BinOp):
        for part in ast.iter_child_nodes(node):
            yield from texts(part)


def hints(tree: ast.AST) -> Iterator[ast.AST]:
    """Yield what stands in the source where a message takes its hint."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            name = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if name in AT and len(node.args) > AT[name]:
                yield node.args[AT[name]]
            yield from (keyword.value for keyword in node.keywords if keyword.arg == "hint")
        elif isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == "hint" for t in node.targets):
            yield node.value


@cache
def advice() -> frozenset[str]:
    """Return each piece of advice by its file: the longest text between its gaps."""
    found = set()
    for path in sorted(SOURCE.rglob("*.py")):
        for hint in hints(ast.parse(path.read_text(encoding="utf-8"))):
            for parts in texts(hint):
                longest = max((part.strip() for part in parts), key=len, default="")
                if len(longest) >= LEAST_LETTERS:
                    found.add(f"{path.relative_to(SOURCE).as_posix()}: {longest}")
    return frozenset(found)


def test_every_piece_of_advice_appears_in_a_test_or_is_listed_with_the_reason():
    paths = [path for kind in ("*.py", "*.txt") for path in sorted((ROOT / "tests").rglob(kind))]
    said = "\n".join(path.read_text(encoding="utf-8") for path in paths if path.name != "test_advice_in_source.py")
    untried = {each for each in advice() if each.partition(": ")[2] not in said}
    print(f"pieces of advice: {len(advice())}, not tried: {len(untried)}")
    assert untried - set(UNTRIED) == set(), "try it in a test, or list it with the reason"
    assert set(UNTRIED) - untried == set(), "it is tried now, or no longer there"
