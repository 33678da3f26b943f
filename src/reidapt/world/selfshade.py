"""warp kernels of the sun on a person: which vertices lie in the shadow of the person's own body.

A map of cells across the sun's direction keeps the vertex nearest to the sun; a vertex that lies clearly behind it is
shaded. Vertices are denser than the cells, so that points suffice where a shadow map would draw triangles.
"""
# mypy: ignore-errors
# ruff: noqa: UP018

from __future__ import annotations

from typing import Any

import warp as wp

from reidapt.world.shading import Drawn

wp.set_module_options({"enable_backward": False, "fast_math": False})

CELLS = 64
CELL = wp.constant(0.045)
"""Metres."""
HALF = wp.constant(32)
SLACK = wp.constant(0.07)
"""Metres behind the first surface before shade begins."""


@wp.func
def toward(d: Drawn, c: int, i: int) -> wp.vec3:
    """Cell coordinates of vertex `i` across the sun's direction, and metres towards the sun."""
    sun = wp.vec3(d.view[c, 19], d.view[c, 20], d.view[c, 21])
    right = wp.normalize(wp.cross(wp.vec3(0.01, 1.0, 0.0), sun))
    up = wp.cross(sun, right)
    feet = wp.vec3(0.5 * (d.view[c, 32] + d.view[c, 34]), 0.5 * (d.view[c, 33] + d.view[c, 35]), 0.9)
    p = d.place[c, i] - feet
    return wp.vec3(wp.dot(p, right) / CELL + float(HALF), wp.dot(p, up) / CELL + float(HALF), wp.dot(p, sun))


@wp.kernel
def splat(d: Drawn, nearest: wp.array3d(dtype=float)):
    c, i = wp.tid()
    if i >= d.crops[c, 1] or d.view[c, 38] < 0.2:
        return
    q = toward(d, c, i)
    x = int(wp.floor(q[0]))
    y = int(wp.floor(q[1]))
    if x >= 0 and y >= 0 and x < 2 * HALF and y < 2 * HALF:
        wp.atomic_max(nearest, c, y, x, q[2])


@wp.kernel
def reach(d: Drawn, nearest: wp.array3d(dtype=float), sunny: wp.array2d(dtype=float)):
    """Share of the sun at every vertex: the mean over the four cells around it, so that shadows have soft edges."""
    c, i = wp.tid()
    if i >= d.crops[c, 1]:
        return
    if d.view[c, 38] < 0.2:
        sunny[c, i] = 1.0
        return
    q = toward(d, c, i)
    x = int(wp.floor(q[0] - 0.5))
    y = int(wp.floor(q[1] - 0.5))
    total = float(0.0)
    for k in range(4):
        sx = wp.clamp(x + k % 2, 0, 2 * HALF - 1)
        sy = wp.clamp(y + k // 2, 0, 2 * HALF - 1)
        fx = q[0] - 0.5 - float(x)
        fy = q[1] - 0.5 - float(y)
        w = wp.where(k % 2 == 1, fx, 1.0 - fx) * wp.where(k // 2 == 1, fy, 1.0 - fy)
        behind = nearest[c, sy, sx] - q[2]
        total = total + w * wp.clamp((SLACK + 0.05 - behind) / 0.05, 0.0, 1.0)
    sunny[c, i] = total


def sunny(renderer: Any, drawn: Any, most_vertices: int) -> Any:
    """(C, V) float: share of the sun that reaches every vertex past the person's own body."""
    count = len(drawn.crops)
    nearest = wp.full((count, CELLS, CELLS), -10.0, dtype=wp.float32, device=renderer.device)
    share = wp.empty((count, most_vertices), dtype=wp.float32, device=renderer.device)
    dim = (count, most_vertices)
    wp.launch(splat, dim=dim, inputs=[drawn, nearest], device=renderer.device)
    wp.launch(reach, dim=dim, inputs=[drawn, nearest, share], device=renderer.device)
    return share
