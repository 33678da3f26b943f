"""warp functions of what people show in every modality: the patterns and folds of cloth, and faces."""
# mypy: ignore-errors
# ruff: noqa: SIM102

from __future__ import annotations

import warp as wp

from reidapt.world.procedural import hash2, noise, wrap

wp.set_module_options({"enable_backward": False, "fast_math": False})


@wp.func
def pattern(palette: wp.array3d(dtype=float), p: int, m: int, u: float, v: float, back: float) -> wp.vec4:
    """How much of a garment's base, second and third colour and of what is under it shows at `u`, `v` metres.

    `back` > 0.5 on the wearer's back. The shares of seams and worn places do not sum to 1.
    """
    kind = int(palette[p, m, 9])
    front = int(palette[p, m, 11])
    w = wp.vec4(1.0, 0.0, 0.0, 0.0)
    second = wp.vec4(0.0, 1.0, 0.0, 0.0)
    third = wp.vec4(0.0, 0.0, 1.0, 0.0)
    phase = palette[p, m, 16]
    seed = int(phase * 1000.0)
    if kind > 0:
        period = wp.max(palette[p, m, 10], 0.01)
        if kind == 1:
            if wrap(v / period) < 0.25 + 0.25 * wrap(phase):
                w = second
        elif kind == 2:
            if wrap(u / period) < 0.22:
                w = wp.vec4(0.5, 0.5, 0.0, 0.0)
        elif kind == 3:
            a = wrap(u / period)
            b = wrap(v / period)
            wide = 0.0
            if a < 0.42:
                wide = wide + 0.5
            if b < 0.42:
                wide = wide + 0.5
            w = wp.vec4(1.0 - wide, wide, 0.0, 0.0)
            if wp.abs(a - 0.7) < 0.05 or wp.abs(b - 0.7) < 0.05:
                w = third * 0.7 + w * 0.3
        elif kind == 4:
            if v > period:
                w = second
                if v > period + 0.10 and wrap(phase * 3.0) < 0.4:
                    w = third
        elif kind == 5:
            if noise(u * 14.0 + phase, v * 14.0, seed) > 0.60:
                w = second
            elif noise(u * 25.0 - phase, v * 25.0, seed + 7) > 0.70:
                w = third
        elif kind == 6:
            w = w * (0.70 + 0.6 * noise(u * 60.0, v * 25.0, seed))
        elif kind == 7:
            n = 0.65 * noise(u * 9.0, v * 7.0, seed) + 0.35 * noise(u * 20.0, v * 18.0, seed + 3)
            if n > 0.60:
                w = wp.vec4(0.1, 0.6, 0.0, 0.0)
            elif n < 0.40:
                w = w * 0.45
        elif kind == 8:
            a = wrap(u / period) - 0.5
            b = wrap(v / period + 0.5 * wp.floor(u / period)) - 0.5
            if a * a + b * b < 0.06:
                w = second
        elif kind == 9:  # from the top's colour to the hem's
            share = wp.clamp((v - 0.12) / period, 0.0, 1.0)
            w = wp.vec4(1.0 - share, share, 0.0, 0.0)
    if back < 0.5:
        if front == 1:  # small mark on the chest
            if wp.abs(u - 0.075) < 0.035 and wp.abs(v - 0.21) < 0.03:
                w = second
        elif front == 5:  # printed picture
            du = u / 0.13
            dv = (v - 0.30) / (0.09 + 0.06 * wrap(phase))
            if du * du * du * du + dv * dv * dv * dv < 1.0:
                w = second
                if noise(u * 30.0 + phase, v * 30.0, seed + 5) > 0.55:
                    w = third
        elif front == 2:  # open: what is worn under it
            opening = 0.030 + 0.055 * wrap(phase * 7.0) + 0.05 * wp.max(v - 0.35, 0.0)
            if v < 0.30:
                opening = opening * (0.75 + 0.8 * wp.max(0.22 - v, 0.0))
            if wp.abs(u) < opening:
                w = wp.vec4(0.0, 0.0, 0.0, 1.0)
                if palette[p, m, 23] > 0.5 and wrap(v / 0.06) < 0.4:
                    w = w * 0.45
            elif wp.abs(u) < opening + 0.012:
                w = w * 0.55
        elif front == 3:
            if wp.abs(u) < 0.008:
                w = w * 0.35 + second * 0.25
        elif front == 4:
            if wp.abs(u) < 0.016:
                w = w * 0.82
                if wrap(v / 0.085) < 0.16:
                    w = w * 0.4 + second * 0.4
    elif palette[p, m, 12] > 0.5 and palette[p, m, 12] < 1.5 and (front == 5 or front == 1):
        if wp.abs(v - 0.26) < 0.06:
            if noise(u * 26.0 + phase, v * 26.0, seed + 9) > 0.4:
                w = second
    if palette[p, m, 13] > 0.5:
        if v > palette[p, m, 18] - 0.045:
            w = second
    if palette[p, m, 12] > 1.5:  # denim worn at the thighs
        across = (v - 0.40) / 0.20
        fade = wp.exp(-across * across) * wp.max(0.0, 1.0 - back * 1.4)
        w = w * ((0.92 + 0.45 * fade) * (0.93 + 0.14 * noise(u * 50.0, v * 14.0, seed)))
    if palette[p, m, 14] > 0.5:
        if wp.abs(wp.abs(u) - 0.125) < 0.014:
            w = second
    return w


@wp.func
def slope(x: float, y: float, seed: int) -> wp.vec3:
    """Value noise in [0, 1] with cells of size 1, and its two derivatives."""
    ix = int(wp.floor(x))
    iy = int(wp.floor(y))
    fx = x - float(ix)
    fy = y - float(iy)
    sx = fx * fx * (3.0 - 2.0 * fx)
    sy = fy * fy * (3.0 - 2.0 * fy)
    a = hash2(ix, iy, seed)
    b = hash2(ix + 1, iy, seed) - a
    c = hash2(ix, iy + 1, seed) - a
    d = hash2(ix + 1, iy + 1, seed) - a - b - c
    return wp.vec3(
        a + b * sx + c * sy + d * sx * sy, 6.0 * fx * (1.0 - fx) * (b + d * sy), 6.0 * fy * (1.0 - fy) * (c + d * sx)
    )


@wp.func
def folds(u: float, v: float, shift: float, seed: int) -> wp.vec3:
    """Height of a garment's folds about 0 (roughly ±1) at `u`, `v` metres, and its two derivatives per metre."""
    f = slope(u * 9.0 + 3.5 * v + shift, v * 4.0 - 2.0 * u, seed)
    g = slope(u * 4.0 - 7.0 * v, v * 10.0 + 5.0 * u + shift, seed + 1)
    ridge = wp.where(g[0] > 0.5, -0.8, 0.8)  # the finer folds have sharp edges
    return wp.vec3(
        1.5 * (f[0] - 0.5) + ridge * (g[0] - 0.5) + 0.2,
        1.5 * (9.0 * f[1] - 2.0 * f[2]) + ridge * (4.0 * g[1] + 5.0 * g[2]),
        1.5 * (3.5 * f[1] + 4.0 * f[2]) + ridge * (10.0 * g[2] - 7.0 * g[1]),
    )


@wp.func
def folded(n: wp.vec3, f: wp.vec3, height: float) -> wp.vec3:
    """Normal `n` tilted by folds `f` of `height` metres; u runs around the body, v downwards."""
    around = wp.normalize(wp.cross(n, wp.vec3(0.01, 0.0, 1.0)))
    down = wp.cross(around, n)
    return wp.normalize(n - height * (f[1] * around + f[2] * down))


@wp.func
def is_cloth(m: int) -> int:
    return wp.where(m == 1 or m == 2 or m == 4, 1, 0)


@wp.func
def bell(x: float, width: float) -> float:
    """Squared distance in units of `width`."""
    return (x / width) * (x / width)


@wp.struct
class Face:
    """Shares of a face's features at one spot, 0..1."""

    eye: float
    brow: float
    socket: float
    mouth: float
    nose: float
    jaw: float


@wp.func
def face(x: float, z: float) -> Face:
    """Features at `x`, `z` metres beside and above the middle of the eyes; all 0 away from a face."""
    f = Face()
    side = wp.abs(x)
    if side < 0.09 and z > -0.14 and z < 0.07:
        f.eye = wp.exp(-(bell(side - 0.031, 0.013) + bell(z + 0.001, 0.008)))
        f.brow = wp.exp(-(bell(side - 0.033, 0.018) + bell(z - 0.021, 0.005)))
        f.socket = wp.exp(-(bell(side - 0.031, 0.022) + bell(z - 0.006, 0.018)))
        f.mouth = wp.exp(-(bell(side, 0.022) + bell(z + 0.068, 0.007)))
        f.nose = wp.exp(-(bell(side, 0.014) + bell(z + 0.044, 0.008)))
        f.jaw = wp.clamp((-0.045 - z) / 0.015, 0.0, 1.0) * wp.clamp((z + 0.125) / 0.01, 0.0, 1.0)
    return f
