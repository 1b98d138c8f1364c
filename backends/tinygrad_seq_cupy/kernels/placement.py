"""Which way a recurrence goes: by clusters, by a grid whose blocks meet, or step by step. Decided here alone.

Clusters come first: their barrier is the cheapest. What decides is whether the weights fit on the chip beside the
vectors of a step. `LARGEST` and the order are the cost model's prediction; nothing of it has been measured on a GPU.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import NamedTuple

from .device import CLUSTER, Chip

__all__ = ["WIDE", "WIDTH", "Plan", "Recurrence", "placed", "way"]

WIDTH = 256  # threads of a block that keeps weights
WIDE = 4  # columns that a thread multiplies with the same rows, as in group.cuh
TILE = 4  # rows that it multiplies with the same weights, at most
SLICES = 16  # parts in which a product is summed up, at most
LARGEST = 700_000  # products that a block can do while launches of a step would be waited for, some 6 us

Recurrence = tuple[tuple[int, int], ...]  # the products of a step, (K, N) each, as multiples of H


class Plan(NamedTuple):
    """How a recurrence is spread over blocks.

    Attributes:
        is_cluster: whether its blocks meet on the chip; else through the GPU's memory.
        groups: each has some rows of the batch, and all weights.
        blocks: of a group; each has some units.
        rows: of a group.
        units: of a block.
        tile: rows that a thread multiplies with the same weights.
        slices: parts in which a product is summed up.
        numbers: on the chip, of a block.
    """

    is_cluster: bool
    groups: int
    blocks: int
    rows: int
    units: int
    tile: int
    slices: int
    numbers: int

    @property
    def options(self) -> tuple[str, ...]:
        """What the kernel is compiled with."""
        return (f"-DTHREADS={WIDTH}", f"-DTILE={self.tile}", *([f"-DCLUSTER={CLUSTER}"] if self.is_cluster else []))


def placed(chip: Chip, recurrence: Recurrence, B: int, H: int, itemsize: int) -> Plan | None:
    """Return how a recurrence is spread over the chip, None where it goes step by step."""
    if not (recurrence and B and H):
        return None
    for plan in (by_cluster(chip, recurrence, B, H, itemsize), by_grid(chip, recurrence, B, H, itemsize)):
        if plan is not None and work(chip, recurrence, plan, H) <= LARGEST:
            return plan
    return None


def by_cluster(chip: Chip, recurrence: Recurrence, B: int, H: int, itemsize: int) -> Plan | None:
    """Return a plan by clusters of blocks: as few rows each as let all run at once, fewer where no more fit."""
    if chip.capability < 90 or chip.multiprocessors < CLUSTER:
        return None
    for rows in range(-(-B // (chip.multiprocessors // CLUSTER)), 0, -1):
        plan = spread(True, recurrence, -(-B // rows), CLUSTER, rows, H)
        if plan.numbers * itemsize <= chip.memory:
            return plan
    return None


def by_grid(chip: Chip, recurrence: Recurrence, B: int, H: int, itemsize: int) -> Plan | None:
    """Return a plan by groups of blocks that all run at once: as few blocks a group as hold the weights.

    Then the groups are as many as can be, with few rows each; blocks that are left over share the units.
    """
    if chip.capability < 70:
        return None
    for fewest in range(1, min(chip.multiprocessors, H) + 1):
        rows = -(-B // min(B, chip.multiprocessors // fewest))
        groups = -(-B // rows)
        units = max(-(-H // (chip.multiprocessors // groups)), min(H, WIDE))
        for blocks in (-(-H // units), fewest):
            plan = spread(False, recurrence, groups, blocks, rows, H)
            if plan.numbers * itemsize <= chip.memory:
                return plan
    return None


def spread(is_cluster: bool, recurrence: Recurrence, groups: int, blocks: int, rows: int, H: int) -> Plan:
    """Return a plan with its room on the chip: the weights, the two vectors of a cluster, and the sums of a product."""
    units, tile = -(-H // blocks), min(rows, TILE)
    widths = [padded(N * units) for _, N in recurrence]
    tasks = max(widths) // WIDE * -(-rows // tile)
    slices = max(min(WIDTH // tasks, SLICES, H), 1)
    weights = sum(K * H * width for (K, _), width in zip(recurrence, widths, strict=True))
    vectors = padded(2 * rows * H * max(K for K, _ in recurrence)) if is_cluster else 0
    numbers = weights + vectors + slices * rows * max(widths)
    return Plan(is_cluster, groups, blocks, rows, units, tile, slices, numbers)


def padded(n: int) -> int:
    """Return n, up to the next multiple of WIDE."""
    return -(-n // WIDE) * WIDE


def work(chip: Chip, recurrence: Recurrence, plan: Plan, H: int) -> int:
    """Return the products that a multiprocessor does in a step, one group after the other where not all run at once."""
    at_once = chip.multiprocessors // plan.blocks
    return -(-plan.groups // at_once) * plan.rows * plan.units * H * sum(K * N for K, N in recurrence)


def way(chip: Chip, recurrence: Recurrence, H: int, itemsize: int) -> str:
    """Return which way a recurrence of H units goes on this chip, up to which batch, and why."""
    plan = placed(chip, recurrence, 1, H, itemsize)
    if not recurrence:
        why = "no kernel keeps the weights of its two products"
    elif plan is None and chip.capability < 70:
        why = "blocks cannot wait for each other below compute capability 7.0"
    elif plan is None:
        why = f"W_hh of {H} units does not fit on {chip.multiprocessors} multiprocessors"
    else:
        by = f"clusters of {CLUSTER} blocks" if plan.is_cluster else "a grid of blocks that meet"
        return f"in one launch by {by}, with W_hh on the chip, for up to {largest(chip, recurrence, H, itemsize)} rows"
    return f"step by step, since {why}"


def largest(chip: Chip, recurrence: Recurrence, H: int, itemsize: int) -> int:
    """Return the largest batch that does not go step by step."""
    return bisect_left(range(1, 1 << 20), True, key=lambda B: placed(chip, recurrence, B, H, itemsize) is None)
