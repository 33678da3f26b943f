"""The warp kernel that draws a camera's empty view: a floor and a list of primitives, ray cast once per camera and light."""
# mypy: ignore-errors
# ruff: noqa: UP018, SIM102, SIM110, RUF046

from __future__ import annotations

import warp as wp

from reidapt.world.primitives import at, hit, into
from reidapt.world.procedural import hash2, noise, wrap
from reidapt.world.surfaces import surface

wp.set_module_options({"enable_backward": False, "fast_math": False})

PRIMITIVE = 24
"""Columns of a primitive: kind, centre 3, half size 3, cos, sin, surface (its position in `props.SURFACES`), colour 3,
second colour 3, scale, seed, glow, rise along own y, rise along own x, three spare."""

AIR = 128
"""Columns of the light table; see `cameras.air_row`."""
LAMPS = 64
"""Column of the first lamp in the light table: place 3, colour 3, whether it shines downwards."""
LAMP = 7
WOBBLE = 0.06
"""Largest turn of a mirrored ray in radians."""


@wp.func
def sky_light(air: wp.array2d(dtype=float), d: wp.vec3) -> wp.vec3:
    """Radiance of the sky in direction `d`, with clouds."""
    k = wp.clamp(d[2] * 2.5, 0.0, 1.0)
    x = d[0] / (wp.abs(d[2]) + 0.2)
    y = d[1] / (wp.abs(d[2]) + 0.2)
    cloud = 0.65 * noise(x * 2.0, y * 2.0, 77) + 0.35 * noise(x * 5.0, y * 5.0, 78)
    return at(air, 0, 13) * (1.0 - k) + at(air, 0, 16) * k + at(air, 0, 6) * (air[0, 35] * wp.max(cloud - 0.45, 0.0))


@wp.func
def lamp_light(air: wp.array2d(dtype=float), p: wp.vec3, n: wp.vec3) -> wp.vec3:
    """Irradiance of all lamps at `p`, divided by pi."""
    total = wp.vec3(0.0, 0.0, 0.0)
    for k in range(int(air[0, 31])):
        c = LAMPS + LAMP * k
        l = at(air, 0, c) - p
        facing = wp.dot(n, l)
        if facing > 0.0:
            d2 = wp.dot(l, l) + 0.05
            per = 1.0 / wp.sqrt(d2)
            emit = 1.0 - 0.8 * air[0, c + 6] * (1.0 - wp.max(l[2] * per, 0.0))
            total = total + at(air, 0, c + 3) * (emit * facing * per / (d2 + 0.4))
    return total


@wp.func
def floor_albedo(air: wp.array2d(dtype=float), p: wp.vec3) -> wp.vec3:
    """Albedo of the floor with its marks and stains."""
    seed = int(air[0, 12])
    u = air[0, 29] * p[0] + air[0, 30] * p[1]
    v = -air[0, 30] * p[0] + air[0, 29] * p[1]
    first = surface(int(air[0, 10]), at(air, 0, 19), at(air, 0, 22), u, v, air[0, 11], seed)
    albedo = wp.vec3(first[0], first[1], first[2])
    mark = int(air[0, 25])
    worn = 0.6 + 0.5 * noise(u * 6.0, v * 6.0, seed)
    if mark == 1:  # lane edge and dashes
        if wp.abs(v - 2.2) < 0.07 or (wp.abs(v + 1.4) < 0.06 and wrap(u / 3.0) < 0.5):
            albedo = wp.vec3(0.62, 0.62, 0.60) * worn
    elif mark == 2:  # zebra crossing
        if wp.abs(v - 1.0) < 1.6 and wrap(u / 1.0) < 0.5:
            albedo = wp.vec3(0.66, 0.66, 0.64) * worn
    elif mark == 3:  # tactile strip
        if wp.abs(v - 0.4) < 0.2:
            albedo = wp.vec3(0.62, 0.48, 0.10) * (0.75 + 0.3 * noise(u * 25.0, v * 25.0, seed))
    elif mark == 4:  # inlaid bands
        if wp.abs(wrap(u / 4.0) - 0.5) < 0.06 or wp.abs(wrap(v / 4.0) - 0.5) < 0.06:
            albedo = at(air, 0, 22) * 0.8
    elif mark == 5:  # lawn beside a path
        if wp.abs(v) > 2.6 + 0.25 * noise(u * 1.5, v, seed):
            lawn = surface(11, wp.vec3(0.10, 0.17, 0.05), wp.vec3(0.3, 0.3, 0.1), u, v, 1.0, seed)
            albedo = wp.vec3(lawn[0], lawn[1], lawn[2])
    elif mark == 6:  # chequered tiles
        if wrap(wp.floor(u / 0.6) * 0.5 + wp.floor(v / 0.6) * 0.5) > 0.25:
            albedo = at(air, 0, 22) * worn
    elif mark == 7:  # a carpet runner
        if wp.abs(v) < 1.3:
            albedo = at(air, 0, 22) * (0.7 + 0.5 * noise(u * 60.0, v * 60.0, seed))
            if wp.abs(wp.abs(v) - 1.15) < 0.05:
                albedo = at(air, 0, 19)
    elif mark == 8:  # parking bays
        if wp.abs(wrap(u / 2.5) - 0.5) < 0.022 and v > 1.0:
            albedo = wp.vec3(0.60, 0.60, 0.58) * worn
    stain = 0.6 * noise(p[0] * 0.7, p[1] * 0.7, seed + 13) + 0.4 * noise(p[0] * 2.6, p[1] * 2.6, seed + 14)
    albedo = albedo * (0.74 + 0.40 * stain)
    if hash2(int(wp.floor(p[0] * 22.0)), int(wp.floor(p[1] * 22.0)), seed + 15) > 0.992:  # chewing gum, leaves
        albedo = albedo * 0.72
    wet = air[0, 33]
    snow = air[0, 34]
    if wet > 0.0:
        albedo = albedo * (1.0 - 0.45 * wet)
    if snow > 0.0:
        trodden = 0.5 * noise(p[0] * 0.5, p[1] * 0.5, seed + 16) + 0.5 * noise(p[0] * 4.0, p[1] * 4.0, seed + 17)
        lies = wp.clamp((snow - trodden) * 5.0 + 0.5, 0.0, 1.0)
        albedo = albedo * (1.0 - lies) + wp.vec3(0.74, 0.76, 0.80) * (lies * (0.8 + 0.25 * trodden))
    return albedo


@wp.func
def floor_shade(prims: wp.array2d(dtype=float), items: wp.array(dtype=int), first: int, last: int, p: wp.vec3) -> float:
    """How much of the sky's light reaches the floor beside things that stand on it."""
    shade = float(1.0)
    for j in range(first, last):
        i = items[j]
        if prims[i, 3] - prims[i, 6] < 0.3 and prims[i, 0] != 3.0 and prims[i, 0] != 4.0:
            q = p - at(prims, i, 1)
            x = wp.abs(prims[i, 7] * q[0] + prims[i, 8] * q[1]) - prims[i, 4]
            y = wp.abs(-prims[i, 8] * q[0] + prims[i, 7] * q[1]) - prims[i, 5]
            near = 1.0 - wp.length(wp.vec2(wp.max(x, 0.0), wp.max(y, 0.0))) / 1.5
            if near > 0.0:
                near2 = near * near
                shade = wp.min(shade, 1.0 - 0.24 * near2 - 0.30 * near2 * near2 * near2)
    return shade


@wp.func
def texture_place(prims: wp.array2d(dtype=float), i: int, l: wp.vec3, z: float) -> wp.vec4:
    """Texture coordinates in metres of point `l` of primitive i, and the side of a box that it lies on (0, 1, 2)."""
    h = at(prims, i, 4)
    kind = int(prims[i, 0])
    if kind == 1 or kind == 5:
        return wp.vec4(l[0] + l[1] * 0.7, l[2] + l[1] * 0.5, 3.0, 0.0)
    r = wp.vec3(wp.abs(l[0]) / h[0], wp.abs(l[1]) / h[1], wp.abs(l[2]) / h[2])
    if kind == 2 and r[2] < 0.999:
        return wp.vec4(wp.atan2(l[1], l[0]) * h[0], z, 4.0, 0.0)
    if r[0] > r[1] and r[0] > r[2]:
        return wp.vec4(l[1], z, 0.0, 0.0)
    if r[1] > r[2]:
        return wp.vec4(l[0], z, 1.0, 0.0)
    return wp.vec4(l[0], l[1], 2.0, 0.0)


@wp.func
def outwards(prims: wp.array2d(dtype=float), i: int, l: wp.vec3, side: int, seed: int, u: float, v: float) -> wp.vec3:
    """Unit normal in the world at point `l` of primitive i."""
    h = at(prims, i, 4)
    m = wp.vec3(0.0, 0.0, wp.sign(l[2]))
    if side == 0:
        m = wp.vec3(wp.sign(l[0]), 0.0, 0.0)
    elif side == 1:
        m = wp.vec3(0.0, wp.sign(l[1]), 0.0)
    elif side == 3:
        m = wp.normalize(wp.vec3(l[0] / (h[0] * h[0]), l[1] / (h[1] * h[1]), l[2] / (h[2] * h[2])))
    elif side == 4:
        m = wp.normalize(wp.vec3(l[0] / (h[0] * h[0]), l[1] / (h[1] * h[1]), 0.0))
    if int(prims[i, 9]) == 5:  # leaves
        f = 16.0 / prims[i, 16]
        j = noise(u * f, v * f, seed + 3) - 0.5
        k = noise(u * f + 40.0, v * f, seed + 5) - 0.5
        m = wp.normalize(m + wp.vec3(j, k, j + k) * 1.4)
    m = wp.vec3(m[0] - prims[i, 20] * m[2], m[1] - prims[i, 19] * m[2], m[2])
    c = prims[i, 7]
    s = prims[i, 8]
    return wp.normalize(wp.vec3(c * m[0] - s * m[1], s * m[0] + c * m[1], m[2]))


@wp.func
def in_shadow(
    prims: wp.array2d(dtype=float),
    air: wp.array2d(dtype=float),
    starts: wp.array(dtype=int),
    items: wp.array(dtype=int),
    p: wp.vec3,
    side: int,
) -> bool:
    """Whether something stands between `p` and the sun."""
    sun = at(air, 0, 0)
    x = int(wp.floor((wp.dot(at(air, 0, 36), p) - air[0, 42]) / air[0, 44]))
    y = int(wp.floor((wp.dot(at(air, 0, 39), p) - air[0, 43]) / air[0, 45]))
    if x < 0 or y < 0 or x >= side or y >= side:
        return False
    for j in range(starts[y * side + x], starts[y * side + x + 1]):
        if hit(prims, items[j], p, sun) < 200.0:
            return True
    return False


@wp.func
def radiance(
    prims: wp.array2d(dtype=float),
    air: wp.array2d(dtype=float),
    starts: wp.array(dtype=int),
    items: wp.array(dtype=int),
    contact_starts: wp.array(dtype=int),
    contact_items: wp.array(dtype=int),
    sun_starts: wp.array(dtype=int),
    sun_items: wp.array(dtype=int),
    sun_side: int,
    tile: int,
    o: wp.vec3,
    d: wp.vec3,
    mirrored: bool,
) -> wp.vec4:
    """Light along a ray of `tile`, and its distance (negative where it ends on the floor)."""
    best = float(1.0e8)
    which = int(-2)
    if d[2] < -1.0e-5:
        best = -o[2] / d[2]
        which = -1
    for j in range(starts[tile], starts[tile + 1]):
        t = hit(prims, items[j], o, d)
        if t < best or (t == best and items[j] < which):  # the first of two at one place, whatever the list's order
            best = t
            which = items[j]
    if which == -2:
        above = sky_light(air, d)
        return wp.vec4(above[0], above[1], above[2], 1.0e4)
    p = o + d * best
    n = wp.vec3(0.0, 0.0, 1.0)
    albedo = wp.vec3(0.0, 0.0, 0.0)
    glow = float(0.0)
    shade = float(1.0)
    if which == -1:
        albedo = floor_albedo(air, p)
        shade = floor_shade(prims, contact_items, contact_starts[tile], contact_starts[tile + 1], p)
    else:
        seed = int(prims[which, 17])
        l = into(prims, which, p - at(prims, which, 1))
        place = texture_place(prims, which, l, p[2])
        n = outwards(prims, which, l, int(place[2]), seed, place[0], place[1])
        kind = int(prims[which, 9])
        if wp.dot(n, d) > 0.0 and int(prims[which, 0]) != 5:
            n = -n
        seen = surface(kind, at(prims, which, 10), at(prims, which, 13), place[0], place[1], prims[which, 16], seed)
        albedo = wp.vec3(seen[0], seen[1], seen[2])
        lights = air[0, 32]
        if kind == 18:
            lights = air[0, 49]
        power = float(1.0)
        if air[0, 26] > 0.0:
            power = air[0, 32]
        glow = prims[which, 18] * power + seen[3] * lights
        if not mirrored:  # rain streaks and dirt
            albedo = albedo * (0.84 + 0.32 * noise(place[0] * 2.4, place[1] * 0.35, seed + 21))
        if air[0, 34] > 0.0 and n[2] > 0.5:
            albedo = albedo * (1.0 - air[0, 34]) + wp.vec3(0.74, 0.76, 0.80) * air[0, 34]
        shade = 1.0 - 0.34 * wp.exp(-p[2] / 0.45)
    lit = wp.max(wp.dot(n, at(air, 0, 0)), 0.0)
    if lit > 0.0 and air[0, 26] > 0.5 and air[0, 3] > 0.0 and not mirrored:
        if in_shadow(prims, air, sun_starts, sun_items, p + n * 0.012, sun_side):
            lit = 0.0
    up = 0.5 + 0.5 * n[2]
    sky = at(air, 0, 6)
    ambient = (sky * up + sky * (air[0, 9] * (1.0 - up))) * shade
    direct = at(air, 0, 3) * lit + lamp_light(air, p, n) * (0.4 + 0.6 * shade)
    colour = wp.cw_mul(albedo, ambient + direct) + albedo * glow
    haze = 1.0 - wp.exp(-best * air[0, 27])
    colour = colour * (1.0 - haze) + at(air, 0, 46) * haze
    if which == -1:
        best = -best
    return wp.vec4(colour[0], colour[1], colour[2], best)


@wp.kernel
def draw_backdrop(
    prims: wp.array2d(dtype=float),
    air: wp.array2d(dtype=float),
    camera: wp.array(dtype=float),  # right 3, down 3, forward 3, position 3, focal, cx, cy
    starts: wp.array(dtype=int),
    items: wp.array(dtype=int),
    contact_starts: wp.array(dtype=int),
    contact_items: wp.array(dtype=int),
    mirror_starts: wp.array(dtype=int),
    mirror_items: wp.array(dtype=int),
    sun_starts: wp.array(dtype=int),
    sun_items: wp.array(dtype=int),
    sun_side: int,
    tile_height: int,
    tile_width: int,
    tiles_across: int,
    samples: int,
    out: wp.array2d(dtype=wp.vec4),
):
    """Linear RGB and depth along the optical axis (negative on the floor) of a camera's empty frame.

    One sample lies at the pixel's centre; two lie on its diagonal.
    """
    y, x = wp.tid()
    tile = (y // tile_height) * tiles_across + x // tile_width
    right = wp.vec3(camera[0], camera[1], camera[2])
    down = wp.vec3(camera[3], camera[4], camera[5])
    forward = wp.vec3(camera[6], camera[7], camera[8])
    origin = wp.vec3(camera[9], camera[10], camera[11])
    total = wp.vec3(0.0, 0.0, 0.0)
    depth = float(0.0)
    for k in range(samples):
        step = (float(k) + 0.5) / float(samples)
        sx = (float(x) + step - camera[13]) / camera[12]
        sy = (float(y) + step - camera[14]) / camera[12]
        d = wp.normalize(forward + right * sx + down * sy)
        seen = radiance(
            prims,
            air,
            starts,
            items,
            contact_starts,
            contact_items,
            sun_starts,
            sun_items,
            sun_side,
            tile,
            origin,
            d,
            False,
        )
        colour = wp.vec3(seen[0], seen[1], seen[2])
        gloss = air[0, 28]
        if seen[3] < 0.0 and gloss + air[0, 33] > 0.0:  # a polished or wet floor mirrors the place
            p = origin + d * (-seen[3])
            if air[0, 33] > 0.0:  # puddles
                pool = noise(p[0] * 0.9, p[1] * 0.9, int(air[0, 12]) + 31)
                gloss = wp.max(gloss, air[0, 33] * (0.25 + 1.2 * wp.clamp((pool - 0.55) * 6.0, 0.0, 1.0)))
            fresnel = wp.min(gloss * (0.35 + 0.65 * wp.pow(1.0 + d[2], 3.0)), 0.9)
            if fresnel > 0.03:
                a = (hash2(x * 2 + k, y * 2, 5) - 0.5) * WOBBLE
                b = (hash2(x * 2 + k, y * 2 + 1, 6) - 0.5) * WOBBLE
                other = radiance(
                    prims,
                    air,
                    mirror_starts,
                    mirror_items,
                    contact_starts,
                    contact_items,
                    sun_starts,
                    sun_items,
                    sun_side,
                    tile,
                    p + wp.vec3(0.0, 0.0, 0.01),
                    wp.normalize(wp.vec3(d[0] + a, d[1], wp.max(-d[2] + b, 0.01))),
                    True,
                )
                colour = colour * (1.0 - fresnel) + wp.vec3(other[0], other[1], other[2]) * fresnel
        total = total + colour
        depth = seen[3] * wp.dot(d, forward)
    total = total / float(samples)
    out[y, x] = wp.vec4(total[0], total[1], total[2], depth)
