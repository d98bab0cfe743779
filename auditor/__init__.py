"""regaudit: the auditor of Microsoft Entra ID app registrations.

    from auditor import Severity, audit
    report = audit("manifests/", select=["credentials"], as_of="2026-01-31")
    urgent = [finding for finding in report.findings if finding.severity >= Severity.high]

Names are imported when they are first used: `import auditor` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"
__all__ = ["Certainty", "Finding", "Report", "Severity", "Status", "__version__", "audit"]

if TYPE_CHECKING:
    from auditor.engine.finding import Finding
    from auditor.pipeline import audit
    from auditor.results import Report
    from auditor.severity import Certainty, Severity, Status

_HOMES = {
    "audit": "auditor.pipeline", "Report": "auditor.results",
    "Finding": "auditor.engine.finding", "Certainty": "auditor.severity", "Severity": "auditor.severity", "Status": "auditor.severity",
}  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'auditor' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
