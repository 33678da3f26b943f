"""warp kernels that measure a drawn crop: the subject's visible pixels, its whole silhouette, body parts and depth."""
# mypy: ignore-errors
# ruff: noqa: UP018, RUF046

from __future__ import annotations

import warp as wp

from reidapt.world.kernels import CLOSED, EMPTY, edge, first_centre, key_depth, key_other, key_triangle, last_centre

wp.set_module_options({"enable_backward": False, "fast_math": False})


@wp.kernel
def silhouette(
    screen: wp.array2d(dtype=wp.vec3),
    triangles: wp.array(dtype=wp.vec3i),
    materials: wp.array(dtype=int),
    actors: wp.array2d(dtype=int),
    asked: wp.array2d(dtype=int),  # (S, 2) crop, and whether pixels inside the crop are wanted too
    chunk: int,
    height: int,
    width: int,
    top: int,
    left: int,
    covered: wp.array3d(dtype=wp.uint8),
):
    """Marks the subject's pixels as if nothing were in front and the crop did not end.

    `covered` (S, rows, columns) is on the crop's pixel grid; the crop's first pixel lies at (top, left) in it. The
    arithmetic is that of `kernels.rasterise`, so that both cover the same pixels.
    """
    bottom = covered.shape[1] - top
    right = covered.shape[2] - left
    s, part = wp.tid()
    c = asked[s, 0]
    first = actors[c, 2]
    for t in range(part * chunk, wp.min((part + 1) * chunk, actors[c, 3])):
        corner = triangles[first + t]
        a = screen[c, corner[0]]
        b = screen[c, corner[1]]
        d = screen[c, corner[2]]
        area = edge(a, b, d[0], d[1])
        if wp.abs(area) >= 1.0e-9 and (area < 0.0 or ((CLOSED >> materials[first + t]) & 1) == 0):
            x0 = first_centre(a[0], b[0], d[0], -left)
            x1 = last_centre(a[0], b[0], d[0], right - 1)
            y0 = first_centre(a[1], b[1], d[1], -top)
            y1 = last_centre(a[1], b[1], d[1], bottom - 1)
            if asked[s, 1] == 1 or x0 < 0 or y0 < 0 or x1 >= width or y1 >= height:
                share = 1.0 / area
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
                            covered[s, y + top, x + left] = wp.uint8(1)


@wp.func
def frame_depth(
    view: wp.array2d(dtype=float), frames: wp.array3d(dtype=wp.vec4), c: int, row: int, column: int
) -> float:
    """Depth in metres of the empty frame behind output pixel (row, column) of crop `c`."""
    u = view[c, 15] + (2.0 * float(column) + 1.0) / view[c, 17]
    v = view[c, 16] + (2.0 * float(row) + 1.0) / view[c, 18]
    x = wp.clamp(u - 0.5, 0.0, float(frames.shape[2]) - 1.001)
    y = wp.clamp(v - 0.5, 0.0, float(frames.shape[1]) - 1.001)
    near = frames[int(view[c, 30]), int(y + 0.5), int(x + 0.5)]
    return wp.abs(near[3])


@wp.kernel
def count(
    keys: wp.array3d(dtype=wp.uint64),
    view: wp.array2d(dtype=float),
    frames: wp.array3d(dtype=wp.vec4),
    counts: wp.array2d(dtype=int),
):
    """Per crop (C, 2): supersampled pixels of the subject that no person hides, and those that the scene hides too."""
    c, row = wp.tid()
    mine = int(0)
    hidden = int(0)
    for column in range(keys.shape[2] // 2):
        found = int(0)
        lost = int(0)
        depth = float(-1.0)
        for k in range(4):
            key = keys[c, 2 * row + k // 2, 2 * column + k % 2]
            if key != EMPTY and key_other(key) == 0:
                if depth < 0.0:
                    depth = frame_depth(view, frames, c, row, column)
                found = found + 1
                if key_depth(key) > depth + 0.05:
                    lost = lost + 1
        mine = mine + found
        hidden = hidden + lost
    wp.atomic_add(counts, c, 0, mine)
    wp.atomic_add(counts, c, 1, hidden)


@wp.kernel
def label(
    keys: wp.array3d(dtype=wp.uint64),
    view: wp.array2d(dtype=float),
    frames: wp.array3d(dtype=wp.vec4),
    actors: wp.array2d(dtype=int),
    parts: wp.array(dtype=int),
    part: wp.array3d(dtype=wp.uint8),
    depth: wp.array3d(dtype=wp.uint16),
):
    """Body part of the subject (0 elsewhere) and depth in millimetres of what is seen, per output pixel."""
    c, row, column = wp.tid()
    back = frame_depth(view, frames, c, row, column)
    nearest = back
    which = int(0)
    votes = int(0)
    for k in range(4):
        key = keys[c, 2 * row + k // 2, 2 * column + k % 2]
        if key != EMPTY:
            z = key_depth(key)
            if z <= back + 0.05:
                nearest = wp.min(nearest, z)
                if key_other(key) == 0:
                    votes = votes + 1
                    if which == 0:
                        which = parts[actors[c, 2] + key_triangle(key)]
    if votes >= 2:
        part[c, row, column] = wp.uint8(which)
    else:
        part[c, row, column] = wp.uint8(0)
    depth[c, row, column] = wp.uint16(wp.clamp(nearest * 1000.0 + 0.5, 0.0, 65535.0))
