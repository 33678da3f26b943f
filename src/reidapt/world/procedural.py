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
def scatter(h: wp.uint32) -> float:
    """A number in 0..1 for a lattice point's key."""
    h = (h ^ (h >> wp.uint32(16))) * wp.uint32(0x2C1B3C6D)
    h = (h ^ (h >> wp.uint32(13))) * wp.uint32(0x297A2D39)
    return float(h >> wp.uint32(8)) * 5.9604645e-8


@wp.func
def noise(x: float, y: float, seed: int) -> float:
    """Value noise in [0, 1] with cells of size 1."""
    px = wp.floor(x)
    py = wp.floor(y)
    fx = x - px
    fy = y - py
    fx = fx * fx * (3.0 - 2.0 * fx)
    fy = fy * fy * (3.0 - 2.0 * fy)
    left = wp.uint32(int(px)) * wp.uint32(-2048144789)  # 0x85EBCA6B
    right = left + wp.uint32(-2048144789)
    top = (wp.uint32(int(py)) * wp.uint32(-1028477387)) ^ (wp.uint32(seed) * wp.uint32(0x27D4EB2F))  # 0xC2B2AE35
    bottom = ((wp.uint32(int(py)) + wp.uint32(1)) * wp.uint32(-1028477387)) ^ (wp.uint32(seed) * wp.uint32(0x27D4EB2F))
    a = scatter(left ^ top)
    b = scatter(right ^ top)
    c = scatter(left ^ bottom)
    d = scatter(right ^ bottom)
    upper = a + (b - a) * fx
    return upper + (c + (d - c) * fx - upper) * fy


@wp.func
def wrap(x: float) -> float:
    return x - wp.floor(x)
