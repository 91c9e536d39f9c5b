"""The command `mobank`; a user's mistake gets one clear message and exit code 2.

Here stands how it begins and ends, so that a request to end is answered before anything else is loaded.
"""

import sys
from collections.abc import Callable

from mobank.base.errors import MobankError
from mobank.base.machine import one_thread_for_matrices
from mobank.base.signals import answered, asked, stopped
from mobank.cli.output import any_output, visible


def main() -> None:
    """Run the command; an error of ours becomes its message on stderr and its exit code; SIGTERM ends it as Ctrl-C."""
    with answered(), any_output():
        code = _code_of(_run) or _code_of(sys.stdout.flush)
    sys.exit(code)


def _run() -> None:
    one_thread_for_matrices()
    from mobank.cli.app import command

    command()


def _code_of(action: Callable[[], object]) -> int:
    """Do something and return the exit code; what went wrong is said among the errors."""
    try:
        action()
    except BaseException as error:
        if asked():
            _say(stopped())
            return asked()
        if isinstance(error, MobankError):
            _say(str(error))
            return error.exit_code
        if isinstance(error, SystemExit):
            return error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        raise
    return asked()


def _say(text: str) -> None:
    print(visible(text), file=sys.stderr, flush=True)
