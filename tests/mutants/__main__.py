"""`python -m tests.mutants`: watch the tests once, try changes of every room, and say which ones nothing noticed.

python -m tests.mutants watch            once, and again when tests have changed (half an hour)
python -m tests.mutants try --each 25    25 changes of each room, by a seed; goes on where it was stopped
python -m tests.mutants report           noticed, survived and equivalent by room, with the survivors
"""

import argparse
import json
import multiprocessing
import random
import sys
from collections import Counter, defaultdict
from itertools import zip_longest
from pathlib import Path

import yaml

from tests.mutants.changes import ROOMS, ROOT, Change, changes, modules
from tests.mutants.reach import FOLDERS, KEPT, reach, record_of, test_files
from tests.mutants.trial import COMPILED, LATE, NOTHING_RAN, attempt, load_all, watch

SEED = 19
FILE_LIMIT, FIRST, THEN = 240.0, 10.0, 15.0  # seconds of processor time: of a file watched, of tests tried
EQUIVALENT = Path(__file__).with_name("equivalent.yaml")
RESULTS = KEPT / "results.jsonl"
WANTED = 0.9


def main() -> None:
    """Do what the words of the command say."""
    words = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__.partition("\n")[0])
    words.add_argument("what", choices=("watch", "try", "again", "report"))
    words.add_argument("--each", type=int, default=25, help="changes of each room")
    words.add_argument("--rooms", nargs="*", default=list(ROOMS), choices=list(ROOMS))
    words.add_argument("--reached", action="store_true", help="only what some watched test calls")
    words.add_argument("--seed", type=int, default=SEED)
    words.add_argument("--files", nargs="*", type=Path, help="only these test files are watched")
    words.add_argument("--interpreted", action="store_true", help="watch with compiled loops interpreted")
    given = words.parse_args()
    KEPT.mkdir(exist_ok=True)
    if given.what == "watch":
        _watch(given.files, given.interpreted)
    elif given.what == "report":
        sys.exit(not _report(given.rooms))
    else:
        _try(given.rooms, given.each, given.seed, given.what == "again", given.reached)


def _watch(files: list[Path] | None, interpreted: bool) -> None:
    load_all(interpreted)
    for path in [each.resolve() for each in files] if files else test_files(FOLDERS):
        out = record_of(path, interpreted)
        if not out.exists() or out.stat().st_mtime < path.stat().st_mtime:
            ended, seconds = watch(path, out, FILE_LIMIT)
            print(f"{path.relative_to(ROOT)}  {ended}  {seconds:.0f} s", flush=True)


def sample(room: str, count: int, seed: int) -> list[Change]:
    """Return some changes of a room: a file by the root of how many it has, then a kind, then one of these."""
    chance = random.Random(f"{seed} {room}")
    of_file = {path: found for path in modules(room) if (found := changes(room, path))}
    files, weights = list(of_file), [len(found) ** 0.5 for found in of_file.values()]
    chosen: dict[tuple[str, int, int, str], Change] = {}
    while len(chosen) < min(count, sum(map(len, of_file.values())) // 2):
        found = of_file[chance.choices(files, weights)[0]]
        kind = chance.choice(sorted({each.kind for each in found}))
        one = chance.choice([each for each in found if each.kind == kind])
        chosen.setdefault((one.path, one.start, one.end, one.new), one)
    return list(chosen.values())


def _key(change: Change, text: str) -> tuple[str, str, str]:
    return (change.path, *change.lines(text))


def _known() -> dict[tuple[str, str, str], dict[str, object]]:
    lines = RESULTS.read_text(encoding="utf-8").splitlines() if RESULTS.exists() else []
    return {(each["path"], each["before"], each["after"]): each for each in map(json.loads, lines)}


def _equivalent() -> dict[tuple[str, str, str], str]:
    listed = yaml.safe_load(EQUIVALENT.read_text(encoding="utf-8")) or []
    return {(each["path"], each["before"], each["after"]): each["why"] for each in listed}


def _try(rooms: list[str], each: int, seed: int, again: bool, reached: bool) -> None:
    """Try changes that have not been tried, or, again, those that survived; those of compiled loops last."""
    of_rooms = [[(room, one) for one in (_survived(room) if again else sample(room, each, seed))] for room in rooms]
    chosen = [one for turn in zip_longest(*of_rooms) for one in turn if one and (not reached or _seeing(one[1]))]
    for interpreted in (False, True):
        some = [each for each in chosen if each[1].path.startswith(COMPILED) == interpreted]
        if some:
            worker = multiprocessing.get_context("fork").Process(target=_try_some, args=(some, interpreted, again))
            worker.start()
            worker.join()


def _survived(room: str) -> list[Change]:
    """Return the changes of a room that survived and can still be made."""
    keys = {key for key, each in _known().items() if each["room"] == room and each["ended"] == "survived"}
    paths = {ROOT / path for path, *_ in keys}
    found = {_key(one, path.read_text(encoding="utf-8")): one for path in sorted(paths) for one in changes(room, path)}
    return [found[key] for key in sorted(keys) if key in found]


def _try_some(some: list[tuple[str, Change]], interpreted: bool, again: bool) -> None:
    load_all(interpreted)
    for room, change in some:
        text = (ROOT / change.path).read_text(encoding="utf-8")
        key = _key(change, text)
        known = _known().get(key)
        if known and not (again and known["ended"] == "survived"):
            continue
        ended, seconds, ran = _trial(change, text)
        if ended == LATE:
            continue
        line = {"room": room, "path": key[0], "before": key[1], "after": key[2], "line": change.line,
                "kind": change.kind, "function": change.function, "ended": ended, "tests": ran}  # fmt: skip
        with RESULTS.open("a", encoding="utf-8", newline="\n") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
        print(f"{room}  {ended}  {seconds:.0f} s  {ran} tests  {change.path}:{change.line}")
        print(f"    {key[1]}\n    {key[2]}", flush=True)


def _trial(change: Change, text: str) -> tuple[str, float, int]:
    """Return how a change ended, the seconds it took and how many tests could see it."""
    seeing = _seeing(change)
    spent, took = 0.0, 0.0
    tiers: list[dict[str, float]] = [{}, {}]
    for test, seconds in sorted(seeing.items(), key=lambda each: each[1]):
        spent += seconds
        if spent < FIRST + THEN:
            tiers[spent >= FIRST][test] = seconds
    for tests in tiers:
        if tests:
            limit = 15 + 3 * sum(tests.values())
            ended, seconds = attempt(ROOT / change.path, change.apply(text), change.function, tests, limit)
            took += seconds
            if ended == LATE:
                return LATE, took, len(seeing)
            if ended not in ("0", str(NOTHING_RAN)):
                return ("noticed" if ended == "1" else f"noticed ({ended})"), took, len(seeing)
    return "survived", took, len(seeing)


def _seeing(change: Change) -> dict[str, float]:
    """Return the tests that call the function of a change, with their seconds.

    Of text outside functions, and of a class, those that use the module.
    """
    watched = reach(change.path.startswith(COMPILED))
    calls = f"{change.path}:{change.function}"
    found = {test: seconds for test, (seconds, names) in watched.items() if calls in names}
    if found:
        return found
    module = f"{change.path}:"
    return {t: seconds for t, (seconds, names) in watched.items() if any(name.startswith(module) for name in names)}


def _report(rooms: list[str]) -> bool:
    """Print what was noticed; return whether enough was in every room."""
    equivalent, known = _equivalent(), _known()
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    open_ones = []
    for key, each in known.items():
        state = (
            "noticed" if str(each["ended"]).startswith("noticed") else "equivalent" if key in equivalent else "survived"
        )
        counts[str(each["room"])][state] += 1
        if state == "survived":
            open_ones.append(each)
    print(f"{'room':<14}{'tried':>7}{'noticed':>9}{'equivalent':>12}{'survived':>10}{'share noticed':>15}")
    enough = True
    for room in rooms:
        of = counts[room]
        real = of["noticed"] + of["survived"]
        share = of["noticed"] / real if real else 0.0
        enough &= share >= WANTED
        print(
            f"{room:<14}{sum(of.values()):>7}{of['noticed']:>9}{of['equivalent']:>12}{of['survived']:>10}{share:>15.0%}"
        )
    for each in open_ones:
        if each["room"] in rooms:
            print(f"\n{each['path']}:{each['line']}  {each['kind']}  ({each['tests']} tests reach it)")
            print(f"  - {each['before']}\n  + {each['after']}")
    return enough


if __name__ == "__main__":
    main()
