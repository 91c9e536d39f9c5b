"""What the segments of a target share of a model's hazards, so that each is worked out once.

A band touches a few parameters. Segments whose bands give a parameter the same factors have the same value of it, and
those that agree in all that a state's flows read have the same chances of leaving it. Where people meet alike too,
exposure makes no difference between them. All of this is read off the model's declaration and the target's bands.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from mobank.base.arrays import Floats, Ints, Rows
from mobank.model.grammar import EXPOSURE, Model, Origin
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
    """Flows that compete, and the classes of segments that agree in whatever they read.

    Parameters
    ----------
    flows : their indices (B,).
    which : for each parameter read, which (C,) of its distinct values the classes have; None if it has only one.
    """

    flows: tuple[int, ...]
    classes: Classes
    which: Mapping[str, Rows | None]

    @property
    def rows(self) -> int:
        """How many rows of the table it fills."""
        return len(self.flows) * self.classes.count

    def hazards(self, model: Model, value: Mapping[str, Floats], **given: float) -> list[Floats]:
        """Return the hazard of each flow, (C or 1, R) each; value holds distinct ones, (C of the parameter, R)."""
        known = {name: value[name] if rows is None else value[name][rows] for name, rows in self.which.items()}
        read = {**known, **given}
        return [np.asarray(model.flows[f].hazard(**{n: read[n] for n in model.flows[f].reads})) for f in self.flows]


@dataclass(frozen=True)
class Layout:
    """The table of chances of a model in which segments share rows (see `mobank.base.kernels.live`).

    Parameters
    ----------
    values : by parameter, the segments that have the same value of it.
    plain, bent, intakes : the flows that leave a state, without and with exposure, and all that come from outside.
    row_of : (F, S) row of the table, in which come the plain, the bent and the intakes.
    units, meets : (U + 1,) where each set of bent rows begins; (U,) the row of `mixing` that it meets.
    mixing : (M, S) the distinct rows of the target's.
    exposed, counted : (K,) 1 for the states that one is exposed to, (2, K) for those of the level and of the active.
    """

    values: Mapping[str, Classes]
    plain: tuple[Group, ...]
    bent: tuple[Group, ...]
    intakes: Group
    row_of: Ints
    units: Ints
    meets: Ints
    mixing: Floats
    exposed: Ints
    counted: Ints

    @classmethod
    def of(cls, model: Model, origin: Origin, target: Scenario) -> "Layout":
        """Return that of a model with the segments of a target."""
        touching = {
            p.name: [
                tuple(b.name for b in target.bands if b.name in s.bands and p.name in {*b.factors, *b.values})
                for s in target.segments
            ]
            for p in model.parameters
        }
        values = {name: Classes.by(signs) for name, signs in touching.items()}
        met = Classes.by([row.tobytes() for row in target.mixing])

        def group(flows: Sequence[int], contagious: bool = False) -> Group:
            read = dict.fromkeys(n for f in flows for n in model.flows[f].reads if n in model.parameter)
            signs = [(*(values[n].of[s] for n in read), met.of[s] if contagious else 0) for s in range(met.of.size)]
            classes = Classes.by(signs)
            which = {n: values[n].of[classes.first] if values[n].count > 1 else None for n in read}
            return Group(tuple(flows), classes, which)

        competing = [(flows, any(EXPOSURE in model.flows[f].reads for f in flows)) for flows in model.exits if flows]
        plain = tuple(group(flows) for flows, exposed in competing if not exposed)
        bent = tuple(group(flows, True) for flows, exposed in competing if exposed)
        intakes = group(model.intakes)
        row_of, row = np.zeros((len(model.flows), met.of.size), np.int64), 0
        for each in plain:
            for f in each.flows:
                row_of[f] = row + each.classes.of
                row += each.classes.count
        units, meets = [0], []
        for each in bent:
            for i, f in enumerate(each.flows):
                row_of[f] = row + len(each.flows) * each.classes.of + i
            row += each.rows
            units += [units[-1] + len(each.flows) * (c + 1) for c in range(each.classes.count)]
            meets += [int(met.of[s]) for s in each.classes.first]
        for f in intakes.flows:
            row_of[f] = row + intakes.classes.of
            row += intakes.classes.count
        return cls(
            values,
            plain,
            bent,
            intakes,
            row_of,
            np.array(units, np.int64),
            np.array(meets, np.int64),
            np.ascontiguousarray(target.mixing[met.first]),
            np.isin(model.states, model.exposed_to).astype(np.int64),
            np.array([np.isin(model.states, model.measure[m].stock) for m in (origin.stock, origin.engaged)], np.int64),
        )
