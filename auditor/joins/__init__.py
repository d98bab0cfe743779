"""Documents -> facts: what belongs to what."""

from auditor.joins.joiner import Joiner, read_twice, worlds
from auditor.joins.known import REMEDIES
from auditor.joins.world import World

__all__ = ["REMEDIES", "Joiner", "World", "read_twice", "worlds"]
