"""The rule language: expressions in Python's syntax, checked against the facts' types, compiled to plain Python."""

from __future__ import annotations

from auditor.language.calls import FUNCTIONS
from auditor.language.checker import Checker
from auditor.language.fix import BUILTINS as FIX_BUILTINS
from auditor.language.fix import Fix
from auditor.language.logic import BUILTINS, PRESUMED, Choice, Env, Likely
from auditor.language.message import BUILTINS as MESSAGE_BUILTINS
from auditor.language.message import Message
from auditor.language.nodes import Node, PartlyKnown, Read, inverse, joined, located, mentions, severity_node, unknowns, variable
from auditor.language.program import Conditions, Found, Program
from auditor.language.types import BOOL, DATE, DURATION, INT, SEVERITY, TEXT, Type, type_of

__all__ = [
    "BOOL",
    "BUILTINS",
    "DATE",
    "DURATION",
    "FIX_BUILTINS",
    "FUNCTIONS",
    "INT",
    "MESSAGE_BUILTINS",
    "PRESUMED",
    "SEVERITY",
    "TEXT",
    "Checker",
    "Choice",
    "Conditions",
    "Env",
    "Fix",
    "Found",
    "Likely",
    "Message",
    "Node",
    "PartlyKnown",
    "Program",
    "Read",
    "Type",
    "inverse",
    "joined",
    "located",
    "mentions",
    "severity_node",
    "type_of",
    "unknowns",
    "variable",
]  # fmt: skip
