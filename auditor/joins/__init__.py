"""Documents -> facts: what belongs to what."""

from auditor.joins.world import REMEDIES, Joiner, World, read_twice, worlds

__all__ = ["REMEDIES", "Joiner", "World", "read_twice", "worlds"]
