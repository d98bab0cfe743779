"""Makes `tests` importable from its own modules, wherever pytest is started."""
