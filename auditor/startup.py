"""What a start does without: what libraries import and a run does not use, and in a wheel whatever was made beforehand.

click imports `inspect` for help texts of several lines and for generators, of which we have none, `pathlib` what URLs and Windows need, and
msgspec `textwrap` and `uuid`, which imports `platform`; it takes from `typing_extensions` what `typing` has had since Python 3.11.
"""

from __future__ import annotations

import _thread  # `threading` is loaded later, if at all
import sys
from functools import cache
from importlib import import_module
from importlib.machinery import PathFinder
from types import ModuleType
from typing import Any

_LOCK = _thread.RLock()
_loading: set[str] = set()  # modules that are being loaded, which import one another


class _Deferred(ModuleType):
    """A module that is loaded when something of it is first used. (The standard library's `LazyLoader` loads it at the second import.)"""

    def __getattr__(self, name: str) -> Any:
        spec = self.__spec__
        assert spec is not None
        assert spec.loader is not None
        with _LOCK:  # of two threads the second waits for the first, as imports do
            if self.__class__ is _Deferred and spec.name not in _loading:
                _loading.add(spec.name)
                try:
                    spec.loader.exec_module(self)
                    self.__class__ = ModuleType  # type: ignore[assignment]  # as `importlib.util` does
                finally:
                    _loading.discard(spec.name)
        try:
            return vars(self)[name]
        except KeyError:
            raise AttributeError(f"module {spec.name!r} has no attribute {name!r}") from None


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
