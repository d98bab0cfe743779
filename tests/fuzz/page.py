"""Any bytes as a rule page: it is read, checked and compiled, and its examples are judged."""

from __future__ import annotations

from auditor.diagnose import examples
from auditor.engine import compiled
from auditor.errors import RuleError
from auditor.rulebook import page
from tests.fuzz import file_of


def take(data: bytes) -> None:
    try:
        rule = page.load(file_of(data, "some-rule.md"), "credentials")
        compiled.check(rule)
    except RuleError as error:
        assert str(error)
        return
    for _ in examples.run(rule):
        pass
    compiled._variants.cache_clear()  # a process has a few hundred rules, not millions
