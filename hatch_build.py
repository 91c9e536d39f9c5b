"""What is packed: the files that git tracks, so that a draft beside them never gets into a release.

`only-include` of pyproject.toml says which folders; a wheel made from an sdist, where there is no git, takes what is
there, which is what was tracked.
"""

import re
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class TrackedFilesHook(BuildHookInterface):  # type: ignore[type-arg]
    """Excludes from a wheel or an sdist what git does not track; an editable install packs nothing."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Add what is not tracked to the patterns of what is left out."""
        if version != "editable" and (Path(self.root) / ".git").exists():
            self.build_config.target_config["exclude"] = [_pattern(path) for path in untracked(self.root)]


def untracked(root: str) -> list[str]:
    """Return the files of a checkout that git does not track, and folders of such files alone, which end with /."""
    command = ["git", "ls-files", "--others", "--directory", "-z"]
    done = subprocess.run(command, cwd=root, capture_output=True, encoding="utf-8", check=False)
    if done.returncode:
        raise RuntimeError(f"git cannot say which files are tracked, so nothing is packed: {done.stderr.strip()}")
    return [path for path in done.stdout.split("\0") if path]


def _pattern(path: str) -> str:
    return "/" + re.sub(r"([\\*?\[\] ])", r"\\\1", path)
