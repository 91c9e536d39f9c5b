"""What a result depends on beside its inputs: the code and the libraries that made it."""

import subprocess
from functools import cache
from hashlib import blake2b

from mobank.base.workspace import PACKAGE

BY_NAME = ("mobank", "numpy", "scipy", "numba", "llvmlite", "simpy", "PyYAML", "pyarrow", "matplotlib", "pillow",
           "jinja2")  # fmt: skip


@cache
def code_digest() -> str:
    """Return a digest of mobank's own source, so that a folder is never reused across a change of the code."""
    digest = blake2b(digest_size=16)
    root = PACKAGE
    for path in sorted(path for kind in ("*.py", "*.j2", "*.css") for path in root.rglob(kind)):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def git_commit() -> str:
    """Return the commit that mobank's source is checked out at; "" where it is no checkout.

    It tells people where to look; what a run depends on is the digest of the code, changed or not.
    """
    root = PACKAGE.parents[1]
    if not (root / ".git").exists():
        return ""
    try:
        done = subprocess.run(["git", "-C", str(root), "rev-parse", "HEAD"], capture_output=True, text=True,
                              check=False, timeout=5)  # fmt: skip
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
