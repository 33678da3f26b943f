"""Noise that the warp kernels share."""
# mypy: ignore-errors

from __future__ import annotations

import warp as wp

wp.set_module_options({"enable_backward": False, "fast_math": False})


@wp.func
def hash2(x: int, y: int, seed: int) -> float:
    h = (
        wp.uint32(x) * wp.uint32(-2048144789)  # 0x85EBCA6B; the compiler wants literals that fit 32 signed bits
        ^ wp.uint32(y) * wp.uint32(-1028477387)  # 0xC2B2AE35
        ^ wp.uint32(seed) * wp.uint32(0x27D4EB2F)
    )
    h = (h ^ (h >> wp.uint32(15))) * wp.uint32(0x2C1B3C6D)
    h = (h ^ (h >> wp.uint32(12))) * wp.uint32(0x297A2D39)
    h = h ^ (h >> wp.uint32(15))
    return float(h >> wp.uint32(8)) / 16777216.0


@wp.func
def noise(x: float, y: float, seed: int) -> float:
    """Value noise in [0, 1] with cells of size 1."""
    ix = int(wp.floor(x))
    iy = int(wp.floor(y))
    fx = x - float(ix)
    fy = y - float(iy)
    fx = fx * fx * (3.0 - 2.0 * fx)
    fy = fy * fy * (3.0 - 2.0 * fy)
    a = hash2(ix, iy, seed)
    b = hash2(ix + 1, iy, seed)
    c = hash2(ix, iy + 1, seed)
    d = hash2(ix + 1, iy + 1, seed)
    return (a * (1.0 - fx) + b * fx) * (1.0 - fy) + (c * (1.0 - fx) + d * fx) * fy


@wp.func
def wrap(x: float) -> float:
    return x - wp.floor(x)
