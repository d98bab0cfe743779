"""The seeds of the fuzzer, which are also what it found once: no harness raises at any of them. `make fuzz` goes on from there."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

SEEDS = sorted((Path(__file__).parent / "fuzz" / "seeds").glob("*/*"))


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: f"{seed.parent.name}/{seed.name}")
def test_no_harness_raises_at_a_seed(seed: Path) -> None:
    import_module(f"tests.fuzz.{seed.parent.name}").take(seed.read_bytes())


def test_every_harness_has_seeds() -> None:
    harnesses = {path.stem for path in (Path(__file__).parent / "fuzz").glob("[!_]*.py")}
    assert {seed.parent.name for seed in SEEDS} == harnesses == {"reader", "snapshot", "page"}
