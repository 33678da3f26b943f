"""warp kernels that give people colour: cloth patterns, faces, light, and the shadow on the floor."""
# mypy: ignore-errors
# ruff: noqa: UP018, SIM102, RUF046

from __future__ import annotations

import warp as wp

from reidapt.world.kernels import EMPTY, edge, key_actor, key_depth, key_other, key_triangle
from reidapt.world.procedural import hash2, noise, wrap

wp.set_module_options({"enable_backward": False, "fast_math": False})


@wp.struct
class Stage:
    """Everything that is known about a batch of crops once its triangles are rasterised; see `render.Geometry`."""

    keys: wp.array3d(dtype=wp.uint64)  # nearest triangle of every sample
    shadow: wp.array3d(dtype=wp.uint8)
    place: wp.array2d(dtype=wp.vec3)  # vertices in the world, their normals, their pixels
    turned: wp.array2d(dtype=wp.vec3)
    screen: wp.array2d(dtype=wp.vec3)
    reach: wp.array2d(dtype=wp.vec2)  # shares of the sun and of the sky that reach a vertex past the person's own body
    triangles: wp.array(dtype=wp.vec3i)
    materials: wp.array(dtype=int)
    uv: wp.array(dtype=wp.vec2)
    light: wp.array(dtype=float)
    vertices: wp.array(dtype=wp.vec3)
    actors: wp.array2d(dtype=int)
    palette: wp.array3d(dtype=float)
    view: wp.array2d(dtype=float)


@wp.struct
class Spot:
    """What is seen at one sample of a picture."""

    actor: int
    palette: int
    material: int
    inside: int  # 1 on the lining of a garment
    normal: wp.vec3
    to_eye: wp.vec3
    point: wp.vec3
    rest: wp.vec3
    cloth: wp.vec2
    open_light: float
    sunny: float
    away: float  # metres to the camera


@wp.func
def locate(d: Stage, c: int, x: int, y: int, key: wp.uint64) -> Spot:
    """Interpolates what the vertices carry to sample (x, y) of crop `c`, which shows triangle `key`."""
    spot = Spot()
    z = key_depth(key)
    i = key_actor(d.actors, c, key)
    row = d.actors[i, 2] + key_triangle(key)
    first = d.actors[i, 0]
    corner = d.triangles[row]
    ia = corner[0]
    ib = corner[1]
    ic = corner[2]
    a = d.screen[i, ia]
    b = d.screen[i, ib]
    e = d.screen[i, ic]
    px = float(x) + 0.5
    py = float(y) + 0.5
    area = edge(a, b, e[0], e[1])
    wa = edge(b, e, px, py) / area * z / a[2]
    wb = edge(e, a, px, py) / area * z / b[2]
    wc = 1.0 - wa - wb
    n = wp.normalize(wa * d.turned[i, ia] + wb * d.turned[i, ib] + wc * d.turned[i, ic])
    spot.point = wa * d.place[i, ia] + wb * d.place[i, ib] + wc * d.place[i, ic]
    spot.cloth = wa * d.uv[first + ia] + wb * d.uv[first + ib] + wc * d.uv[first + ic]
    spot.rest = wa * d.vertices[first + ia] + wb * d.vertices[first + ib] + wc * d.vertices[first + ic]
    spot.open_light = wa * d.light[first + ia] + wb * d.light[first + ib] + wc * d.light[first + ic]
    reach = wa * d.reach[i, ia] + wb * d.reach[i, ib] + wc * d.reach[i, ic]
    spot.sunny = reach[0]
    spot.open_light = spot.open_light * reach[1]
    to_eye = wp.vec3(d.view[i, 9], d.view[i, 10], d.view[i, 11]) - spot.point
    spot.away = wp.length(to_eye)
    spot.to_eye = to_eye / spot.away
    spot.inside = 0
    if wp.dot(n, spot.to_eye) < -0.15:
        n = -n
        spot.inside = 1
    spot.normal = n
    spot.material = d.materials[row]
    spot.palette = d.actors[i, 4]
    spot.actor = i
    return spot


@wp.func
def row3(palette: wp.array3d(dtype=float), p: int, m: int, k: int) -> wp.vec3:
    return wp.vec3(palette[p, m, k], palette[p, m, k + 1], palette[p, m, k + 2])


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


@wp.func
def skin_colour(palette: wp.array3d(dtype=float), p: int, x: float, z: float) -> wp.vec3:
    """Albedo of skin; around the eyes a face."""
    base = row3(palette, p, 0, 0)
    if x > 5.0:
        return base
    hair = row3(palette, p, 0, 3)
    f = face(x, z)
    colour = base * ((1.0 - 0.30 * f.socket) * (1.0 - 0.25 * f.nose))
    colour = colour * (1.0 - 0.80 * f.eye) + wp.vec3(0.01, 0.01, 0.01) * (0.80 * f.eye)
    colour = colour * (1.0 - 0.65 * f.brow) + hair * (0.65 * f.brow)
    lips = wp.vec3(base[0] * 0.80, base[1] * 0.42, base[2] * 0.42)
    colour = colour * (1.0 - 0.7 * f.mouth) + lips * (0.7 * f.mouth)
    amount = palette[p, 0, 10] * f.jaw * (1.0 - 0.6 * f.mouth)
    return colour * (1.0 - amount) + hair * amount


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
def on_back(d: Stage, c: int, u: float) -> float:
    return wp.where(wp.abs(u) > d.view[c, 36], 1.0, 0.0)


@wp.func
def sample_frame(frames: wp.array3d(dtype=wp.vec4), k: int, u: float, v: float, height: int, width: int) -> wp.vec4:
    x = wp.clamp(u - 0.5, 0.0, float(width) - 1.001)
    y = wp.clamp(v - 0.5, 0.0, float(height) - 1.001)
    ix = int(x)
    iy = int(y)
    fx = x - float(ix)
    fy = y - float(iy)
    a = frames[k, iy, ix] * (1.0 - fx) + frames[k, iy, ix + 1] * fx
    b = frames[k, iy + 1, ix] * (1.0 - fx) + frames[k, iy + 1, ix + 1] * fx
    colour = a * (1.0 - fy) + b * fy
    near = frames[k, int(y + 0.5), int(x + 0.5)]
    return wp.vec4(colour[0], colour[1], colour[2], near[3])


@wp.func
def shade_person(d: Stage, spot: Spot) -> wp.vec3:
    """Linear RGB of a person at `spot`."""
    c = spot.actor
    sun = wp.vec3(d.view[c, 19], d.view[c, 20], d.view[c, 21])
    sun_colour = wp.vec3(d.view[c, 22], d.view[c, 23], d.view[c, 24])
    sky = wp.vec3(d.view[c, 25], d.view[c, 26], d.view[c, 27])
    bounce = d.view[c, 28]
    m = spot.material
    p = spot.palette
    smooth = spot.normal
    n = smooth
    u = spot.cloth[0]
    v = spot.cloth[1]
    seed = int(d.palette[p, m, 16] * 1000.0) + 11
    albedo = row3(d.palette, p, m, 0)
    crease = float(1.0)
    soft = wp.vec3(0.25, 0.25, 0.25)  # how far light wraps around
    gloss = d.palette[p, m, 15]
    sharp = float(24.0)
    fuzz = float(0.03)
    if m == 0:
        albedo = skin_colour(d.palette, p, u, v)
        soft = wp.vec3(0.45, 0.28, 0.22)  # red light travels farther under the skin
        gloss = 0.035
        sharp = 9.0
        fuzz = 0.015
    elif is_cloth(m) > 0:
        w = pattern(d.palette, p, m, u, v, on_back(d, c, u))
        albedo = albedo * w[0]
        if w[0] != 1.0:
            albedo = (
                albedo
                + row3(d.palette, p, m, 3) * w[1]
                + row3(d.palette, p, m, 6) * w[2]
                + row3(d.palette, p, m, 19) * w[3]
            )
        f = folds(u, v, d.view[c, 29], seed)
        height = d.view[c, 37] * d.palette[p, m, 36]
        n = folded(n, f, 0.040 * height)
        sharp = wp.where(gloss > 0.05, 20.0, 7.0)
        crease = 1.0 + 0.35 * height * f[0]
    elif m == 5:
        if v < d.palette[p, m, 10]:
            albedo = row3(d.palette, p, m, 3)
    elif m == 6:
        albedo = albedo * (0.65 + 0.7 * noise(u * 320.0, v * 7.0, seed))
    elif m == 8:
        if wrap(v / 0.21) < 0.10:
            albedo = row3(d.palette, p, m, 3)
    elif m == 7:
        albedo = albedo * (0.9 + 0.2 * noise(spot.rest[0] * 120.0, spot.rest[2] * 120.0, seed))
    open_light = spot.open_light
    if spot.inside > 0:
        open_light = open_light * wp.where(m == 3, 0.65, 0.35)
    reach = d.view[c, 38] * spot.sunny * wp.min(1.0, 0.35 + open_light * 0.65)
    facing = wp.dot(n, sun)
    wrapped = wp.vec3(
        wp.max(0.0, (facing + soft[0]) / (1.0 + soft[0])),
        wp.max(0.0, (facing + soft[1]) / (1.0 + soft[1])),
        wp.max(0.0, (facing + soft[2]) / (1.0 + soft[2])),
    )
    up = 0.5 + 0.5 * n[2]
    ambient = sky * ((up + bounce * (1.0 - up)) * open_light)
    radiance = wp.cw_mul(albedo, ambient + wp.cw_mul(sun_colour, wrapped) * reach) * crease
    if reach > 0.0:
        half = wp.normalize(sun + spot.to_eye)
        bright = wp.max(wp.dot(n, half), 0.0)
        if m == 6:  # hair shines in a band across its strands
            along = half[2]
            bright = wp.sqrt(wp.max(0.0, 1.0 - along * along)) * wp.sqrt(wp.max(facing, 0.0))
        radiance = radiance + sun_colour * (wp.pow(bright, sharp) * reach * gloss * d.view[c, 39])
    grazing = 1.0 - wp.max(wp.dot(smooth, spot.to_eye), 0.0)
    return radiance + sky * (grazing * grazing * grazing * fuzz * open_light)


@wp.func
def floor_shadow(d: Stage, c: int, u: float, v: float, row2: int, column2: int) -> float:
    """Share of light left on the floor at frame pixel (u, v) by the cast shadow and under the feet."""
    ray = (
        wp.vec3(d.view[c, 6], d.view[c, 7], d.view[c, 8])
        + wp.vec3(d.view[c, 0], d.view[c, 1], d.view[c, 2]) * ((u - d.view[c, 13]) / d.view[c, 12])
        + wp.vec3(d.view[c, 3], d.view[c, 4], d.view[c, 5]) * ((v - d.view[c, 14]) / d.view[c, 12])
    )
    eye = wp.vec3(d.view[c, 9], d.view[c, 10], d.view[c, 11])
    g = eye + ray * (-eye[2] / wp.min(ray[2], -1.0e-4))
    dark = float(1.0)
    if d.view[c, 31] > 0.02:
        covered = float(0.0)
        for dy in range(-1, 2):
            for dx in range(-1, 2):
                sy = wp.clamp(row2 + dy, 0, d.shadow.shape[1] - 1)
                sx = wp.clamp(column2 + dx, 0, d.shadow.shape[2] - 1)
                covered = covered + float(d.shadow[c, sy, sx]) / 9.0
        dark = 1.0 - covered * d.view[c, 31]
    for k in range(2):
        fx = g[0] - d.view[c, 32 + 2 * k]
        fy = g[1] - d.view[c, 33 + 2 * k]
        r2 = fx * fx + fy * fy
        if r2 < 0.5:
            dark = dark * (1.0 - 0.42 * wp.exp(-r2 / 0.018) - 0.20 * wp.exp(-r2 / 0.12))
    return wp.max(dark, 0.12)


@wp.func
def vignette(d: Stage, c: int, u: float, v: float) -> float:
    """Light that reaches the sensor at frame pixel (u, v), relative to the middle of the frame."""
    x = u / d.view[c, 13] - 1.0
    y = v / d.view[c, 14] - 1.0
    return 1.0 - d.view[c, 40] * wp.min(0.5 * (x * x + y * y), 1.0)


@wp.func
def filled(d: Stage, c: int, x: int, y: int, depth: float) -> int:
    """1 where the four samples from (x, y) show one material before `depth`, so that two of them stand for all.

    2 where that material has neither pattern nor front, so that one of them will do; 0 elsewhere.
    """
    material = int(-1)
    whole = int(1)
    for k in range(4):
        key = d.keys[c, y + k // 2, x + k % 2]
        if key == EMPTY:
            whole = 0
        else:
            m = 256 * key_other(key) + d.materials[d.actors[key_actor(d.actors, c, key), 2] + key_triangle(key)]
            if key_depth(key) > depth + 0.05 or (material >= 0 and m != material):
                whole = 0
            material = m
    if whole == 1:
        pal = d.actors[c, 4]
        if material > 0 and material < 256 and d.palette[pal, material, 9] + d.palette[pal, material, 11] < 0.5:
            whole = 2
    return whole


@wp.kernel
def shade(
    d: Stage,
    frames: wp.array3d(dtype=wp.vec4),
    frame_height: int,
    frame_width: int,
    out: wp.array3d(dtype=wp.vec4),
):
    """Linear RGB and coverage of the four supersampled pixels of an output pixel; the background is taken once."""
    c, row2, column2 = wp.tid()
    y = 2 * row2
    x = 2 * column2
    u = d.view[c, 15] + (float(x) + 1.0) / d.view[c, 17]
    v = d.view[c, 16] + (float(y) + 1.0) / d.view[c, 18]
    back = sample_frame(frames, int(d.view[c, 30]), u, v, frame_height, frame_width)
    depth = wp.abs(back[3])
    whole = filled(d, c, x, y, depth)
    colour = wp.vec3(back[0], back[1], back[2])
    if back[3] < 0.0 and whole == 0:
        colour = colour * floor_shadow(d, c, u, v, row2, column2)
    empty = wp.vec4(colour[0], colour[1], colour[2], 0.0)
    corner = vignette(d, c, u, v)
    last = wp.where(whole == 2, 1, 4)
    mean = wp.vec4(0.0, 0.0, 0.0, 0.0)
    for k in range(last):
        sy = y + k // 2
        sx = x + k % 2
        if whole == 0 or k == 0 or k == 3:
            key = d.keys[c, sy, sx]
            pixel = empty
            if key != EMPTY:
                if key_depth(key) <= depth + 0.05:
                    lit = shade_person(d, locate(d, c, sx, sy, key))
                    pixel = wp.vec4(lit[0], lit[1], lit[2], wp.where(key_other(key) == 0, 1.0, 0.0))
            pixel = wp.vec4(pixel[0] * corner, pixel[1] * corner, pixel[2] * corner, pixel[3])
            out[c, sy, sx] = pixel
            mean = mean + 0.5 * pixel
    if whole == 2:
        mean = mean + mean
        out[c, y + 1, x + 1] = mean
    if whole > 0:
        out[c, y, x + 1] = mean
        out[c, y + 1, x] = mean
