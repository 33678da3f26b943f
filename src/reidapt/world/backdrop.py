"""The warp kernel that draws a camera's empty view: a floor, boxes and ellipsoids, ray cast once per camera."""
# mypy: ignore-errors
# ruff: noqa: UP018, SIM102, RUF046

from __future__ import annotations

import warp as wp

from reidapt.world.procedural import hash2, noise, wrap

wp.set_module_options({"enable_backward": False, "fast_math": False})

PRIMITIVE = 24
"""Columns of a primitive: kind, centre 3, half size 3, cos, sin, surface (its position in `props.SURFACES`), colour 3,
second colour 3, scale, seed, glow."""

AIR = 32
"""Columns of the per-camera light table; see `scenes.air_row`."""


@wp.func
def at(table: wp.array2d(dtype=float), i: int, k: int) -> wp.vec3:
    return wp.vec3(table[i, k], table[i, k + 1], table[i, k + 2])


@wp.func
def hit(prims: wp.array2d(dtype=float), i: int, o: wp.vec3, d: wp.vec3) -> float:
    """Distance along the ray to primitive i, or a large number."""
    c = prims[i, 7]
    s = prims[i, 8]
    q = o - at(prims, i, 1)
    o1 = wp.vec3(c * q[0] + s * q[1], -s * q[0] + c * q[1], q[2])
    d1 = wp.vec3(c * d[0] + s * d[1], -s * d[0] + c * d[1], d[2])
    h = at(prims, i, 4)
    if prims[i, 0] < 0.5:
        near = float(-1.0e9)
        far = float(1.0e9)
        for k in range(3):
            inv = 1.0 / (d1[k] + 1.0e-7)
            t0 = (-h[k] - o1[k]) * inv
            t1 = (h[k] - o1[k]) * inv
            near = wp.max(near, wp.min(t0, t1))
            far = wp.min(far, wp.max(t0, t1))
        if far > wp.max(near, 0.0):
            if near > 1.0e-3:
                return near
        return 1.0e9
    oo = wp.cw_div(o1, h)
    dd = wp.cw_div(d1, h)
    a = wp.dot(dd, dd)
    b = wp.dot(oo, dd)
    e = wp.dot(oo, oo) - 1.0
    disc = b * b - a * e
    if disc > 0.0:
        t = (-b - wp.sqrt(disc)) / a
        if t > 1.0e-3:
            return t
    return 1.0e9


@wp.func
def surface(kind: int, base: wp.vec3, second: wp.vec3, u: float, v: float, scale: float, seed: int) -> wp.vec3:
    """Albedo of a procedural surface at (u, v) metres."""
    colour = base * (0.94 + 0.12 * noise(u * 1.7, v * 1.7, seed))
    if kind == 1:
        r = wp.floor(v / (0.075 * scale))
        a = wrap(u / (0.24 * scale) + 0.5 * (r - 2.0 * wp.floor(r / 2.0)))
        b = wrap(v / (0.075 * scale))
        k = hash2(int(wp.floor(u / (0.24 * scale) + 0.5 * (r - 2.0 * wp.floor(r / 2.0)))), int(r), seed)
        colour = base * (0.78 + 0.4 * k)
        if a < 0.06 or b < 0.16:
            colour = second
    elif kind == 2:
        a = wrap(u / (1.8 * scale))
        b = wrap(v / (2.6 * scale) + 0.75)
        if a > 0.22 and a < 0.78 and b > 0.30 and b < 0.80:
            k = hash2(int(wp.floor(u / (1.8 * scale))), int(wp.floor(v / (2.6 * scale) + 0.75)), seed)
            colour = second * (0.5 + 0.9 * k) * (0.75 + 0.5 * b)
            if wp.abs(a - 0.5) < 0.02:
                colour = base * 0.7
        elif a > 0.19 and a < 0.81 and b > 0.27 and b < 0.83:
            colour = base * 1.25
    elif kind == 3:
        a = wrap(u / scale)
        b = wrap(v / scale)
        k = hash2(int(wp.floor(u / scale)), int(wp.floor(v / scale)), seed)
        colour = colour * (0.93 + 0.14 * k)
        if a < 0.025 or b < 0.025:
            colour = second
    elif kind == 4:
        k = hash2(int(wp.floor(u / (0.14 * scale))), 3, seed)
        colour = base * (0.75 + 0.4 * k) * (0.9 + 0.2 * noise(u * 8.0, v * 0.7, seed))
        if wrap(u / (0.14 * scale)) < 0.06:
            colour = second
    elif kind == 5:
        n = 0.6 * noise(u * 6.0, v * 6.0, seed) + 0.4 * noise(u * 15.0, v * 15.0, seed + 1)
        colour = base * (0.35 + 0.9 * n) + second * (0.5 * wp.max(n - 0.55, 0.0))
    elif kind == 6:
        a = wrap(u / (1.25 * scale))
        b = wrap(v / (2.4 * scale))
        colour = base * (0.7 + 0.6 * noise(u * 0.6, v * 0.35, seed))
        if a < 0.04 or b < 0.03:
            colour = second
    elif kind == 7:
        n = noise(u * 3.0, v * 3.0, seed)
        k = hash2(int(wp.floor(u / (0.9 * scale))), int(wp.floor(v / (1.2 * scale))), seed)
        colour = base * (0.3 + k) + second * wp.max(0.0, n - 0.3)
        if wrap(v / 0.16) < 0.25 and wrap(v / (1.2 * scale)) > 0.6:
            colour = wp.vec3(0.75, 0.75, 0.75)
    elif kind == 8:
        colour = base * (0.72 + 0.35 * wrap(v / (0.11 * scale)))
    elif kind == 9:
        colour = base * (0.80 + 0.25 * noise(u * 0.35, v * 0.35, seed) + 0.20 * noise(u * 40.0, v * 40.0, seed + 2))
    elif kind == 10:
        r = wp.floor(v / (0.30 * scale))
        a = wrap(u / (0.60 * scale) + 0.5 * (r - 2.0 * wp.floor(r / 2.0)))
        k = hash2(int(wp.floor(u / (0.60 * scale) + 0.5 * (r - 2.0 * wp.floor(r / 2.0)))), int(r), seed)
        colour = base * (0.80 + 0.30 * k) + (second - base) * (0.25 * noise(u * 0.5, v * 0.5, seed))
        if a < 0.03 or wrap(v / (0.30 * scale)) < 0.05:
            colour = colour * 0.62
    elif kind == 11:
        n = 0.5 * noise(u * 2.0, v * 2.0, seed) + 0.5 * noise(u * 30.0, v * 30.0, seed + 4)
        colour = base * (0.55 + 0.8 * n) + second * (0.3 * wp.max(0.0, noise(u * 0.6, v * 0.6, seed + 1) - 0.5))
    elif kind == 12:
        a = wrap(u / (1.2 * scale))
        b = wrap(v / (1.2 * scale))
        colour = base * (0.88 + 0.24 * noise(u * 45.0, v * 45.0, seed))
        odd = int(wp.floor(u / (1.2 * scale))) + int(wp.floor(v / (1.2 * scale)))
        if odd - 2 * (odd // 2) == 0:
            colour = colour * 0.92 + second * 0.05
        if a < 0.012 or b < 0.012:
            colour = second
    elif kind == 14:
        a = wp.abs(u)
        colour = base
        if wrap(v / 1.05) > 0.12 and wrap(v / 1.05) < 0.88 and wrap(a / 0.45) > 0.12 and wrap(a / 0.45) < 0.88:
            colour = second * (0.8 + 0.4 * noise(u * 0.9, v * 0.9, seed))
    elif kind == 15:
        a = wrap(u / (1.1 * scale))
        k = hash2(int(wp.floor(u / (1.1 * scale))), 1, seed)
        colour = base * (0.92 + 0.12 * k)
        if a < 0.012:
            colour = base * 0.45
    elif kind == 16:  # shop front: sign band, display window with things in it
        width = 3.2 * scale
        k = hash2(int(wp.floor(u / width)), 5, seed)
        a = wrap(u / width)
        if v > 2.7:
            colour = base * (0.4 + 0.8 * k) + second * (0.6 * (1.0 - k))
            if v > 2.85 and v < 3.15 and a > 0.25 and a < 0.75 and noise(u * 9.0, v * 3.0, seed) > 0.42:
                colour = wp.vec3(0.85, 0.83, 0.78)
        elif a < 0.05:
            colour = second
        else:
            shelf = wp.floor(v / 0.55)
            thing = hash2(int(wp.floor(u / (0.22 + 0.25 * hash2(int(shelf), 2, seed)))), int(shelf), seed + 3)
            colour = wp.vec3(0.30 + 0.22 * k, 0.28 + 0.12 * k, 0.24) * (0.55 + 0.35 * wrap(v / 0.55))
            if wrap(v / 0.55) < 0.25 + 0.6 * thing and thing > 0.35:
                warm = hash2(int(thing * 999.0), 7, seed)
                colour = wp.vec3(0.10 + 0.45 * warm, 0.10 + 0.25 * thing, 0.34 - 0.26 * warm) * (0.4 + 0.8 * thing)
            if wrap(v / 0.55) > 0.93:
                colour = wp.vec3(0.10, 0.09, 0.08)
            glare = noise(u * 0.7 + v * 0.5, v * 0.2, seed + 8)
            colour = colour * 0.8 + wp.vec3(0.25, 0.27, 0.30) * wp.max(glare - 0.5, 0.0)
            if v < 0.35:
                colour = second * 0.8
    return colour


@wp.func
def radiance(
    prims: wp.array2d(dtype=float),
    count: int,
    air: wp.array2d(dtype=float),
    o: wp.vec3,
    d: wp.vec3,
    shadows: int,
) -> wp.vec4:
    """Light along a ray, and its distance (negative where it ends on the floor)."""
    sun = at(air, 0, 0)
    sun_colour = at(air, 0, 3)
    sky = at(air, 0, 6)
    bounce = air[0, 9]
    best = float(1.0e8)
    which = int(-2)
    if d[2] < -1.0e-5:
        best = -o[2] / d[2]
        which = -1
    for i in range(count):
        t = hit(prims, i, o, d)
        if t < best:
            best = t
            which = i
    if which == -2:
        low = at(air, 0, 13)
        high = at(air, 0, 16)
        k = wp.clamp(d[2] * 2.5, 0.0, 1.0)
        cloud = noise(d[0] / (d[2] + 0.2) * 2.0, d[1] / (d[2] + 0.2) * 2.0, 77)
        colour = low * (1.0 - k) + high * k + at(air, 0, 6) * (0.3 * wp.max(cloud - 0.5, 0.0))
        return wp.vec4(colour[0], colour[1], colour[2], 1.0e4)
    p = o + d * best
    n = wp.vec3(0.0, 0.0, 1.0)
    albedo = wp.vec3(0.0, 0.0, 0.0)
    glow = float(0.0)
    shade = float(1.0)
    if which == -1:
        kind = int(air[0, 10])
        seed = int(air[0, 12])
        c = air[0, 29]
        s = air[0, 30]
        u = c * p[0] + s * p[1]
        v = -s * p[0] + c * p[1]
        albedo = surface(kind, at(air, 0, 19), at(air, 0, 22), u, v, air[0, 11], seed)
        mark = int(air[0, 25])
        if mark == 1:  # lane edge and dashes
            if wp.abs(v - 2.2) < 0.07 or (wp.abs(v + 1.4) < 0.06 and wrap(u / 3.0) < 0.5):
                albedo = wp.vec3(0.62, 0.62, 0.60) * (0.8 + 0.3 * noise(u * 6.0, v * 6.0, seed))
        elif mark == 2:  # zebra crossing
            if wp.abs(v - 1.0) < 1.6 and wrap(u / 1.0) < 0.5:
                albedo = wp.vec3(0.66, 0.66, 0.64) * (0.75 + 0.35 * noise(u * 5.0, v * 5.0, seed))
        elif mark == 3:  # tactile strip
            if wp.abs(v - 0.4) < 0.2:
                albedo = wp.vec3(0.62, 0.48, 0.10) * (0.75 + 0.3 * noise(u * 25.0, v * 25.0, seed))
        elif mark == 4:  # inlaid band
            if wp.abs(wrap(u / 4.0) - 0.5) < 0.06 or wp.abs(wrap(v / 4.0) - 0.5) < 0.06:
                albedo = at(air, 0, 22) * 0.8
        elif mark == 5:  # lawn beside a path
            if wp.abs(v) > 2.6:
                albedo = surface(11, wp.vec3(0.10, 0.17, 0.05), wp.vec3(0.3, 0.3, 0.1), u, v, 1.0, seed)
        stain = noise(p[0] * 0.8, p[1] * 0.8, seed + 13)
        albedo = albedo * (0.94 + 0.12 * stain)
        for i in range(count):  # corners between floor and things are darker
            q = p - at(prims, i, 1)
            cx = wp.abs(prims[i, 7] * q[0] + prims[i, 8] * q[1]) - prims[i, 4]
            cy = wp.abs(-prims[i, 8] * q[0] + prims[i, 7] * q[1]) - prims[i, 5]
            if prims[i, 3] - prims[i, 6] < 0.3:
                away = wp.length(wp.vec2(wp.max(cx, 0.0), wp.max(cy, 0.0)))
                shade = wp.min(shade, 1.0 - 0.45 * wp.exp(-away / 0.30))
    else:
        c = prims[which, 7]
        s = prims[which, 8]
        q = p - at(prims, which, 1)
        l = wp.vec3(c * q[0] + s * q[1], -s * q[0] + c * q[1], q[2])
        h = at(prims, which, 4)
        seed = int(prims[which, 17])
        u = float(0.0)
        v = p[2]
        m = wp.vec3(0.0, 0.0, 1.0)
        if prims[which, 0] < 0.5:
            r = wp.vec3(wp.abs(l[0]) / h[0], wp.abs(l[1]) / h[1], wp.abs(l[2]) / h[2])
            if r[0] > r[1] and r[0] > r[2]:
                m = wp.vec3(wp.sign(l[0]), 0.0, 0.0)
                u = l[1]
            elif r[1] > r[2]:
                m = wp.vec3(0.0, wp.sign(l[1]), 0.0)
                u = l[0]
            else:
                m = wp.vec3(0.0, 0.0, wp.sign(l[2]))
                u = l[0]
                v = l[1]
        else:
            m = wp.normalize(wp.vec3(l[0] / (h[0] * h[0]), l[1] / (h[1] * h[1]), l[2] / (h[2] * h[2])))
            u = l[0] + l[1] * 0.7
            v = l[2] + l[1] * 0.5
            if int(prims[which, 9]) == 5:  # leaves
                j = noise(u * 9.0, v * 9.0, seed + 3) - 0.5
                k = noise(u * 9.0 + 40.0, v * 9.0, seed + 5) - 0.5
                m = wp.normalize(m + wp.vec3(j, k, j + k) * 1.4)
        n = wp.vec3(c * m[0] - s * m[1], s * m[0] + c * m[1], m[2])
        albedo = surface(int(prims[which, 9]), at(prims, which, 10), at(prims, which, 13), u, v, prims[which, 16], seed)
        glow = prims[which, 18]
        shade = 1.0 - 0.30 * wp.exp(-p[2] / 0.45)
    lit = wp.max(wp.dot(n, sun), 0.0)
    if lit > 0.0 and shadows > 0 and air[0, 26] > 0.0:
        start = p + n * 0.01
        for i in range(count):
            if prims[i, 18] < 0.01 and hit(prims, i, start, sun) < 200.0:
                lit = lit * (1.0 - air[0, 26])
                break
    up = 0.5 + 0.5 * n[2]
    ambient = (sky * up + sky * (bounce * (1.0 - up))) * shade
    colour = wp.cw_mul(albedo, ambient + sun_colour * lit) + albedo * glow
    haze = 1.0 - wp.exp(-best * air[0, 27])
    colour = colour * (1.0 - haze) + at(air, 0, 13) * haze
    depth = best
    if which == -1:
        depth = -best
    return wp.vec4(colour[0], colour[1], colour[2], depth)


@wp.kernel
def draw_backdrop(
    prims: wp.array2d(dtype=float),
    count: int,
    air: wp.array2d(dtype=float),
    camera: wp.array(dtype=float),  # right 3, down 3, forward 3, position 3, focal, cx, cy
    samples: int,
    out: wp.array2d(dtype=wp.vec4),
):
    """Linear RGB and depth along the optical axis (negative on the floor) of a camera's empty frame."""
    y, x = wp.tid()
    right = wp.vec3(camera[0], camera[1], camera[2])
    down = wp.vec3(camera[3], camera[4], camera[5])
    forward = wp.vec3(camera[6], camera[7], camera[8])
    origin = wp.vec3(camera[9], camera[10], camera[11])
    total = wp.vec3(0.0, 0.0, 0.0)
    depth = float(0.0)
    for k in range(samples):
        for j in range(samples):
            sx = (float(x) + (float(k) + 0.5) / float(samples) - camera[13]) / camera[12]
            sy = (float(y) + (float(j) + 0.5) / float(samples) - camera[14]) / camera[12]
            ray = forward + right * sx + down * sy
            d = wp.normalize(ray)
            seen = radiance(prims, count, air, origin, d, 1)
            colour = wp.vec3(seen[0], seen[1], seen[2])
            if seen[3] < 0.0 and air[0, 28] > 0.0:  # a polished floor mirrors the room
                p = origin + d * (-seen[3]) + wp.vec3(0.0, 0.0, 0.01)
                fresnel = air[0, 28] * (0.35 + 0.65 * wp.pow(1.0 + d[2], 3.0))
                wobble = (hash2(x * 2 + k, y * 2 + j, 5) - 0.5) * 0.10
                other = radiance(prims, count, air, p, wp.normalize(wp.vec3(d[0] + wobble, d[1], -d[2])), 0)
                colour = colour * (1.0 - fresnel) + wp.vec3(other[0], other[1], other[2]) * fresnel
            total = total + colour
            depth = seen[3] * wp.dot(d, forward)
    total = total / float(samples * samples)
    out[y, x] = wp.vec4(total[0], total[1], total[2], depth)
