"""A fake Microsoft Graph with its authority, over TLS on loopback, that refuses what the real one refuses."""

from tests.fake_graph.data import made_up
from tests.fake_graph.graph import FakeGraph
from tests.fake_graph.message import Request

__all__ = ["FakeGraph", "Request", "made_up"]
