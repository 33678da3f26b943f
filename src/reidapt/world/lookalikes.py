"""Look-alikes: which people dress like somebody else."""

from __future__ import annotations

from reidapt.world.streams import stream

BLOCK = 20
"""People among whom clusters of look-alikes are formed."""


def lookalike_cluster(seed: int, style: str, index: int, share: float) -> int:
    """The cluster of 2..4 look-alikes that a person belongs to, or −1.

    Clusters are runs of neighbouring indices within blocks of `BLOCK` people, of whom about `share` (0..1) are in one.
    """
    block = index // BLOCK
    rng = stream(seed, style, "lookalikes", block)
    left = int(BLOCK * share + rng.random())
    sizes: list[int] = []
    while left >= 2:
        size = min(int(rng.integers(2, 5)), left)
        size = size - 1 if left - size == 1 and size > 2 else size
        sizes.append(size)
        left -= size
    groups = [sizes[k] for k in rng.permutation(len(sizes))]
    order = rng.permutation(len(groups) + BLOCK - sum(groups))
    start = block * BLOCK
    for place in order:
        size = groups[place] if place < len(groups) else 1
        if start <= index < start + size:
            return block * BLOCK + int(place) if size > 1 else -1
        start += size
    return -1
