"""warp kernels of geometry: skinning, outline, z-buffer rasteriser, cast shadow, and what of a person is visible.

One launch draws a whole batch; a thread reads and writes only what belongs to its own crop, so that a crop's bytes do
not depend on the batch it is in. The same kernels run on the CPU and on CUDA.

An *actor* is one person in one crop. The first C rows of the actor table (and of the view table) are the subjects of
the C crops, row = crop; the other people of a crop follow in consecutive rows. Columns of the actor table: 0 first
vertex, 1 vertices, 2 first triangle, 3 triangles, 4 palette, 5 crop, 6 row of the crop's first other actor. A key of the
z-buffer holds the bits of 1/depth, then 8 bits of actor (0 = subject, 1 = first other), then 24 bits of triangle: the
largest key is what is nearest, and no key is 0.

Threads of `skin`, `rasterise`, `cast_shadow` and `silhouette` take `chunk` vertices or triangles of an actor one after
the other: 1 on CUDA; many on the CPU, where what they share is then read once.
"""
# mypy: ignore-errors
# ruff: noqa: UP018

from __future__ import annotations

import warp as wp

wp.set_module_options({"enable_backward": False, "fast_math": False})

EMPTY = wp.constant(wp.uint64(0))
"""Key of a pixel that no triangle covers."""

CLOSED = wp.constant(0b00110000111)
"""Materials (skin, top, sleeve, hat, bag) whose inside is never seen: bit = row of the palette."""


@wp.func
def key_depth(key: wp.uint64) -> float:
    """Depth in metres of a z-buffer key that is not EMPTY."""
    return 1.0 / wp.cast(wp.uint32(key >> wp.uint64(32)), float)


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
    chunk: int,
    place: wp.array2d(dtype=wp.vec3),
    turned: wp.array2d(dtype=wp.vec3),
    screen: wp.array2d(dtype=wp.vec3),
    ground: wp.array2d(dtype=wp.vec3),
):
    """World position and normal of every vertex, and where it and its shadow on the floor are in the frame."""
    a, part = wp.tid()
    first = actors[a, 0]
    rotation = wp.mat33(
        view[a, 0], view[a, 1], view[a, 2], view[a, 3], view[a, 4], view[a, 5], view[a, 6], view[a, 7], view[a, 8]
    )
    eye = wp.vec3(view[a, 9], view[a, 10], view[a, 11])
    focal = view[a, 12]
    u = view[a, 13]
    v = view[a, 14]
    sun = wp.vec3(view[a, 19], view[a, 20], view[a, 21])
    sun = sun / wp.max(sun[2], 0.15)
    shadowed = view[a, 31] > 0.02
    for i in range(part * chunk, wp.min((part + 1) * chunk, actors[a, 1])):
        vertex = vertices[first + i]
        normal = normals[first + i]
        four = bones[first + i]
        share = weights[first + i]
        x = share[0] * bone_transforms[a, four[0], 0]
        y = share[0] * bone_transforms[a, four[0], 1]
        z = share[0] * bone_transforms[a, four[0], 2]
        for k in range(1, 4):
            w = share[k]
            if w > 0.0:
                x = x + w * bone_transforms[a, four[k], 0]
                y = y + w * bone_transforms[a, four[k], 1]
                z = z + w * bone_transforms[a, four[k], 2]
        p = wp.vec3(
            x[0] * vertex[0] + x[1] * vertex[1] + x[2] * vertex[2] + x[3],
            y[0] * vertex[0] + y[1] * vertex[1] + y[2] * vertex[2] + y[3],
            z[0] * vertex[0] + z[1] * vertex[1] + z[2] * vertex[2] + z[3],
        )
        place[a, i] = p
        turned[a, i] = wp.normalize(
            wp.vec3(
                x[0] * normal[0] + x[1] * normal[1] + x[2] * normal[2],
                y[0] * normal[0] + y[1] * normal[1] + y[2] * normal[2],
                z[0] * normal[0] + z[1] * normal[1] + z[2] * normal[2],
            )
        )
        q = rotation * (p - eye)
        depth = wp.max(q[2], 1.0e-3)
        scale = focal / depth
        screen[a, i] = wp.vec3(u + scale * q[0], v + scale * q[1], depth)
        if shadowed:
            q = rotation * (p - sun * wp.max(p[2], 0.0) - eye)
            depth = wp.max(q[2], 1.0e-3)
            scale = focal / depth
            ground[a, i] = wp.vec3(u + scale * q[0], v + scale * q[1], depth)


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
def first_centre(a: float, b: float, c: float, least: int) -> int:
    """The first pixel from `least` on whose centre is not below all three coordinates."""
    low = wp.max(wp.min(a, wp.min(b, c)) - 0.5, float(least))
    whole = int(low + 4096.0) - 4096  # rounds down, negative numbers too
    if float(whole) < low:
        whole = whole + 1
    return whole


@wp.func
def last_centre(a: float, b: float, c: float, most: int) -> int:
    """The last pixel up to `most` whose centre is not above all three coordinates."""
    high = wp.clamp(wp.max(a, wp.max(b, c)) - 0.5, -4096.0, float(most))
    whole = int(high + 4096.0) - 4096
    if float(whole) > high:
        whole = whole - 1
    return whole


@wp.kernel
def rasterise(
    screen: wp.array2d(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    materials: wp.array(dtype=int),
    actors: wp.array2d(dtype=int),
    chunk: int,
    height: int,
    width: int,
    keys: wp.array3d(dtype=wp.uint64),
):
    """The nearest triangle of every pixel centre: maximum of (bits of 1/depth, actor, triangle) packed in 64 bits."""
    i, part = wp.tid()
    c = actors[i, 5]
    first = actors[i, 2]
    actor = wp.uint64(0)
    if i != c:
        actor = wp.uint64(i - actors[c, 6] + 1) << wp.uint64(24)
    for t in range(part * chunk, wp.min((part + 1) * chunk, actors[i, 3])):
        corner = triangles[first + t]
        a = screen[i, corner[0]]
        b = screen[i, corner[1]]
        d = screen[i, corner[2]]
        area = edge(a, b, d[0], d[1])
        if wp.abs(area) >= 1.0e-9 and (area < 0.0 or ((CLOSED >> materials[first + t]) & 1) == 0):
            x0 = first_centre(a[0], b[0], d[0], 0)
            x1 = last_centre(a[0], b[0], d[0], width - 1)
            y0 = first_centre(a[1], b[1], d[1], 0)
            y1 = last_centre(a[1], b[1], d[1], height - 1)
            if x0 <= x1 and y0 <= y1:
                share = 1.0 / area
                zc = 1.0 / d[2]
                za = 1.0 / a[2] - zc
                zb = 1.0 / b[2] - zc
                low = actor | wp.uint64(t)
                across_a = (b[1] - d[1]) * share
                across_b = (d[1] - a[1]) * share
                for y in range(y0, y1 + 1):
                    py = float(y) + 0.5
                    row_a = edge(b, d, 0.5, py) * share
                    row_b = edge(d, a, 0.5, py) * share
                    for x in range(x0, x1 + 1):
                        wa = row_a + float(x) * across_a
                        wb = row_b + float(x) * across_b
                        if wa >= -1.0e-6 and wb >= -1.0e-6 and wa + wb <= 1.000001:
                            near = wp.cast(zc + wa * za + wb * zb, wp.uint32)
                            wp.atomic_max(keys, c, y, x, (wp.uint64(near) << wp.uint64(32)) | low)


@wp.kernel
def cast_shadow(
    screen: wp.array2d(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    actors: wp.array2d(dtype=int),
    view: wp.array2d(dtype=float),
    chunk: int,
    height: int,
    width: int,
    shadow: wp.array3d(dtype=wp.uint8),
):
    """Marks the pixels (at half the resolution) that a person's projection on the floor covers."""
    i, part = wp.tid()
    if view[i, 31] <= 0.02:
        return
    c = actors[i, 5]
    for t in range(part * chunk, wp.min((part + 1) * chunk, actors[i, 3])):
        corner = triangles[actors[i, 2] + t]
        a = screen[i, corner[0]] * 0.5
        b = screen[i, corner[1]] * 0.5
        d = screen[i, corner[2]] * 0.5
        area = edge(a, b, d[0], d[1])
        if area <= -1.0e-6:  # the side that faces the light has the outline of both
            x0 = first_centre(a[0], b[0], d[0], 0)
            x1 = last_centre(a[0], b[0], d[0], width - 1)
            y0 = first_centre(a[1], b[1], d[1], 0)
            y1 = last_centre(a[1], b[1], d[1], height - 1)
            for y in range(y0, y1 + 1):
                py = float(y) + 0.5
                row_a = edge(b, d, 0.5, py)
                row_b = edge(d, a, 0.5, py)
                for x in range(x0, x1 + 1):
                    wa = row_a + float(x) * (b[1] - d[1])
                    wb = row_b + float(x) * (d[1] - a[1])
                    if wa <= 0.0 and wb <= 0.0 and wa + wb >= area:
                        shadow[c, y, x] = wp.uint8(1)
