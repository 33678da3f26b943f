"""warp kernels that give people colour in visible light."""
# mypy: ignore-errors
# ruff: noqa: UP018, SIM102

from __future__ import annotations

import warp as wp

from reidapt.world.cloth import face, folded, folds, is_cloth, pattern
from reidapt.world.kernels import EMPTY, key_depth, key_other
from reidapt.world.procedural import noise, wrap
from reidapt.world.stage import Spot, Stage, filled, floor_shadow, locate, on_back, sample_frame, vignette

wp.set_module_options({"enable_backward": False, "fast_math": False})


@wp.func
def row3(palette: wp.array3d(dtype=float), p: int, m: int, k: int) -> wp.vec3:
    return wp.vec3(palette[p, m, k], palette[p, m, k + 1], palette[p, m, k + 2])


@wp.func
def skin_colour(palette: wp.array3d(dtype=float), p: int, x: float, z: float) -> wp.vec3:
    """Albedo of skin; around the eyes a face."""
    base = row3(palette, p, 0, 0)
    if x > 5.0:
        return base
    hair = row3(palette, p, 0, 3)
    f = face(x, z)
    colour = base * ((1.0 - 0.30 * f.socket) * (1.0 - 0.25 * f.nose))
    colour = colour * (1.0 - 0.80 * f.eye) + wp.vec3(0.01, 0.01, 0.01) * (0.80 * f.eye)
    colour = colour * (1.0 - 0.65 * f.brow) + hair * (0.65 * f.brow)
    lips = wp.vec3(base[0] * 0.80, base[1] * 0.42, base[2] * 0.42)
    colour = colour * (1.0 - 0.7 * f.mouth) + lips * (0.7 * f.mouth)
    amount = palette[p, 0, 10] * f.jaw * (1.0 - 0.6 * f.mouth)
    return colour * (1.0 - amount) + hair * amount


@wp.func
def shade_person(d: Stage, spot: Spot) -> wp.vec3:
    """Linear RGB of a person at `spot`."""
    c = spot.actor
    sun = wp.vec3(d.view[c, 19], d.view[c, 20], d.view[c, 21])
    sun_colour = wp.vec3(d.view[c, 22], d.view[c, 23], d.view[c, 24])
    sky = wp.vec3(d.view[c, 25], d.view[c, 26], d.view[c, 27])
    bounce = d.view[c, 28]
    m = spot.material
    p = spot.palette
    smooth = spot.normal
    n = smooth
    u = spot.cloth[0]
    v = spot.cloth[1]
    seed = int(d.palette[p, m, 16] * 1000.0) + 11
    albedo = row3(d.palette, p, m, 0)
    crease = float(1.0)
    soft = wp.vec3(0.25, 0.25, 0.25)  # how far light wraps around
    gloss = d.palette[p, m, 15]
    sharp = float(24.0)
    fuzz = float(0.03)
    if m == 0:
        albedo = skin_colour(d.palette, p, u, v)
        soft = wp.vec3(0.45, 0.28, 0.22)  # red light travels farther under the skin
        gloss = 0.035
        sharp = 9.0
        fuzz = 0.015
    elif is_cloth(m) > 0:
        w = pattern(d.palette, p, m, u, v, on_back(d, c, u))
        albedo = albedo * w[0]
        if w[0] != 1.0:
            albedo = (
                albedo
                + row3(d.palette, p, m, 3) * w[1]
                + row3(d.palette, p, m, 6) * w[2]
                + row3(d.palette, p, m, 19) * w[3]
            )
        f = folds(u, v, d.view[c, 29], seed)
        height = d.view[c, 37] * d.palette[p, m, 36]
        n = folded(n, f, 0.040 * height)
        sharp = wp.where(gloss > 0.05, 20.0, 7.0)
        crease = 1.0 + 0.35 * height * f[0]
    elif m == 5:
        if v < d.palette[p, m, 10]:
            albedo = row3(d.palette, p, m, 3)
    elif m == 6:
        albedo = albedo * (0.65 + 0.7 * noise(u * 320.0, v * 7.0, seed))
    elif m == 8:
        if wrap(v / 0.21) < 0.10:
            albedo = row3(d.palette, p, m, 3)
    elif m == 7:
        albedo = albedo * (0.9 + 0.2 * noise(spot.rest[0] * 120.0, spot.rest[2] * 120.0, seed))
    open_light = spot.open_light
    if spot.inside > 0:
        open_light = open_light * wp.where(m == 3, 0.65, 0.35)
    reach = d.view[c, 38] * spot.sunny * wp.min(1.0, 0.35 + open_light * 0.65)
    facing = wp.dot(n, sun)
    wrapped = wp.vec3(
        wp.max(0.0, (facing + soft[0]) / (1.0 + soft[0])),
        wp.max(0.0, (facing + soft[1]) / (1.0 + soft[1])),
        wp.max(0.0, (facing + soft[2]) / (1.0 + soft[2])),
    )
    up = 0.5 + 0.5 * n[2]
    ambient = sky * ((up + bounce * (1.0 - up)) * open_light)
    radiance = wp.cw_mul(albedo, ambient + wp.cw_mul(sun_colour, wrapped) * reach) * crease
    if reach > 0.0:
        half = wp.normalize(sun + spot.to_eye)
        bright = wp.max(wp.dot(n, half), 0.0)
        if m == 6:  # hair shines in a band across its strands
            along = half[2]
            bright = wp.sqrt(wp.max(0.0, 1.0 - along * along)) * wp.sqrt(wp.max(facing, 0.0))
        radiance = radiance + sun_colour * (wp.pow(bright, sharp) * reach * gloss * d.view[c, 39])
    grazing = 1.0 - wp.max(wp.dot(smooth, spot.to_eye), 0.0)
    return radiance + sky * (grazing * grazing * grazing * fuzz * open_light)


@wp.kernel
def shade(
    d: Stage,
    frames: wp.array3d(dtype=wp.vec4),
    frame_height: int,
    frame_width: int,
    chunk: int,
    out: wp.array3d(dtype=wp.vec4),
):
    """Linear RGB and coverage of the four supersampled pixels of an output pixel; the background is taken once.

    A thread takes `chunk` pixels of a row (see `kernels`).
    """
    c, row2, part = wp.tid()
    for column2 in range(part * chunk, wp.min((part + 1) * chunk, out.shape[2] // 2)):
        y = 2 * row2
        x = 2 * column2
        u = d.view[c, 15] + (float(x) + 1.0) / d.view[c, 17]
        v = d.view[c, 16] + (float(y) + 1.0) / d.view[c, 18]
        back = sample_frame(frames, int(d.view[c, 30]), u, v, frame_height, frame_width)
        depth = wp.abs(back[3])
        whole = filled(d, c, x, y, depth)
        colour = wp.vec3(back[0], back[1], back[2])
        if back[3] < 0.0 and whole == 0:
            colour = colour * floor_shadow(d, c, u, v, row2, column2)
        empty = wp.vec4(colour[0], colour[1], colour[2], 0.0)
        corner = vignette(d, c, u, v)
        last = wp.where(whole == 2, 1, 4)
        mean = wp.vec4(0.0, 0.0, 0.0, 0.0)
        for k in range(last):
            sy = y + k // 2
            sx = x + k % 2
            if whole == 0 or k == 0 or k == 3:
                key = d.keys[c, sy, sx]
                pixel = empty
                if key != EMPTY:
                    if key_depth(key) <= depth + 0.05:
                        lit = shade_person(d, locate(d, c, sx, sy, key))
                        pixel = wp.vec4(lit[0], lit[1], lit[2], wp.where(key_other(key) == 0, 1.0, 0.0))
                pixel = wp.vec4(pixel[0] * corner, pixel[1] * corner, pixel[2] * corner, pixel[3])
                out[c, sy, sx] = pixel
                mean = mean + 0.5 * pixel
        if whole == 2:
            mean = mean + mean
            out[c, y + 1, x + 1] = mean
        if whole > 0:
            out[c, y, x + 1] = mean
            out[c, y + 1, x] = mean
