"""warp kernels of sketches: what an artist draws of a person, with pencil on paper.

`trace` notes for every sample what is there; `pencil` draws lines where that changes, hatches what is dark and smudges
what lies in shade, with a hand that is never quite steady. Colours enter as five steps of darkness and in no other way.
"""
# mypy: ignore-errors
# ruff: noqa: UP018, RUF046

from __future__ import annotations

import warp as wp

from reidapt.world.cloth import face, folded, folds, is_cloth, pattern
from reidapt.world.kernels import EMPTY, key_depth
from reidapt.world.procedural import noise, wrap
from reidapt.world.stage import Stage, filled, locate, on_back

wp.set_module_options({"enable_backward": False, "fast_math": False})

TILE = wp.constant(16)

HAND = 16
"""Columns of the table of hands: 0 seed; 1 half width of a line, share of the height; 2 wobble of a line, 3 of the whole
figure, shares of the height; 4 strength of a second stroke; 5 share of the lines that is missing; 6 strength of hatching;
7 its angle in radians; 8 distance of its lines, share of the height; 9 strength of smudged tone; 10 pattern lines; 11 fold
lines; 12 darkness of the pencil; 13 tone of the paper; 14 its grain; 15 whether dark cloth is hatched twice."""


@wp.func
def traced_at(d: Stage, c: int, x: int, y: int) -> wp.vec4:
    """A number that differs between parts (−1 for nothing), depth in m, darkness, and light on the form."""
    key = d.keys[c, y, x]
    if key == EMPTY:
        return wp.vec4(-1.0, 1.0e4, 0.0, 1.0)
    spot = locate(d, c, x, y, key)
    m = spot.material
    p = spot.palette
    u = spot.cloth[0]
    v = spot.cloth[1]
    n = spot.normal
    dark = d.palette[p, m, 31]
    part = float(16 * m)
    if m == 0:
        dark = 0.0
        if u < 5.0:
            seen = face(u, v)
            dark = wp.max(wp.max(0.95 * seen.eye, 0.8 * seen.brow), wp.max(0.5 * seen.mouth, 0.14 * seen.nose))
            dark = wp.max(dark, 0.7 * d.palette[p, 0, 10] * seen.jaw * (0.5 + 0.5 * noise(u * 300.0, v * 300.0, 3)))
    elif is_cloth(m) > 0:
        w = pattern(d.palette, p, m, u, v, on_back(d, c, u))
        best = w[0]
        which = int(0)
        for k in range(1, 4):
            if w[k] > best:
                best = w[k]
                which = k
        dark = d.palette[p, m, 31 + which]
        if w[0] + w[1] + w[2] + w[3] < 0.6:
            which = 4
        part = part + float(which)
        f = folds(u, v, d.view[c, 29], int(d.palette[p, m, 16] * 1000.0) + 11)
        n = folded(n, f, 0.020 * d.palette[p, m, 36])
        if f[0] > 0.62:  # the ridge of a deep fold
            part = part + 8.0
    elif m == 5:
        if v < d.palette[p, m, 10]:
            part = part + 1.0
            dark = d.palette[p, m, 32]
    elif m == 6:
        streak = noise(u * 160.0, v * 5.0, int(d.palette[p, m, 16] * 1000.0))
        dark = dark * (0.55 + 0.45 * streak)
    if spot.inside > 0:
        dark = wp.min(1.0, dark + 0.35)
    light = wp.normalize(wp.vec3(0.45, -0.7, 0.55))
    form = wp.clamp(0.5 + 0.5 * wp.dot(n, light), 0.0, 1.0) * (0.5 + 0.5 * spot.open_light)
    return wp.vec4(part, key_depth(key), dark, form)


@wp.kernel
def trace(d: Stage, out: wp.array3d(dtype=wp.vec4)):
    """What is where, for the four samples of every pixel; where they show one material, two stand for all."""
    c, row2, column2 = wp.tid()
    y = 2 * row2
    x = 2 * column2
    whole = filled(d, c, x, y, 1.0e5)
    for k in range(4):
        sy = y + k // 2
        sx = x + k % 2
        if whole == 0 or k == 0 or k == 3:
            seen = traced_at(d, c, sx, sy)
            out[c, sy, sx] = seen
            if whole > 0:
                out[c, sy, x + 1 - k % 2] = seen


@wp.kernel
def mark_tiles(traced: wp.array3d(dtype=wp.vec4), out: wp.array3d(dtype=wp.uint8)):
    """1 for the tiles of `TILE` samples that hold something."""
    c, row, column = wp.tid()
    last_row = wp.min((row + 1) * TILE, traced.shape[1])
    last_column = wp.min((column + 1) * TILE, traced.shape[2])
    found = int(0)
    for y in range(row * TILE, last_row):
        for x in range(column * TILE, last_column):
            if traced[c, y, x][0] >= 0.0:
                found = 1
    out[c, row, column] = wp.uint8(found)


@wp.func
def near_figure(tiles: wp.array3d(dtype=wp.uint8), c: int, y: float, x: float) -> int:
    """1 where something lies within a tile of (x, y)."""
    row = int(y) // TILE
    column = int(x) // TILE
    found = int(0)
    for i in range(wp.max(row - 1, 0), wp.min(row + 2, tiles.shape[1])):
        for j in range(wp.max(column - 1, 0), wp.min(column + 2, tiles.shape[2])):
            if tiles[c, i, j] > wp.uint8(0):
                found = 1
    return found


@wp.func
def change(a: wp.vec4, b: wp.vec4, patterns: float, creases: float) -> float:
    """Strength of the line between two neighbouring samples."""
    here = int(a[0])
    there = int(b[0])
    if here < 0 and there < 0:
        return 0.0
    if here < 0 or there < 0:
        return 1.0
    strength = float(0.0)
    if here // 16 != there // 16:
        strength = 0.85
    elif wp.abs(a[1] - b[1]) > 0.05:
        strength = 0.8
    elif here % 8 != there % 8:
        strength = patterns
    elif here != there:
        strength = creases
    if wp.abs(a[3] - b[3]) > 0.22:
        strength = wp.max(strength, creases)
    return strength


@wp.func
def at_sample(traced: wp.array3d(dtype=wp.vec4), c: int, x: float, y: float) -> wp.vec4:
    ix = wp.clamp(int(wp.floor(x + 0.5)), 0, traced.shape[2] - 1)
    iy = wp.clamp(int(wp.floor(y + 0.5)), 0, traced.shape[1] - 1)
    return traced[c, iy, ix]


@wp.func
def outline(
    traced: wp.array3d(dtype=wp.vec4), c: int, x: float, y: float, reach: float, patterns: float, creases: float
) -> float:
    """Strength of the lines within `reach` of sample (x, y)."""
    here = at_sample(traced, c, x, y)
    ink = change(here, at_sample(traced, c, x + reach, y), patterns, creases)
    ink = wp.max(ink, change(here, at_sample(traced, c, x, y + reach), patterns, creases))
    # a fold is drawn from one side, as an open arc
    ink = wp.max(ink, change(here, at_sample(traced, c, x - reach, y), patterns, 0.0))
    return wp.max(ink, change(here, at_sample(traced, c, x, y - reach), patterns, 0.0))


@wp.func
def stroke(
    traced: wp.array3d(dtype=wp.vec4), hand: wp.array2d(dtype=float), c: int, x: float, y: float, seed: int, tall: float
) -> float:
    """Ink of one pass of the pencil along all lines, mean of the four samples around (x, y)."""
    wave = 9.0 / tall
    sway = 2.0 * hand[c, 2] * tall
    qx = x + sway * (noise(x * wave, y * wave, seed) - 0.5)
    qy = y + sway * (noise(x * wave, y * wave, seed + 1) - 0.5)
    reach = wp.max(hand[c, 1] * tall, 0.6) * (0.7 + 0.6 * noise(x * wave * 0.5, y * wave * 0.5, seed + 2))
    ink = float(0.0)
    for k in range(4):
        sx = qx + float(k % 2) - 0.5
        sy = qy + float(k // 2) - 0.5
        ink = ink + 0.25 * outline(traced, c, sx, sy, reach, hand[c, 10], hand[c, 11])
    if ink > 0.0:
        gap = noise(x * 20.0 / tall, y * 20.0 / tall, seed + 3)
        ink = ink * wp.clamp((gap - hand[c, 5]) * 8.0, 0.06, 1.0) * (0.75 + 0.35 * noise(x, y, seed + 4))
    return ink


@wp.func
def hatch(x: float, y: float, angle: float, spacing: float, seed: int, tall: float) -> float:
    """Ink of parallel lines, mean of the four samples around (x, y)."""
    right = wp.cos(angle)
    down = wp.sin(angle)
    along = x * right + y * down
    across = (y * right - x * down) / spacing
    sway = noise(along * 8.0 / tall, across * 5.0 * spacing / tall, seed) * 0.9
    press = 0.55 + 0.6 * noise(along * 14.0 / tall, wp.floor(across + sway) * 3.7, seed + 1)
    ink = float(0.0)
    for k in range(4):
        step = ((float(k // 2) - 0.5) * right - (float(k % 2) - 0.5) * down) / spacing
        t = wrap(across + step + sway) - 0.5
        ink = ink + 0.25 * wp.clamp(1.6 - 5.0 * wp.abs(t), 0.0, 1.0)
    return ink * press


@wp.func
def drawn_ink(traced: wp.array3d(dtype=wp.vec4), hand: wp.array2d(dtype=float), c: int, x: float, y: float) -> wp.vec2:
    """Ink 0..1 and coverage of the pixel around sample (x, y)."""
    tall = float(traced.shape[1])
    seed = int(hand[c, 0])
    ink = stroke(traced, hand, c, x, y, seed, tall)
    if hand[c, 4] > 0.05:
        ink = wp.max(ink, hand[c, 4] * stroke(traced, hand, c, x, y, seed + 40, tall))
    covered = float(0.0)
    tone = float(0.0)
    dark = float(0.0)
    form = float(0.0)
    cloth = float(0.0)
    for k in range(4):
        here = at_sample(traced, c, x + float(k % 2) - 0.5, y + float(k // 2) - 0.5)
        if here[0] >= 0.0:
            covered = covered + 0.25
            if here[0] < 16.0:  # a face is drawn, not hatched
                tone = tone + 0.225 * here[2]
            else:
                cloth = cloth + 0.25
                dark = dark + 0.25 * here[2]
                form = form + 0.25 * here[3]
    ink = wp.max(ink, tone)
    if cloth > 0.0:
        dark = dark / cloth
        shade = wp.clamp((0.55 - form / cloth) * 2.0, 0.0, 1.0)
        wanted = wp.clamp(1.5 * (dark - 0.35), 0.0, 1.0) * (1.35 - 0.75 * form / cloth) + 0.45 * shade
        if wanted > 0.05 and hand[c, 6] > 0.0:
            spacing = wp.max(hand[c, 8] * tall, 3.0)
            lines = hatch(x, y, hand[c, 7], spacing, seed + 60, tall) * wp.min(wanted * 1.3, 1.0)
            if dark > 0.8 and hand[c, 15] > 0.5:
                lines = wp.max(lines, 0.9 * hatch(x, y, hand[c, 7] + 1.2, spacing, seed + 70, tall))
            ink = wp.max(ink, lines * hand[c, 6] * cloth)
        smudge = (
            hand[c, 9]
            * (dark * dark * (1.1 - 0.7 * form / cloth) + 0.35 * shade)
            * (0.8 + 0.4 * noise(x * 0.6, y * 0.6, seed + 80))
        )
        ink = ink + smudge * cloth * (1.0 - ink)
    return wp.vec2(wp.clamp(ink, 0.0, 1.0), covered)


@wp.kernel
def pencil(
    traced: wp.array3d(dtype=wp.vec4),
    tiles: wp.array3d(dtype=wp.uint8),
    hand: wp.array2d(dtype=float),
    seeds: wp.array(dtype=int),
    rgb: wp.array4d(dtype=wp.uint8),
    mask: wp.array3d(dtype=wp.uint8),
):
    """Grey levels of the sheet of paper with the drawing, and the figure's mask."""
    c, row, column = wp.tid()
    tall = float(traced.shape[1])
    seed = int(hand[c, 0])
    x = float(2 * column) + 0.5
    y = float(2 * row) + 0.5
    # the figure as a whole comes out a little different
    drift = 2.0 * hand[c, 3] * tall
    cell = 3.0 / tall
    x = x + drift * (noise(x * cell, y * cell, seed + 20) - 0.5)
    y = y + drift * (noise(x * cell, y * cell, seed + 21) - 0.5)
    ink = wp.vec2(0.0, 0.0)
    if near_figure(tiles, c, wp.clamp(y, 0.0, tall - 1.0), wp.clamp(x, 0.0, float(traced.shape[2]) - 1.0)) > 0:
        ink = drawn_ink(traced, hand, c, x, y)
    state = wp.rand_init(seeds[c], row * 4096 + column)
    grain = wp.randf(state) + wp.randf(state) - 1.0
    uneven = noise(float(column) * 0.02, float(row) * 0.02, seeds[c]) - 0.5
    light = hand[c, 13] + hand[c, 14] * (grain + 1.5 * uneven)
    value = light * (1.0 - hand[c, 12] * wp.clamp(ink[0] * (1.0 + 0.35 * grain), 0.0, 1.0))
    level = wp.uint8(wp.clamp(value * 255.0 + 0.5, 0.0, 255.0))
    rgb[c, row, column, 0] = level
    rgb[c, row, column, 1] = level
    rgb[c, row, column, 2] = level
    mask[c, row, column] = wp.uint8(ink[1] * 255.0 + 0.5)
