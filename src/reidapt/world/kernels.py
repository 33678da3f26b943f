"""warp kernels of geometry: skinning, outline, z-buffer rasteriser, cast shadow, and what of a person is visible.

One launch draws a whole batch; a thread reads and writes only what belongs to its own crop, so that a crop's bytes do
not depend on the batch it is in. The same kernels run on the CPU and on CUDA.

An *actor* is one person in one crop. The first C rows of the actor table (and of the view table) are the subjects of
the C crops, row = crop; the other people of a crop follow in consecutive rows. Columns of the actor table: 0 first
vertex, 1 vertices, 2 first triangle, 3 triangles, 4 palette, 5 crop, 6 row of the crop's first other actor. A key of the
z-buffer holds the depth's bits, then 8 bits of actor (0 = subject, 1 = first other), then 24 bits of triangle.
"""
# mypy: ignore-errors
# ruff: noqa: UP018

from __future__ import annotations

import warp as wp

wp.set_module_options({"enable_backward": False, "fast_math": False})

EMPTY = wp.constant(wp.uint64(0xFFFFFFFFFFFFFFFF))
"""Key of a pixel that no triangle covers."""


@wp.func
def project(view: wp.array2d(dtype=float), c: int, p: wp.vec3) -> wp.vec3:
    """World point -> column and row in frame pixels, and depth in metres."""
    r = wp.vec3(view[c, 0], view[c, 1], view[c, 2])
    d = wp.vec3(view[c, 3], view[c, 4], view[c, 5])
    f = wp.vec3(view[c, 6], view[c, 7], view[c, 8])
    q = p - wp.vec3(view[c, 9], view[c, 10], view[c, 11])
    z = wp.max(wp.dot(q, f), 1.0e-3)
    u = view[c, 13] + view[c, 12] * wp.dot(q, r) / z
    v = view[c, 14] + view[c, 12] * wp.dot(q, d) / z
    return wp.vec3(u, v, z)


@wp.func
def key_depth(key: wp.uint64) -> float:
    """Depth in metres of a z-buffer key."""
    return wp.cast(wp.uint32(key >> wp.uint64(32)), float)


@wp.func
def key_triangle(key: wp.uint64) -> int:
    """Triangle of a z-buffer key, counted within its actor."""
    return int(wp.uint32(key & wp.uint64(0xFFFFFF)))


@wp.func
def key_other(key: wp.uint64) -> int:
    """Which of the crop's actors a z-buffer key belongs to: 0 = subject."""
    return int(wp.uint32((key >> wp.uint64(24)) & wp.uint64(0xFF)))


@wp.func
def key_actor(actors: wp.array2d(dtype=int), c: int, key: wp.uint64) -> int:
    """Row of the actor table that a z-buffer key of crop `c` belongs to."""
    other = key_other(key)
    if other == 0:
        return c
    return actors[c, 6] + other - 1


@wp.kernel
def skin(
    vertices: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    bones: wp.array(dtype=wp.vec4i),
    weights: wp.array(dtype=wp.vec4),
    actors: wp.array2d(dtype=int),
    bone_transforms: wp.array3d(dtype=wp.vec4),  # (A, J, 3) rows of rest pose -> world
    view: wp.array2d(dtype=float),
    place: wp.array2d(dtype=wp.vec3),
    turned: wp.array2d(dtype=wp.vec3),
    screen: wp.array2d(dtype=wp.vec3),
    ground: wp.array2d(dtype=wp.vec3),
):
    a, i = wp.tid()
    if i >= actors[a, 1]:
        return
    row = actors[a, 0] + i
    v = vertices[row]
    n = normals[row]
    four = bones[row]
    share = weights[row]
    x = wp.vec4(0.0, 0.0, 0.0, 0.0)
    y = wp.vec4(0.0, 0.0, 0.0, 0.0)
    z = wp.vec4(0.0, 0.0, 0.0, 0.0)
    for k in range(4):
        w = share[k]
        if w > 0.0:
            b = four[k]
            x = x + w * bone_transforms[a, b, 0]
            y = y + w * bone_transforms[a, b, 1]
            z = z + w * bone_transforms[a, b, 2]
    p = wp.vec3(
        x[0] * v[0] + x[1] * v[1] + x[2] * v[2] + x[3],
        y[0] * v[0] + y[1] * v[1] + y[2] * v[2] + y[3],
        z[0] * v[0] + z[1] * v[1] + z[2] * v[2] + z[3],
    )
    m = wp.vec3(
        x[0] * n[0] + x[1] * n[1] + x[2] * n[2],
        y[0] * n[0] + y[1] * n[1] + y[2] * n[2],
        z[0] * n[0] + z[1] * n[1] + z[2] * n[2],
    )
    place[a, i] = p
    turned[a, i] = wp.normalize(m)
    screen[a, i] = project(view, a, p)
    if view[a, 31] > 0.02:  # where the sun puts it on the floor
        s = wp.vec3(view[a, 19], view[a, 20], view[a, 21])
        ground[a, i] = project(view, a, p - s * (wp.max(p[2], 0.0) / wp.max(s[2], 0.15)))


@wp.kernel
def outline(screen: wp.array2d(dtype=wp.vec3), actors: wp.array2d(dtype=int), bounds: wp.array2d(dtype=float)):
    """Left, top, right and bottom of every subject in the frame."""
    c = wp.tid()
    left = float(1.0e9)
    top = float(1.0e9)
    right = float(-1.0e9)
    bottom = float(-1.0e9)
    for i in range(actors[c, 1]):
        p = screen[c, i]
        left = wp.min(left, p[0])
        right = wp.max(right, p[0])
        top = wp.min(top, p[1])
        bottom = wp.max(bottom, p[1])
    bounds[c, 0] = left
    bounds[c, 1] = top
    bounds[c, 2] = right
    bounds[c, 3] = bottom


@wp.kernel
def to_crop(
    actors: wp.array2d(dtype=int),
    view: wp.array2d(dtype=float),
    screen: wp.array2d(dtype=wp.vec3),
    ground: wp.array2d(dtype=wp.vec3),
):
    """From frame pixels to the crop's supersampled pixels, in place."""
    a, i = wp.tid()
    if i >= actors[a, 1]:
        return
    p = screen[a, i]
    screen[a, i] = wp.vec3((p[0] - view[a, 15]) * view[a, 17], (p[1] - view[a, 16]) * view[a, 18], p[2])
    if view[a, 31] > 0.02:
        g = ground[a, i]
        ground[a, i] = wp.vec3((g[0] - view[a, 15]) * view[a, 17], (g[1] - view[a, 16]) * view[a, 18], g[2])


@wp.func
def edge(a: wp.vec3, b: wp.vec3, x: float, y: float) -> float:
    return (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])


@wp.func
def first_centre(a: float, b: float, c: float) -> int:
    """The first pixel whose centre is not below all three coordinates."""
    return int(wp.ceil(wp.min(a, wp.min(b, c)) - 0.5))


@wp.func
def last_centre(a: float, b: float, c: float) -> int:
    """The last pixel whose centre is not above all three coordinates."""
    return int(wp.floor(wp.max(a, wp.max(b, c)) - 0.5))


@wp.kernel
def rasterise(
    screen: wp.array2d(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    materials: wp.array(dtype=int),
    actors: wp.array2d(dtype=int),
    height: int,
    width: int,
    keys: wp.array3d(dtype=wp.uint64),
):
    """The nearest triangle of every pixel centre: minimum of (depth bits, actor, triangle) packed in 64 bits."""
    i, t = wp.tid()
    if t >= actors[i, 3]:
        return
    row = actors[i, 2] + t
    corner = triangles[row]
    a = screen[i, corner[0]]
    b = screen[i, corner[1]]
    d = screen[i, corner[2]]
    x0 = wp.max(first_centre(a[0], b[0], d[0]), 0)
    x1 = wp.min(last_centre(a[0], b[0], d[0]), width - 1)
    y0 = wp.max(first_centre(a[1], b[1], d[1]), 0)
    y1 = wp.min(last_centre(a[1], b[1], d[1]), height - 1)
    if x0 > x1 or y0 > y1:  # between pixel centres, or outside
        return
    area = edge(a, b, d[0], d[1])
    if wp.abs(area) < 1.0e-9:
        return
    if area > 0.0 and materials[row] == 0:  # skin is closed: its far side is never seen
        return
    c = actors[i, 5]
    low = wp.uint64(t)
    if i != c:
        low = low | (wp.uint64(i - actors[c, 6] + 1) << wp.uint64(24))
    share = 1.0 / area
    za = 1.0 / a[2]
    zb = 1.0 / b[2]
    zc = 1.0 / d[2]
    for y in range(y0, y1 + 1):
        py = float(y) + 0.5
        for x in range(x0, x1 + 1):
            px = float(x) + 0.5
            wa = edge(b, d, px, py) * share
            wb = edge(d, a, px, py) * share
            wc = 1.0 - wa - wb
            if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
                z = 1.0 / (wa * za + wb * zb + wc * zc)
                wp.atomic_min(keys, c, y, x, (wp.uint64(wp.cast(z, wp.uint32)) << wp.uint64(32)) | low)


@wp.kernel
def cast_shadow(
    screen: wp.array2d(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    actors: wp.array2d(dtype=int),
    view: wp.array2d(dtype=float),
    height: int,
    width: int,
    shadow: wp.array3d(dtype=wp.uint8),
):
    """Marks the pixels (at half the resolution) that a person's projection on the floor covers."""
    i, t = wp.tid()
    if t >= actors[i, 3] or view[i, 31] <= 0.02:
        return
    corner = triangles[actors[i, 2] + t]
    a = screen[i, corner[0]] * 0.5
    b = screen[i, corner[1]] * 0.5
    d = screen[i, corner[2]] * 0.5
    x0 = wp.max(first_centre(a[0], b[0], d[0]), 0)
    x1 = wp.min(last_centre(a[0], b[0], d[0]), width - 1)
    y0 = wp.max(first_centre(a[1], b[1], d[1]), 0)
    y1 = wp.min(last_centre(a[1], b[1], d[1]), height - 1)
    if x0 > x1 or y0 > y1:
        return
    area = edge(a, b, d[0], d[1])
    if wp.abs(area) < 1.0e-6:
        return
    c = actors[i, 5]
    share = 1.0 / area
    for y in range(y0, y1 + 1):
        for x in range(x0, x1 + 1):
            px = float(x) + 0.5
            py = float(y) + 0.5
            wa = edge(b, d, px, py) * share
            wb = edge(d, a, px, py) * share
            if wa >= 0.0 and wb >= 0.0 and wa + wb <= 1.0:
                shadow[c, y, x] = wp.uint8(1)
