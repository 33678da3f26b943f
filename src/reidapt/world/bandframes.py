"""warp kernel of a camera's empty frame in near infrared and temperature; the columns of its tables are those of `bands`."""
# mypy: ignore-errors
# ruff: noqa: UP018, RUF046

from __future__ import annotations

import warp as wp

from reidapt.world.backdrop import outwards, texture_place
from reidapt.world.bands import beam
from reidapt.world.primitives import at, hit, into
from reidapt.world.procedural import hash2, noise
from reidapt.world.props import SURFACES
from reidapt.world.surfaces import surface

wp.set_module_options({"enable_backward": False, "fast_math": False})

FOLIAGE = wp.constant(SURFACES.index("foliage"))
GRASS = wp.constant(SURFACES.index("grass"))


@wp.func
def sky_value(band: wp.array2d(dtype=float), d: wp.vec3) -> wp.vec2:
    """Near-infrared light and temperature of the sky in direction `d`."""
    cloud = noise(d[0] / (d[2] + 0.2) * 2.0, d[1] / (d[2] + 0.2) * 2.0, 77)
    return wp.vec2(band[0, 4] * (0.25 + 0.5 * cloud), band[0, 8] + 6.0 * cloud)


@wp.func
def look(surfaces: wp.array2d(dtype=float), kind: int, u: float, v: float, scale: float, seed: int) -> wp.vec3:
    """Reflectance at 850 nm of a surface at (u, v) metres, its share that glows, and its deviation from its mean."""
    own = 1.0 + surfaces[kind, 2] * (2.0 * hash2(seed, kind, 31) - 1.0)
    base = surfaces[kind, 0] * own
    second = surfaces[kind, 1] * own
    seen = surface(kind, wp.vec3(base, base, base), wp.vec3(second, second, second), u, v, scale, seed)
    grey = (seen[0] + seen[1] + seen[2]) / 3.0
    return wp.vec3(grey, seen[3], grey - base)


@wp.kernel
def draw_band_frame(
    prims: wp.array2d(dtype=float),
    air: wp.array2d(dtype=float),
    camera: wp.array(dtype=float),  # right 3, down 3, forward 3, position 3, focal, cx, cy
    starts: wp.array(dtype=int),
    items: wp.array(dtype=int),
    tile_height: int,
    tile_width: int,
    tiles_across: int,
    surfaces: wp.array2d(dtype=float),  # per surface: reflectance of base and second, their spread, °C above the air
    band: wp.array2d(dtype=float),
    out: wp.array2d(dtype=wp.vec4),
):
    """Near-infrared light, temperature and depth (negative on the floor) of a camera's empty frame."""
    y, x = wp.tid()
    tile = (y // tile_height) * tiles_across + x // tile_width
    right = wp.vec3(camera[0], camera[1], camera[2])
    down = wp.vec3(camera[3], camera[4], camera[5])
    forward = wp.vec3(camera[6], camera[7], camera[8])
    o = wp.vec3(camera[9], camera[10], camera[11])
    sx = (float(x) + 0.5 - camera[13]) / camera[12]
    sy = (float(y) + 0.5 - camera[14]) / camera[12]
    d = wp.normalize(forward + right * sx + down * sy)
    best = float(1.0e8)
    which = int(-2)
    if d[2] < -1.0e-5:
        best = -o[2] / d[2]
        which = -1
    for j in range(starts[tile], starts[tile + 1]):
        t = hit(prims, items[j], o, d)
        if t < best:
            best = t
            which = items[j]
    if which == -2:
        above = sky_value(band, d)
        out[y, x] = wp.vec4(above[0], above[1], 0.0, 1.0e4)
        return
    p = o + d * best
    n = wp.vec3(0.0, 0.0, 1.0)
    kind = int(air[0, 10])
    seed = int(air[0, 12])
    u = air[0, 29] * p[0] + air[0, 30] * p[1]
    v = -air[0, 30] * p[0] + air[0, 29] * p[1]
    scale = air[0, 11]
    glow = float(0.0)
    shade = float(1.0)
    if which == -1:
        if int(air[0, 25]) == 5 and wp.abs(v) > 2.6 + 0.25 * noise(u * 1.5, v, seed):
            kind = GRASS
    else:
        l = into(prims, which, p - at(prims, which, 1))
        place = texture_place(prims, which, l, p[2])
        kind = int(prims[which, 9])
        seed = int(prims[which, 17])
        scale = prims[which, 16]
        glow = prims[which, 18]
        u = place[0]
        v = place[1]
        n = outwards(prims, which, l, int(place[2]), seed, u, v)
        if wp.dot(n, d) > 0.0 and int(prims[which, 0]) != 5:
            n = -n
        shade = 1.0 - 0.30 * wp.exp(-p[2] / 0.45)
    seen = look(surfaces, kind, u, v, scale, seed)
    r = seen[0]
    glow = glow + 0.5 * seen[1] * air[0, 32]
    if which == -1:
        r = r * (0.82 + 0.36 * noise(p[0] * 0.8, p[1] * 0.8, seed + 13)) * (1.0 - 0.35 * air[0, 33])
    snow = air[0, 34] * wp.where(n[2] > 0.5, 1.0, 0.0)
    r = r * (1.0 - snow) + 0.82 * snow
    lit = wp.max(wp.dot(n, at(air, 0, 0)), 0.0)
    up = 0.5 + 0.5 * n[2]
    facing = wp.max(-wp.dot(n, d), 0.0)
    if kind == FOLIAGE:  # leaves face every way
        facing = 0.35 + 0.5 * facing
    lamp = band[0, 1] / (best * best + 0.5) * beam(forward, -d, band[0, 2])
    light = lamp * facing + band[0, 3] * lit + band[0, 4] * (up + 0.6 * (1.0 - up)) + glow * 0.6
    warm = band[0, 5] + surfaces[kind, 3] * (1.0 - snow) - 2.0 * snow + band[0, 9] * lit + 6.0 * glow
    warm = warm + 2.6 * (noise(u * 0.7, v * 0.7, seed + 3) - 0.5) + 4.0 * (hash2(seed, kind, 57) - 0.5)
    warm = warm + 5.0 * seen[2]  # joints, frames and panes differ in temperature as they do in reflectance
    depth = best * wp.dot(d, forward)
    if which == -1:
        depth = -depth
    out[y, x] = wp.vec4(r * light * shade, warm, 0.0, depth)
