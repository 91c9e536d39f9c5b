"""
Peer packages, each in an environment of its own, doing the jobs of `jobs.py` for comparison.

A peer is two files beside this one: `<peer>.txt`, the packages its environment holds, and `<peer>.py`, the
job written as fast as that peer's own documentation and code allow. ``measure("pysd", "--repeats", "1")``
times one repeat, so a benchmark can alternate its own repeats with a peer's and both meet the same noise of
the machine. Standard library only: this package is imported inside the peers' environments too.
"""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
ENVIRONMENTS = FOLDER.parents[2] / ".benchmarks"
PEERS = tuple(sorted(file.stem for file in FOLDER.glob("*.txt")))


class PeerUnavailableError(RuntimeError):
    """A peer that cannot be measured here: which one, at what stage, and the tool's own last words."""

    def __init__(self, peer: str, stage: str, reason: str) -> None:
        super().__init__(f"{peer}: cannot {stage}: {reason}")
        self.peer, self.stage, self.reason = peer, stage, reason


def build(peer: str) -> Path:
    """
    The Python of a peer's environment, made once, and anew when `<peer>.txt` or our Python changes.

    Parameters
    ----------
    peer : str
        One of `PEERS`.

    Returns
    -------
    Path
        The environment's interpreter.

    Raises
    ------
    PeerUnavailableError
        Where there is no such peer, or its packages cannot be installed: no network, no wheel for this
        Python.
    """
    if peer not in PEERS:
        raise PeerUnavailableError(peer, "find the peer", f"it is none of {', '.join(PEERS)}")
    home = ENVIRONMENTS / peer
    python, stamp = home / "bin" / "python", home / "built-from"
    if not stamp.exists() or stamp.read_text() != _origin(peer):
        shutil.rmtree(home, ignore_errors=True)
        _call(peer, "make an environment", [sys.executable, "-m", "venv", str(home)])
        _call(peer, "install", [str(python), "-m", "pip", "install", "-q", "-r", str(FOLDER / f"{peer}.txt")])
        stamp.write_text(_origin(peer))  # last, so that a build that was broken off is begun again
    return python


def measure(peer: str, *args: str) -> dict:
    """
    What a peer needed for its job: the one line of JSON that its script prints, as a dictionary.

    Parameters
    ----------
    peer : str
        One of `PEERS`.
    *args : str
        Options of the peer's script, such as ``"--repeats", "5"`` or ``"--way", "scenarios"``.

    Returns
    -------
    dict
        ``peer``, ``version``, ``job``, ``way``, ``units`` (parameter sets, replicates or agents);
        ``wall_s`` and ``cpu_s``, seconds, one a repeat; ``prepare_s``, seconds of set-up, not in
        ``wall_s``, one a repeat; ``totals``, persons by state at the end; ``error``, how far the peer was
        from an independent computation (the script fails where that is too far to be the same job).

    Raises
    ------
    PeerUnavailableError
        Where the peer cannot be built, or its script failed.
    """
    python = build(peer)
    said = _call(peer, "run its job", [str(python), "-m", f"peers.{peer}", *args], cwd=ENVIRONMENTS / peer)
    return json.loads(said.splitlines()[-1])


def _origin(peer: str) -> str:
    digest = hashlib.sha256((FOLDER / f"{peer}.txt").read_bytes()).hexdigest()
    return f"{digest} {sys.version}"


def _call(peer: str, stage: str, command: list[str], cwd: Path | None = None) -> str:
    variables = os.environ | {"PYTHONPATH": str(FOLDER.parent), "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, text=True, check=False)
    if done.returncode:
        raise PeerUnavailableError(peer, stage, _last_words(done.stderr) or f"exit code {done.returncode}")
    return done.stdout


def _last_words(stderr: str) -> str:
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith("ERROR")]
    return (errors or lines or [""])[-1]
