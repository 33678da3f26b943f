"""The device an option names: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``."""

from __future__ import annotations

import torch

from reidapt import processes
from reidapt.errors import ConfigError


def accelerator(device: str) -> str:
    """Fabric's accelerator for ``--device``."""
    kind = device.split(":")[0]
    number = device.removeprefix(f"{kind}:")
    if kind not in ("auto", "cpu", "cuda") or (device != kind and not (kind == "cuda" and number.isdecimal())):
        raise ConfigError(f"Option 'device' is '{device}'; it must be auto, cpu, cuda or cuda:N.")
    if kind == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    if kind == "cuda" and not torch.cuda.is_available():
        raise ConfigError(f"Option 'device' is '{device}', but PyTorch sees no CUDA device here; use --device cpu.")
    if device != kind and int(number) >= torch.cuda.device_count():
        raise ConfigError(
            f"Option 'device' is '{device}', but there are {torch.cuda.device_count()} CUDA devices, counted from 0."
        )
    return kind


def devices(device: str) -> int | list[int]:
    """Fabric's devices for ``--device``; each of several processes has one of its own."""
    if processes.count() > 1 and accelerator(device) == "cuda":
        return [torch.cuda.current_device()]
    return [int(device.split(":")[1])] if ":" in device else 1


def torch_device(device: str) -> torch.device:
    """PyTorch's device for ``--device``."""
    kind = accelerator(device)
    return torch.device(kind if device == "auto" else device)
