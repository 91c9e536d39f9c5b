"""The output of the command: any text to any terminal, in whatever encoding, be it closed or on a full disk.

While the command is at work its output and its errors go through `AnyOutput`. A character that the encoding lacks is
spelled in another way or replaced; what cannot be written at all ends the command with one sentence, or without any
where the reader has read enough, as in `mobank schema | head`.
"""

import codecs
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from mobank.base.errors import RunError

PLAIN = {
    "–": "-", "—": "-", "−": "-", "‐": "-", "─": "-", "━": "-", "╸": "-", "╺": "-", "…": "...", "·": "*", "•": "*",
    "×": "x", "±": "+/-", "≤": "<=", "≥": ">=", "→": "->", "≈": "~", "“": '"', "”": '"', "‘": "'", "’": "'",
    "¥": "CNY ", "²": "^2", "†": "+", "％": "%", "（": "(", "）": ")", "，": ",", "：": ":", "；": ";", "。": ".",
    "、": ",", "？": "?", "！": "!",
}  # fmt: skip
BLANK = "\t\x85\u2028\u2029"
STEERING = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
NO_READER = 141  # the exit code where a pipe's reader has gone: 128 and SIGPIPE, which ends other tools there
LACKING = "mobank.lacking"  # the name of our handler of characters that an encoding lacks


def _lacking(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(PLAIN.get(each, "?") for each in error.object[error.start : error.end]), error.end


codecs.register_error(LACKING, _lacking)


def readable(text: str) -> str:
    r"""Return a text of which every part can be written as UTF-8: bytes of file names that are no text are read as it.

    Examples
    --------
    >>> readable("\udce4\udcb8\udc87.yaml")
    '万.yaml'
    """
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")


def spelled(text: str, encoding: str) -> str:
    """Return a text as an encoding can hold it: near signs for signs that it lacks, "?" for other characters.

    Examples
    --------
    >>> spelled("≤ 0.5 % – 万", "ascii")
    '<= 0.5 % - ?'
    """
    return text if text.isascii() else readable(text).encode(encoding, LACKING).decode(encoding)


def visible(text: str) -> str:
    r"""Return a text without characters that would steer a terminal or turn its direction; line breaks stay.

    Examples
    --------
    >>> visible("a\tc\x1b[31m\n") == "a c\N{REPLACEMENT CHARACTER}[31m\n"
    True
    """
    return text if text.isprintable() else STEERING.sub(lambda found: " " if found[0] in BLANK else "\ufffd", text)


class _Closed:
    def write(self, text: str) -> None:
        raise OSError(None, "it is closed")


class AnyOutput:
    """A stream that takes any text.

    Parameters
    ----------
    stream : what it writes to; None if it is closed.
    name : what a person calls it, in the sentence where it cannot be written; "" where that passes in silence.
    """

    errors = LACKING

    def __init__(self, stream: Any, name: str) -> None:
        self._stream, self._name, self._lost = stream, name, False

    def __getattr__(self, name: str) -> Any:
        if name == "buffer":  # who writes to it has another encoding in mind
            raise AttributeError(name)
        return getattr(self._stream, name)

    @property
    def encoding(self) -> str:
        """The encoding of the stream."""
        return getattr(self._stream, "encoding", None) or "utf-8"

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self._stream is not None and bool(self._stream.isatty())

    def write(self, text: str) -> int:
        """Write a text, spelled as the encoding can hold it.

        Raises
        ------
        RunError
            If it cannot be written; what comes after is dropped.
        SystemExit
            If nobody reads it any more.
        """
        if not isinstance(text, str):
            raise TypeError("a text is wanted")  # others try with bytes what kind of stream this is
        if text and not self._lost:
            fit = spelled(text, self.encoding)
            self._attempt(lambda: (self._stream or _Closed()).write(fit))
        return len(text)

    def flush(self) -> None:
        """Write what is waiting; fails as `write` does."""
        if self._stream is not None and not self._lost:
            self._attempt(self._stream.flush)

    def _attempt(self, action: Callable[[], object]) -> None:
        try:
            action()
        except (OSError, ValueError) as error:
            self._lost = True
            _abandon(self._stream)
            if self._name and isinstance(error, BrokenPipeError):
                raise SystemExit(NO_READER) from None
            if self._name:
                why = getattr(error, "strerror", None) or str(error)
                raise RunError(f"{self._name} could not be written: {why}") from None


def _abandon(stream: Any) -> None:
    """Let what still waits in a stream that cannot be written go nowhere, so that nobody fails at the end."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextmanager
def any_output() -> Iterator[None]:
    """Let output and errors of the command take any text; closed ones are no file that is opened later."""
    before = sys.stdout, sys.stderr
    if None in before:
        while (opened := os.open(os.devnull, os.O_RDWR)) <= 2:  # 0, 1, 2: the standard streams
            pass
        os.close(opened)
    sys.stdout, sys.stderr = AnyOutput(before[0], "standard output"), AnyOutput(before[1], "")
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before
