"""Tests see a plain terminal, whatever the machine that runs them says."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "CI", "GITHUB_ACTIONS", "TF_BUILD", "COLUMNS"):
        monkeypatch.delenv(name, raising=False)
