"""What libraries import and a run does not use is not loaded: of the time of a lone manifest that was a seventh.

click imports `inspect` for help texts of several lines and for generators, of which we have none, `pathlib` what URLs and Windows need, and
msgspec `textwrap` and `uuid`, which imports `platform`; it takes from `typing_extensions` what `typing` has had since Python 3.11.
"""

from __future__ import annotations

import sys
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any


class _Deferred(ModuleType):
    """A module that is loaded when something of it is first used. (The standard library's `LazyLoader` loads it at the second import.)"""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        self.__class__ = ModuleType  # type: ignore[assignment]  # as `importlib.util` does
        assert spec is not None
        assert spec.loader is not None
        spec.loader.exec_module(self)
        return getattr(self, name)


def defer() -> None:
    """Before anything else is imported: from now on imports of some modules of the standard library load them only when they are used."""
    for name in ("inspect", "ipaddress", "textwrap", "ntpath", "fnmatch"):
        _defer(name)
    if sys.version_info < (3, 12) and sys.platform == "linux":
        _defer("platform", system=lambda: "Linux")  # all that `uuid` asks it for, while it is imported


def _defer(name: str, **known: object) -> None:
    """`known`: what can be asked without the module."""
    spec = PathFinder.find_spec(name)
    if name in sys.modules or spec is None or spec.loader is None:
        return
    module = sys.modules[name] = _Deferred(name)
    module.__spec__, module.__loader__, module.__file__ = spec, spec.loader, spec.origin
    vars(module).update(known)


def import_msgspec() -> None:
    """Imports msgspec, which does without `typing_extensions` where there is none; other libraries may still need it."""
    if "msgspec" in sys.modules or "typing_extensions" in sys.modules:
        return
    modules: dict[str, object] = vars(sys)["modules"]
    modules["typing_extensions"] = None  # an import of it raises ImportError
    try:
        import msgspec  # noqa: F401
    finally:
        del modules["typing_extensions"]


@cache
def prepared(module: str) -> ModuleType | None:
    """A module of what was made of the pages when the wheel was built; None in a checkout, which reads its pages anew."""
    try:
        return import_module(f"auditor.prepared.{module}")
    except ModuleNotFoundError as error:
        if error.name != "auditor.prepared":
            raise
        return None
