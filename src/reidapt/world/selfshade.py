"""warp kernels of light on a person: how much of the sun and of the sky reaches a vertex past the person's own body.

A map of cells across a direction of light keeps the vertex nearest to the light; a vertex clearly behind it is shaded.
Vertices are about as dense as the cells, so that points do where a shadow map would draw triangles. Three slanting
directions stand for the sky.
"""
# mypy: ignore-errors
# ruff: noqa: UP018

from __future__ import annotations

from typing import Any

import warp as wp

from reidapt.world.stage import Stage

wp.set_module_options({"enable_backward": False, "fast_math": False})

SUN_CELLS = wp.constant(64)
SUN_CELL = wp.constant(0.045)
"""Metres."""
SKY_CELLS = wp.constant(40)
SKY_CELL = wp.constant(0.07)
SKY = 3
"""Directions of the sky."""


@wp.func
def middle(d: Stage, c: int) -> wp.vec3:
    """About the middle of actor `c`: below or above its first vertex."""
    return wp.vec3(d.place[c, 0][0], d.place[c, 0][1], 0.9)


@wp.func
def across(p: wp.vec3, light: wp.vec3) -> wp.vec3:
    """`p` metres across the direction of `light` (two), and towards it."""
    right = wp.normalize(wp.vec3(light[1], -light[0] - 0.001, 0.0))
    return wp.vec3(wp.dot(p, right), wp.dot(p, wp.cross(light, right)), wp.dot(p, light))


@wp.func
def cell_of(metres: float, size: float, cells: int) -> int:
    """The cell of a map of `cells` across its middle."""
    return int(wp.floor(metres / size)) + cells // 2


@wp.func
def sky_direction(k: int) -> wp.vec3:
    if k == 0:
        return wp.vec3(0.0, -0.6, 0.8)
    return wp.vec3(wp.where(k == 1, 0.52, -0.52), 0.3, 0.8)


@wp.kernel
def splat(d: Stage, chunk: int, sun_map: wp.array3d(dtype=float), sky_map: wp.array3d(dtype=float)):
    """Keep, per cell, how far towards the light the nearest vertex lies."""
    a, part = wp.tid()
    centre = middle(d, a)
    sun = wp.vec3(d.view[a, 19], d.view[a, 20], d.view[a, 21])
    shining = d.view[a, 38] >= 0.2
    for i in range(part * chunk, wp.min((part + 1) * chunk, d.actors[a, 1])):
        p = d.place[a, i] - centre
        if shining:
            q = across(p, sun)
            x = cell_of(q[0], SUN_CELL, SUN_CELLS)
            y = cell_of(q[1], SUN_CELL, SUN_CELLS)
            if x >= 0 and y >= 0 and x < SUN_CELLS and y < SUN_CELLS:
                wp.atomic_max(sun_map, a, y, x, q[2])
        if i % 2 == 0:  # half the vertices are dense enough for the sky's larger cells
            for k in range(3):
                s = across(p, sky_direction(k))
                x = cell_of(s[0], SKY_CELL, SKY_CELLS)
                y = cell_of(s[1], SKY_CELL, SKY_CELLS)
                if x >= 0 and y >= 0 and x < SKY_CELLS and y < SKY_CELLS:
                    wp.atomic_max(sky_map, a, k * SKY_CELLS + y, x, s[2])


@wp.kernel
def gather(
    d: Stage,
    chunk: int,
    sun_map: wp.array3d(dtype=float),
    sky_map: wp.array3d(dtype=float),
    reach: wp.array2d(dtype=wp.vec2),
):
    """Share of the sun (the mean of four cells, so that shadows have soft edges) and of the sky at every vertex."""
    a, part = wp.tid()
    centre = middle(d, a)
    light = wp.vec3(d.view[a, 19], d.view[a, 20], d.view[a, 21])
    shining = d.view[a, 38] >= 0.2
    for i in range(part * chunk, wp.min((part + 1) * chunk, d.actors[a, 1])):
        p = d.place[a, i] - centre
        sun = float(1.0)
        if shining:
            q = across(p, light)
            px = q[0] / SUN_CELL - 0.5
            py = q[1] / SUN_CELL - 0.5
            x = cell_of(px, 1.0, SUN_CELLS)
            y = cell_of(py, 1.0, SUN_CELLS)
            fx = px - float(x - SUN_CELLS // 2)
            fy = py - float(y - SUN_CELLS // 2)
            sun = 0.0
            for k in range(4):
                sx = wp.clamp(x + k % 2, 0, SUN_CELLS - 1)
                sy = wp.clamp(y + k // 2, 0, SUN_CELLS - 1)
                w = wp.where(k % 2 == 1, fx, 1.0 - fx) * wp.where(k // 2 == 1, fy, 1.0 - fy)
                sun = sun + w * wp.clamp((0.12 - (sun_map[a, sy, sx] - q[2])) / 0.05, 0.0, 1.0)
        sky = float(0.0)
        for k in range(3):
            s = across(p, sky_direction(k))
            sx = wp.clamp(cell_of(s[0], SKY_CELL, SKY_CELLS), 0, SKY_CELLS - 1)
            sy = wp.clamp(cell_of(s[1], SKY_CELL, SKY_CELLS), 0, SKY_CELLS - 1)
            sky = sky + wp.clamp((0.24 - (sky_map[a, k * SKY_CELLS + sy, sx] - s[2])) / 0.16, 0.0, 1.0)
        reach[a, i] = wp.vec2(sun, 0.5 + sky / 6.0)


def reach(stage: Any, chunk: int, device: str) -> Any:
    """(A, V) vec2: shares of the sun and of the sky that reach every vertex past the person's own body.

    A thread takes `chunk` vertices (see `kernels`).
    """
    actors, vertices = stage.place.shape
    sun_map = wp.full((actors, SUN_CELLS, SUN_CELLS), -10.0, dtype=wp.float32, device=device)
    sky_map = wp.full((actors, SKY * SKY_CELLS, SKY_CELLS), -10.0, dtype=wp.float32, device=device)
    share = wp.empty((actors, vertices), dtype=wp.vec2, device=device)
    dim = (actors, max(1, -(-vertices // chunk)))
    wp.launch(splat, dim=dim, inputs=[stage, chunk, sun_map, sky_map], device=device)
    wp.launch(gather, dim=dim, inputs=[stage, chunk, sun_map, sky_map, share], device=device)
    return share
