"""warp kernels of sketches: what an artist draws of a person, with pencil on paper.

`trace` notes for every sample what is there; `pencil` draws lines where that changes, hatches what is dark and smudges
what lies in shade, with a hand that is never quite steady; `scan` averages the samples to pixels of paper. Colours enter
as five steps of darkness and in no other way.
"""
# mypy: ignore-errors
# ruff: noqa: UP018

from __future__ import annotations

import warp as wp

from reidapt.world.kernels import EMPTY
from reidapt.world.procedural import noise, wrap
from reidapt.world.shading import Drawn, depth_of, face, folded, folds, is_cloth, locate, on_back, pattern

wp.set_module_options({"enable_backward": False, "fast_math": False})

HAND = 16
"""Columns of the table of hands: 0 seed; 1 half width of a line, share of the height; 2 wobble of a line, 3 of the whole
figure, shares of the height; 4 strength of a second stroke; 5 share of the lines that is missing; 6 strength of hatching;
7 its angle in radians; 8 distance of its lines, share of the height; 9 strength of smudged tone; 10 pattern lines; 11 fold
lines; 12 darkness of the pencil; 13 tone of the paper; 14 its grain; 15 whether dark cloth is hatched twice."""


@wp.kernel
def trace(d: Drawn, out: wp.array3d(dtype=wp.vec4)):
    """What is where: a number that differs between parts (−1 for nothing), depth in m, darkness, and light on the form."""
    c, y, x = wp.tid()
    key = d.keys[c, y, x]
    if key == EMPTY:
        out[c, y, x] = wp.vec4(-1.0, 1.0e4, 0.0, 1.0)
        return
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
            dark = wp.max(wp.max(0.95 * seen.eye, 0.8 * seen.brow), wp.max(0.55 * seen.mouth, 0.35 * seen.nose))
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
    out[c, y, x] = wp.vec4(part, depth_of(key), dark, form)


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
def stroke(
    traced: wp.array3d(dtype=wp.vec4), hand: wp.array2d(dtype=float), c: int, x: float, y: float, seed: int, tall: float
) -> float:
    """Ink of one pass of the pencil along all lines, at sample (x, y)."""
    wave = 9.0 / tall
    sway = 2.0 * hand[c, 2] * tall
    qx = x + sway * (noise(x * wave, y * wave, seed) - 0.5)
    qy = y + sway * (noise(x * wave, y * wave, seed + 1) - 0.5)
    reach = wp.max(hand[c, 1] * tall, 0.6) * (0.7 + 0.6 * noise(x * wave * 0.5, y * wave * 0.5, seed + 2))
    here = at_sample(traced, c, qx, qy)
    ink = change(here, at_sample(traced, c, qx + reach, qy), hand[c, 10], hand[c, 11])
    ink = wp.max(ink, change(here, at_sample(traced, c, qx - reach, qy), hand[c, 10], hand[c, 11]))
    ink = wp.max(ink, change(here, at_sample(traced, c, qx, qy + reach), hand[c, 10], hand[c, 11]))
    ink = wp.max(ink, change(here, at_sample(traced, c, qx, qy - reach), hand[c, 10], hand[c, 11]))
    if ink > 0.0:
        gap = noise(x * 20.0 / tall, y * 20.0 / tall, seed + 3)
        ink = ink * wp.clamp((gap - hand[c, 5]) * 8.0, 0.06, 1.0) * (0.75 + 0.35 * noise(x, y, seed + 4))
    return ink


@wp.func
def hatch(x: float, y: float, angle: float, spacing: float, seed: int, tall: float) -> float:
    """Ink of parallel lines, 0..1."""
    along = x * wp.cos(angle) + y * wp.sin(angle)
    across = y * wp.cos(angle) - x * wp.sin(angle)
    sway = noise(along * 8.0 / tall, across * 5.0 / tall, seed) * 0.9
    t = wrap(across / spacing + sway) - 0.5
    press = 0.55 + 0.6 * noise(along * 14.0 / tall, wp.floor(across / spacing + sway) * 3.7, seed + 1)
    return wp.clamp(1.6 - 5.0 * wp.abs(t), 0.0, 1.0) * press


@wp.kernel
def pencil(traced: wp.array3d(dtype=wp.vec4), hand: wp.array2d(dtype=float), out: wp.array3d(dtype=wp.vec2)):
    """Ink 0..1 and coverage of every sample."""
    c, row, column = wp.tid()
    tall = float(traced.shape[1])
    seed = int(hand[c, 0])
    x = float(column)
    y = float(row)
    # the figure as a whole comes out a little different
    drift = 2.0 * hand[c, 3] * tall
    cell = 3.0 / tall
    x = x + drift * (noise(x * cell, y * cell, seed + 20) - 0.5)
    y = y + drift * (noise(x * cell, y * cell, seed + 21) - 0.5)
    here = at_sample(traced, c, x, y)
    ink = stroke(traced, hand, c, x, y, seed, tall)
    if hand[c, 4] > 0.0:
        ink = wp.max(ink, hand[c, 4] * stroke(traced, hand, c, x, y, seed + 40, tall))
    part = int(here[0])
    if part >= 0:
        if part < 16:  # a face is drawn, not hatched
            ink = wp.max(ink, here[2] * 0.9)
        else:
            spacing = wp.max(hand[c, 8] * tall, 3.0)
            shade = wp.clamp((0.55 - here[3]) * 2.0, 0.0, 1.0)
            wanted = wp.clamp(1.5 * (here[2] - 0.35), 0.0, 1.0) + 0.45 * shade
            if wanted > 0.05 and hand[c, 6] > 0.0:
                lines = hatch(x, y, hand[c, 7], spacing, seed + 60, tall) * wp.min(wanted * 1.3, 1.0)
                if here[2] > 0.8 and hand[c, 15] > 0.5:
                    lines = wp.max(lines, 0.9 * hatch(x, y, hand[c, 7] + 1.2, spacing, seed + 70, tall))
                ink = wp.max(ink, lines * hand[c, 6])
            smudge = hand[c, 9] * (0.75 * here[2] * here[2] + 0.35 * shade) * (0.8 + 0.4 * noise(x * 0.6, y * 0.6, seed + 80))
            ink = ink + smudge * (1.0 - ink)
    out[c, row, column] = wp.vec2(wp.clamp(ink, 0.0, 1.0), wp.where(part >= 0, 1.0, 0.0))


@wp.kernel
def scan(
    drawn: wp.array3d(dtype=wp.vec2),
    hand: wp.array2d(dtype=float),
    seeds: wp.array(dtype=int),
    rgb: wp.array4d(dtype=wp.uint8),
    mask: wp.array3d(dtype=wp.uint8),
):
    """Grey levels of the sheet of paper, and the figure's mask."""
    c, y, x = wp.tid()
    total = 0.25 * (
        drawn[c, 2 * y, 2 * x] + drawn[c, 2 * y, 2 * x + 1] + drawn[c, 2 * y + 1, 2 * x] + drawn[c, 2 * y + 1, 2 * x + 1]
    )
    state = wp.rand_init(seeds[c], y * 4096 + x)
    grain = wp.randf(state) + wp.randf(state) - 1.0
    light = hand[c, 13] + hand[c, 14] * (grain + 1.5 * (noise(float(x) * 0.02, float(y) * 0.02, seeds[c]) - 0.5))
    value = light * (1.0 - hand[c, 12] * wp.clamp(total[0] * (1.0 + 0.35 * grain), 0.0, 1.0))
    level = wp.uint8(wp.clamp(value * 255.0 + 0.5, 0.0, 255.0))
    rgb[c, y, x, 0] = level
    rgb[c, y, x, 1] = level
    rgb[c, y, x, 2] = level
    mask[c, y, x] = wp.uint8(total[1] * 255.0 + 0.5)
