"""warp kernels of geometry: skinning, outline, z-buffer rasteriser and cast shadow.

One launch draws a whole batch; a thread reads and writes only what belongs to its own crop, so that a crop's bytes do
not depend on the batch it is in. The same kernels run on the CPU and on CUDA.
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


@wp.kernel
def skin(
    vertices: wp.array(dtype=wp.vec3),
    normals: wp.array(dtype=wp.vec3),
    bones: wp.array2d(dtype=int),
    weights: wp.array2d(dtype=float),
    crops: wp.array2d(dtype=int),  # (C, 5) first vertex, vertices, first triangle, triangles, palette
    bone_transforms: wp.array3d(dtype=float),  # (C, J, 12)
    view: wp.array2d(dtype=float),
    place: wp.array2d(dtype=wp.vec3),
    turned: wp.array2d(dtype=wp.vec3),
    screen: wp.array2d(dtype=wp.vec3),
    ground: wp.array2d(dtype=wp.vec3),
):
    c, i = wp.tid()
    if i >= crops[c, 1]:
        return
    row = crops[c, 0] + i
    v = vertices[row]
    n = normals[row]
    p = wp.vec3(0.0, 0.0, 0.0)
    m = wp.vec3(0.0, 0.0, 0.0)
    for k in range(4):
        w = weights[row, k]
        if w > 0.0:
            b = bones[row, k]
            a0 = wp.vec3(bone_transforms[c, b, 0], bone_transforms[c, b, 1], bone_transforms[c, b, 2])
            a1 = wp.vec3(bone_transforms[c, b, 4], bone_transforms[c, b, 5], bone_transforms[c, b, 6])
            a2 = wp.vec3(bone_transforms[c, b, 8], bone_transforms[c, b, 9], bone_transforms[c, b, 10])
            t = wp.vec3(bone_transforms[c, b, 3], bone_transforms[c, b, 7], bone_transforms[c, b, 11])
            p = p + w * (wp.vec3(wp.dot(a0, v), wp.dot(a1, v), wp.dot(a2, v)) + t)
            m = m + w * wp.vec3(wp.dot(a0, n), wp.dot(a1, n), wp.dot(a2, n))
    place[c, i] = p
    turned[c, i] = wp.normalize(m)
    screen[c, i] = project(view, c, p)
    s = wp.vec3(view[c, 19], view[c, 20], view[c, 21])  # towards the sun
    ground[c, i] = project(view, c, p - s * (wp.max(p[2], 0.0) / wp.max(s[2], 0.15)))


@wp.kernel
def outline(screen: wp.array2d(dtype=wp.vec3), crops: wp.array2d(dtype=int), bounds: wp.array2d(dtype=float)):
    """Left, top, right and bottom of every person in the frame."""
    c = wp.tid()
    left = float(1.0e9)
    top = float(1.0e9)
    right = float(-1.0e9)
    bottom = float(-1.0e9)
    for i in range(crops[c, 1]):
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
    crops: wp.array2d(dtype=int),
    view: wp.array2d(dtype=float),
    screen: wp.array2d(dtype=wp.vec3),
    ground: wp.array2d(dtype=wp.vec3),
):
    """From frame pixels to the crop's supersampled pixels, in place."""
    c, i = wp.tid()
    if i >= crops[c, 1]:
        return
    p = screen[c, i]
    screen[c, i] = wp.vec3((p[0] - view[c, 15]) * view[c, 17], (p[1] - view[c, 16]) * view[c, 18], p[2])
    g = ground[c, i]
    ground[c, i] = wp.vec3((g[0] - view[c, 15]) * view[c, 17], (g[1] - view[c, 16]) * view[c, 18], g[2])


@wp.func
def edge(a: wp.vec3, b: wp.vec3, x: float, y: float) -> float:
    return (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])


@wp.kernel
def rasterise(
    screen: wp.array2d(dtype=wp.vec3),
    triangles: wp.array2d(dtype=int),
    materials: wp.array(dtype=int),
    crops: wp.array2d(dtype=int),
    height: int,
    width: int,
    keys: wp.array3d(dtype=wp.uint64),
):
    """The nearest triangle of every pixel centre: minimum of (depth bits, triangle) packed in 64 bits."""
    c, t = wp.tid()
    if t >= crops[c, 3]:
        return
    row = crops[c, 2] + t
    a = screen[c, triangles[row, 0]]
    b = screen[c, triangles[row, 1]]
    d = screen[c, triangles[row, 2]]
    area = edge(a, b, d[0], d[1])
    if wp.abs(area) < 1.0e-9:
        return
    if area > 0.0 and materials[row] == 0:  # skin is closed: its far side is never seen
        return
    x0 = wp.max(int(wp.ceil(wp.min(a[0], wp.min(b[0], d[0])) - 0.5)), 0)
    x1 = wp.min(int(wp.floor(wp.max(a[0], wp.max(b[0], d[0])) - 0.5)), width - 1)
    y0 = wp.max(int(wp.ceil(wp.min(a[1], wp.min(b[1], d[1])) - 0.5)), 0)
    y1 = wp.min(int(wp.floor(wp.max(a[1], wp.max(b[1], d[1])) - 0.5)), height - 1)
    for y in range(y0, y1 + 1):
        for x in range(x0, x1 + 1):
            px = float(x) + 0.5
            py = float(y) + 0.5
            wa = edge(b, d, px, py) / area
            wb = edge(d, a, px, py) / area
            wc = 1.0 - wa - wb
            if wa >= 0.0 and wb >= 0.0 and wc >= 0.0:
                z = 1.0 / (wa / a[2] + wb / b[2] + wc / d[2])
                key = (wp.uint64(wp.cast(z, wp.uint32)) << wp.uint64(32)) | wp.uint64(t)
                wp.atomic_min(keys, c, y, x, key)


@wp.kernel
def cast_shadow(
    screen: wp.array2d(dtype=wp.vec3),
    triangles: wp.array2d(dtype=int),
    crops: wp.array2d(dtype=int),
    view: wp.array2d(dtype=float),
    height: int,
    width: int,
    shadow: wp.array3d(dtype=wp.uint8),
):
    """Marks the pixels (at half the resolution) that the person's projection on the floor covers."""
    c, t = wp.tid()
    if t >= crops[c, 3] or view[c, 31] <= 0.02:
        return
    row = crops[c, 2] + t
    a = screen[c, triangles[row, 0]] * 0.5
    b = screen[c, triangles[row, 1]] * 0.5
    d = screen[c, triangles[row, 2]] * 0.5
    area = edge(a, b, d[0], d[1])
    if wp.abs(area) < 1.0e-6:
        return
    x0 = wp.max(int(wp.ceil(wp.min(a[0], wp.min(b[0], d[0])) - 0.5)), 0)
    x1 = wp.min(int(wp.floor(wp.max(a[0], wp.max(b[0], d[0])) - 0.5)), width - 1)
    y0 = wp.max(int(wp.ceil(wp.min(a[1], wp.min(b[1], d[1])) - 0.5)), 0)
    y1 = wp.min(int(wp.floor(wp.max(a[1], wp.max(b[1], d[1])) - 0.5)), height - 1)
    for y in range(y0, y1 + 1):
        for x in range(x0, x1 + 1):
            px = float(x) + 0.5
            py = float(y) + 0.5
            wa = edge(b, d, px, py) / area
            wb = edge(d, a, px, py) / area
            if wa >= 0.0 and wb >= 0.0 and wa + wb <= 1.0:
                shadow[c, y, x] = wp.uint8(1)
