"""regaudit: the auditor of Microsoft Entra ID app registrations.

    from auditor import audit
    report = audit("manifests/", select=["credentials"], as_of="2026-01-31")

Names are imported when they are first used: `import auditor` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Finding", "Report", "Severity", "__version__", "audit"]

if TYPE_CHECKING:
    from auditor.engine.finding import Finding, Severity
    from auditor.pipeline import Report, audit

_HOMES = {
    "audit": "auditor.pipeline",
    "Report": "auditor.pipeline",
    "Finding": "auditor.engine.finding",
    "Severity": "auditor.engine.finding",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'auditor' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
