"""warp functions of places: a primitive's own axes, and where a ray meets it."""
# mypy: ignore-errors
# ruff: noqa: UP018, SIM102

from __future__ import annotations

import warp as wp

from reidapt.world.procedural import noise, wrap

wp.set_module_options({"enable_backward": False, "fast_math": False})

FAR = wp.constant(1.0e9)
"""Distance of a miss."""


@wp.func
def at(table: wp.array2d(dtype=float), i: int, k: int) -> wp.vec3:
    return wp.vec3(table[i, k], table[i, k + 1], table[i, k + 2])


@wp.func
def into(prims: wp.array2d(dtype=float), i: int, q: wp.vec3) -> wp.vec3:
    """A direction of the world in primitive i's own axes: turned about the vertical, then sheared upright."""
    x = prims[i, 7] * q[0] + prims[i, 8] * q[1]
    y = -prims[i, 8] * q[0] + prims[i, 7] * q[1]
    return wp.vec3(x, y, q[2] - prims[i, 19] * y - prims[i, 20] * x)


@wp.func
def holes(kind: int, l: wp.vec3, h: wp.vec3, period: float, seed: int) -> bool:
    """Whether a ring, a row of bars or foliage is open at `l`."""
    if kind == 3:  # a wheel: rim and spokes
        r = wp.length(wp.vec2(l[0] / h[0], l[2] / h[2]))
        return r > 1.0 or (r < 0.86 and wrap(wp.atan2(l[2], l[0]) * 2.55) > 0.10 and r > 0.12)
    if kind == 4:  # upright bars between rails
        edge = h[2] - wp.abs(l[2])
        return edge > 0.035 and wrap(l[0] / period) > 0.22
    k = 6.5 / h[0]
    return noise((l[0] + 0.4 * l[1]) * k, (l[2] - 0.7 * l[1]) * k, seed) < 0.38


@wp.func
def hit(prims: wp.array2d(dtype=float), i: int, o: wp.vec3, d: wp.vec3) -> float:
    """Distance along the ray to primitive i, or `FAR`.

    Kinds: 0 box, 1 ellipsoid, 2 upright cylinder, 3 wheel in the plane of x and z, 4 bars likewise, 5 foliage.
    """
    kind = int(prims[i, 0])
    o1 = into(prims, i, o - at(prims, i, 1))
    d1 = into(prims, i, d)
    h = at(prims, i, 4)
    if kind == 1 or kind == 5:
        oo = wp.cw_div(o1, h)
        dd = wp.cw_div(d1, h)
        a = wp.dot(dd, dd)
        b = wp.dot(oo, dd)
        disc = b * b - a * (wp.dot(oo, oo) - 1.0)
        if disc <= 0.0:
            return FAR
        root = wp.sqrt(disc)
        t = (-b - root) / a
        if t > 1.0e-3:
            if kind == 1 or not holes(kind, o1 + d1 * t, h, 0.0, int(prims[i, 17])):
                return t
        if kind == 5:
            t = (-b + root) / a
            if t > 1.0e-3 and not holes(kind, o1 + d1 * t, h, 0.0, int(prims[i, 17]) + 1):
                return t
        return FAR
    near = float(-1.0e9)
    far = float(1.0e9)
    for k in range(3):
        inv = 1.0 / (d1[k] + 1.0e-7)
        t0 = (-h[k] - o1[k]) * inv
        t1 = (h[k] - o1[k]) * inv
        near = wp.max(near, wp.min(t0, t1))
        far = wp.min(far, wp.max(t0, t1))
    if far <= wp.max(near, 0.0) or near <= 1.0e-3:
        return FAR
    if kind == 2:
        ox = o1[0] / h[0]
        oy = o1[1] / h[1]
        dx = d1[0] / h[0]
        dy = d1[1] / h[1]
        a = dx * dx + dy * dy + 1.0e-12
        b = ox * dx + oy * dy
        disc = b * b - a * (ox * ox + oy * oy - 1.0)
        if disc <= 0.0:
            return FAR
        t = wp.max((-b - wp.sqrt(disc)) / a, near)
        if t > far or t > (-b + wp.sqrt(disc)) / a:
            return FAR
        return t
    if kind >= 3 and holes(kind, o1 + d1 * near, h, wp.max(prims[i, 16], 0.02), 0):
        return FAR
    return near
