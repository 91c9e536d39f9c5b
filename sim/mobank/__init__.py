"""mobank: how many people will be registered for a bank's mobile banking, how many use it, and how sure are we?

>>> import mobank as mb
>>> run = mb.run("baseline", draws=200)
>>> run.quantiles("mau").where(month="2025-12")  # doctest: +SKIP

What is named in `__all__` is public and described in docs/api.md; everything else may change. Names are loaded when
they are first used, so that the import itself is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mobank.api.comparison import Comparison, compare
    from mobank.api.folders import open_folder as open  # noqa: A004 here it opens what mobank wrote
    from mobank.api.posterior import Posterior, calibrate, posterior
    from mobank.api.run import Run, run
    from mobank.api.scenario import LoadedScenario as Scenario
    from mobank.api.scenario import check, load
    from mobank.api.table import Table
    from mobank.base.errors import InputError, MobankError, Place, Problem, RunError
    from mobank.base.quantities import Month
    from mobank.ensemble.questions import Answer

__all__ = ["Answer", "Comparison", "InputError", "MobankError", "Month", "Place", "Posterior", "Problem", "Run",
           "RunError", "Scenario", "Table", "calibrate", "check", "compare", "load", "open", "posterior",
           "run"]  # fmt: skip

_HOMES = {
    "Answer": "ensemble.questions", "Comparison": "api.comparison", "InputError": "base.errors",
    "MobankError": "base.errors", "Month": "base.quantities", "Place": "base.errors", "Posterior": "api.posterior",
    "Problem": "base.errors", "Run": "api.run", "RunError": "base.errors", "Scenario": "api.scenario",
    "Table": "api.table", "calibrate": "api.posterior", "check": "api.scenario", "compare": "api.comparison",
    "load": "api.scenario", "open": "api.folders", "posterior": "api.posterior", "run": "api.run",
}  # fmt: skip
_OTHERWISE = {"Scenario": "LoadedScenario", "open": "open_folder"}  # where the public name is not the module's

if not TYPE_CHECKING:  # a checker would take any name for one of ours

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module 'mobank' has no attribute {name!r}")
        found = getattr(import_module(f"mobank.{_HOMES[name]}"), _OTHERWISE.get(name, name))
        globals()[name] = found
        return found


def __dir__() -> list[str]:
    return __all__
