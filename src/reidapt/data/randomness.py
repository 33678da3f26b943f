"""Where loading takes its randomness from: pure functions of (seed, stream, step), so resuming needs only a number."""

from __future__ import annotations

import hashlib

import numpy as np
import torch


def _key(seed: int, stream: str, step: int) -> bytes:
    return hashlib.sha256(f"{int(seed)}/{int(step)}/{stream}".encode()).digest()


def generator(seed: int, stream: str, step: int) -> torch.Generator:
    """A fresh CPU generator for one step of one stream ("source", "target", ...), the same for equal arguments.

    PyTorch's CPU generator uses 32 bits of its seed, so two of many thousand steps may share their draws.
    """
    return torch.Generator().manual_seed(int.from_bytes(_key(seed, stream, step)[:8], "little") >> 1)


def numpy_generator(seed: int, stream: str, step: int) -> np.random.Generator:
    """A fresh numpy generator for one step of one stream, the same for equal arguments."""
    return np.random.Generator(np.random.Philox(int.from_bytes(_key(seed, stream, step), "little")))
