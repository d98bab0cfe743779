"""The build of a wheel: rule pages are checked, and what is made of them goes into the package (docs/decisions/0033)."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class PreparedRules(BuildHookInterface):  # type: ignore[type-arg]
    """Adds `auditor.prepared`. An editable installation has none: there pages are read anew."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        sys.path[:0] = [self.root, str(Path(self.root) / "scripts")]
        import prepare

        self._folder = tempfile.TemporaryDirectory()
        for name, source in prepare.files().items():
            file = Path(self._folder.name) / name
            file.write_text(source, encoding="utf-8", newline="")
            build_data["force_include"][str(file)] = f"auditor/prepared/{name}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        if version != "editable":
            self._folder.cleanup()
