"""The warp kernel of what is in the air of a picture: haze before the people, falling rain and snow."""
# mypy: ignore-errors
# ruff: noqa: UP018, SIM102

from __future__ import annotations

import warp as wp

from reidapt.world.kernels import EMPTY, key_depth
from reidapt.world.procedural import hash2, wrap

wp.set_module_options({"enable_backward": False, "fast_math": False})

AIR_COLUMNS = 9
"""Columns of a crop's row: colour of the air 3, extinction per metre, rain, flakes, seed, 1 where the empty frame has no
haze yet, brightness of what falls relative to the air."""


@wp.func
def rain(x: float, y: float, seed: int) -> float:
    """Brightness 0..1 of a falling drop's streak at (x, y) metres in a plane across the view."""
    a = (x + 0.12 * y) / 0.03
    column = int(wp.floor(a))
    b = y / 0.40 + 7.0 * hash2(column, 1, seed)
    if hash2(column, int(wp.floor(b)), seed) > 0.16:
        return 0.0
    along = wrap(b)
    return wp.max(1.0 - 3.0 * wp.abs(wrap(a) - 0.5), 0.0) * along * (1.0 - along) * 4.0


@wp.func
def flake(x: float, y: float, cell: float, seed: int) -> float:
    """Opacity 0..1 of a falling flake at (x, y) metres in a plane across the view, one in some cells."""
    i = int(wp.floor(x / cell))
    j = int(wp.floor(y / cell))
    k = hash2(i, j, seed)
    if k > 0.45:
        return 0.0
    dx = wrap(x / cell) - 0.25 - 0.5 * hash2(i, j, seed + 1)
    dy = wrap(y / cell) - 0.25 - 0.5 * hash2(i, j, seed + 2)
    return wp.clamp(1.6 - wp.length(wp.vec2(dx, dy * 0.8)) / (0.06 + 0.25 * k), 0.0, 1.0)


@wp.kernel
def veil(
    keys: wp.array3d(dtype=wp.uint64),
    view: wp.array2d(dtype=float),
    air: wp.array2d(dtype=float),
    frames: wp.array3d(dtype=wp.vec4),
    image: wp.array3d(dtype=wp.vec4),
):
    """Adds the air to the four supersampled pixels of an output pixel, in place.

    An empty frame in colour has its haze already: there only people get theirs here. Coverage stays as it is.
    """
    c, row, column = wp.tid()
    thick = air[c, 3]
    drops = air[c, 4]
    flakes = air[c, 5]
    if thick <= 0.0 and drops <= 0.0 and flakes <= 0.0:
        return
    tone = wp.vec3(air[c, 0], air[c, 1], air[c, 2])
    fall = float(0.0)
    if drops + flakes > 0.0:  # in metres of a plane six metres before the camera
        seed = int(air[c, 6])
        x = (view[c, 15] + (float(2 * column) + 1.0) / view[c, 17] - view[c, 13]) / view[c, 12] * 6.0
        y = (view[c, 16] + (float(2 * row) + 1.0) / view[c, 18] - view[c, 14]) / view[c, 12] * 6.0
        if drops > 0.0:
            fall = 0.20 * drops * (rain(x, y, seed) + 0.7 * rain(x * 1.9, y * 1.9, seed + 9))
        if flakes > 0.0:
            near = wp.max(flake(x, y, 0.16, seed), 0.8 * flake(x, y, 0.07, seed + 4))
            fall = wp.max(fall, 0.6 * flakes * near)
    light = tone * air[c, 8]
    u = view[c, 15] + (float(2 * column) + 1.0) / view[c, 17]
    v = view[c, 16] + (float(2 * row) + 1.0) / view[c, 18]
    i = wp.clamp(int(v), 0, frames.shape[1] - 1)
    j = wp.clamp(int(u), 0, frames.shape[2] - 1)
    depth = wp.abs(frames[int(view[c, 30]), i, j][3])
    for k in range(4):
        sy = 2 * row + k // 2
        sx = 2 * column + k % 2
        pixel = image[c, sy, sx]
        colour = wp.vec3(pixel[0], pixel[1], pixel[2])
        key = keys[c, sy, sx]
        if thick > 0.0:
            z = depth * air[c, 7]
            if key != EMPTY:
                if key_depth(key) <= depth + 0.05:
                    z = key_depth(key)
            if z > 0.0:
                share = 1.0 - wp.exp(-thick * z)
                colour = colour * (1.0 - share) + tone * share
        colour = colour * (1.0 - fall) + light * fall
        image[c, sy, sx] = wp.vec4(colour[0], colour[1], colour[2], pixel[3])
