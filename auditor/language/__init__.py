"""The rule language: expressions in Python's syntax, checked against the facts' types, compiled to plain Python.

Modules are imported one by one: a rule that was compiled beforehand needs neither parser nor checker.
"""
