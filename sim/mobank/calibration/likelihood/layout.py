"""What the segments of a target share of a model's hazards, so that each is worked out once.

A band touches a few parameters. Segments whose bands give a parameter the same factors have the same value of it, and
those that agree in all that a state's flows read have the same chances of leaving it. Where people meet alike too,
exposure makes no difference between them. All of this is read off the model's declaration and the target's bands.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

import numpy as np

from mobank.base.arrays import Floats, Ints, Rows
from mobank.base.kernels.expectation import EXPOSED, INTAKE, PLAIN
from mobank.model.grammar import EXPOSURE, Model
from mobank.scenario.scenario import Scenario


@dataclass(frozen=True)
class Classes:
    """Segments that are alike in some respect.

    Parameters
    ----------
    first : (C,) the first segment of each class.
    of : (S,) the class of each segment.
    """

    first: Rows
    of: Rows

    @property
    def count(self) -> int:
        """How many there are."""
        return self.first.size

    @classmethod
    def by(cls, signs: Sequence[Hashable]) -> "Classes":
        """Return the classes of segments that have the same sign, in the order of the first of each."""
        known = {sign: i for i, sign in enumerate(dict.fromkeys(signs))}
        of = np.array([known[sign] for sign in signs], np.intp)
        return cls(np.array([signs.index(sign) for sign in known], np.intp), of)


@dataclass(frozen=True)
class Group:
    """Flows that compete, or come from outside, and the classes of segments that agree in whatever they read.

    Parameters
    ----------
    flows : their indices (B,). kind : `PLAIN`, `EXPOSED` or `INTAKE`.
    reads : the parameters that they read. which : (C, reads) which of a parameter's distinct values a class has.
    """

    flows: tuple[int, ...]
    kind: int
    classes: Classes
    reads: tuple[str, ...]
    which: Rows


@dataclass(frozen=True)
class Layout:
    """The table of chances of a model in which segments share rows (see `mobank.base.kernels.passage`).

    Parameters
    ----------
    values : by parameter, the segments that have the same value of it. first : row of its first distinct value.
    groups : the flows that leave a state, without exposure, then with it, and all that come from outside.
    units : (U, 5) of each class of each group: group, first row, rows, kind, the row of `mixing` that it meets.
    args : (U, A) rows of the values that its hazards read.
    row_of : (S, F) row of the table.
    mixing : (M, S) the distinct rows of the target's.
    path_of, sign : (V,) of each distinct value, the path that moves it, −1 for none, and to which side. Paths are
        numbered region by region.
    """

    values: Mapping[str, Classes]
    first: Mapping[str, int]
    groups: tuple[Group, ...]
    units: Ints
    args: Ints
    row_of: Ints
    mixing: Floats
    path_of: Ints
    sign: Floats

    @classmethod
    def of(cls, model: Model, paths: Sequence[str], target: Scenario, region: Sequence[int]) -> "Layout":
        """Return that of a model with the segments of a target, given the number of each segment's region, (S,)."""
        moving = {p.name: paths.index(p.moved_by) if p.moved_by in paths else -1 for p in model.parameters}
        touching = {
            p.name: [
                (
                    g if moving[p.name] >= 0 else 0,
                    *(b.name for b in target.bands if b.name in s.bands and p.name in {*b.factors, *b.values}),
                )
                for s, g in zip(target.segments, region, strict=True)
            ]
            for p in model.parameters
        }
        values = {name: Classes.by(signs) for name, signs in touching.items()}
        first = dict(zip(values, accumulate((v.count for v in values.values()), initial=0), strict=False))
        met = Classes.by([row.tobytes() for row in target.mixing])
        exits = [(flows, any(EXPOSURE in model.flows[f].reads for f in flows)) for flows in model.exits if flows]
        kinds = [(flows, PLAIN) for flows, exposed in exits if not exposed]
        kinds += [(flows, EXPOSED) for flows, exposed in exits if exposed]
        kinds += [(model.intakes, INTAKE)] if model.intakes else []
        groups = tuple(_group(model, flows, kind, values, met) for flows, kind in kinds)
        row_of, units, args, row = np.zeros((met.of.size, len(model.flows)), np.int64), [], [], 0
        for g, group in enumerate(groups):
            for c in range(group.classes.count):
                units.append(
                    [g, row + c * len(group.flows), len(group.flows), group.kind, met.of[group.classes.first[c]]]
                )
                args.append([first[n] + int(k) for n, k in zip(group.reads, group.which[c], strict=True)])
            for i, f in enumerate(group.flows):
                row_of[:, f] = row + len(group.flows) * group.classes.of + i
            row += len(group.flows) * group.classes.count
        widest = max(len(each) for each in args)
        moved = [(p, s) for p in model.parameters for s in values[p.name].first]
        path_of = [len(paths) * region[s] + moving[p.name] if moving[p.name] >= 0 else -1 for p, s in moved]
        return cls(
            values,
            first,
            groups,
            np.array(units, np.int64),
            np.array([each + [0] * (widest - len(each)) for each in args], np.int64).reshape(len(args), -1),
            row_of,
            np.ascontiguousarray(target.mixing[met.first]),
            np.array(path_of, np.int64),
            np.array([float(p.sign) for p, _ in moved]),
        )

    def stacked(self, base: Mapping[str, Floats]) -> Floats:
        """Return the distinct values of all parameters one below the other, (V, R), given each as (S or 1, R)."""
        return np.concatenate(
            [
                base[name][each.first] if len(base[name]) > 1 else np.repeat(base[name], each.count, axis=0)
                for name, each in self.values.items()
            ]
        )


def _group(model: Model, flows: Sequence[int], kind: int, values: Mapping[str, Classes], met: Classes) -> Group:
    read = tuple(dict.fromkeys(n for f in flows for n in model.flows[f].reads if n in model.parameter))
    signs = [(*(values[n].of[s] for n in read), met.of[s] if kind == EXPOSED else 0) for s in range(met.of.size)]
    classes = Classes.by(signs)
    which = np.array([[values[n].of[s] for n in read] for s in classes.first], np.int64).reshape(classes.count, -1)
    return Group(tuple(flows), kind, classes, read, which)
