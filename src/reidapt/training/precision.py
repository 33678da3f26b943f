"""The arithmetic of a training: bfloat16 autocast where the hardware multiplies it natively."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import lightning
import torch

from reidapt.methods import RunConfig
from reidapt.models.narrow import NarrowConvolutions
from reidapt.training.device import accelerator
from reidapt.training.run import cpu


def precision(config: RunConfig) -> Any:
    """Fabric's precision: bfloat16 autocast where asked for, or where the hardware multiplies it natively."""
    if config.precision == "auto":
        if accelerator(config.device) == "cuda":
            return "bf16-mixed" if torch.cuda.is_bf16_supported() else "32-true"
        return "bf16-mixed" if native_bfloat16() else "32-true"
    return "bf16-mixed" if config.precision == "bfloat16" else "32-true"


def native_bfloat16() -> bool:
    """Whether this CPU multiplies bfloat16 in hardware (AVX-512 BF16 or AMX)."""
    return not {"amx_bf16", "avx512_bf16"}.isdisjoint(cpu()[1])


@contextmanager
def autocast(fabric: lightning.Fabric) -> Iterator[None]:
    """Fabric's autocast, with narrow convolutions as matrix products on a CPU."""
    with fabric.autocast(), NarrowConvolutions() if fabric.device.type == "cpu" else nullcontext():
        yield
