"""What the kernels that give a batch its light have in common: its arrays, and what is seen at one sample."""
# mypy: ignore-errors
# ruff: noqa: UP018, RUF046

from __future__ import annotations

import warp as wp

from reidapt.world.kernels import EMPTY, edge, key_actor, key_depth, key_other, key_triangle

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
def on_back(d: Stage, c: int, u: float) -> float:
    return wp.where(wp.abs(u) > d.view[c, 36], 1.0, 0.0)
