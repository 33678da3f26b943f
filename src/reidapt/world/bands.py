"""warp kernels of near infrared and thermal pictures: people before a camera's empty frame (`bandframes`).

A picture holds reflected light at 850 nm, or the temperature in °C between the ends of the camera's automatic gain. What
things are made of decides both; no visible colour enters (`fabrics`).
"""
# mypy: ignore-errors
# ruff: noqa: UP018, SIM102

from __future__ import annotations

import warp as wp

from reidapt.world.cloth import face, folded, folds, is_cloth, pattern
from reidapt.world.kernels import EMPTY, key_depth, key_other
from reidapt.world.procedural import noise
from reidapt.world.stage import Spot, Stage, filled, floor_shadow, locate, on_back, sample_frame, vignette

wp.set_module_options({"enable_backward": False, "fast_math": False})

BAND = 12
"""Columns of the band table: 0 what is seen (0 near infrared, 1 temperature); 1 lamp beside the lens (light on a facing
surface at 1 m); 2 sharpness of the lamp's beam; 3 sun; 4 sky; 5 air in °C; 6-7 °C shown black and white; 8 °C of the sky;
9 °C that the sun adds."""


@wp.func
def beam(forward: wp.vec3, to_eye: wp.vec3, sharpness: float) -> float:
    """Light of the lamp off its axis, relative to the axis."""
    off = 1.0 + sharpness * (1.0 + wp.dot(forward, to_eye))
    return 1.0 / (off * off)


@wp.func
def reflectance(d: Stage, spot: Spot) -> float:
    """Near-infrared reflectance of a person at `spot`."""
    c = spot.actor
    m = spot.material
    p = spot.palette
    u = spot.cloth[0]
    v = spot.cloth[1]
    r = d.palette[p, m, 24]
    if m == 0:
        if u < 5.0:
            hair = d.palette[p, 0, 25]
            f = face(u, v)
            r = r * (1.0 - 0.18 * f.socket) * (1.0 - 0.10 * f.nose) * (1.0 - 0.18 * f.mouth)
            r = r * (1.0 - 0.80 * f.eye) + 0.04 * f.eye
            r = r + (hair - r) * wp.min(1.0, 0.55 * f.brow + d.palette[p, 0, 10] * f.jaw * (1.0 - 0.6 * f.mouth))
    elif is_cloth(m) > 0:
        w = pattern(d.palette, p, m, u, v, on_back(d, c, u))
        r = w[0] * r + w[1] * d.palette[p, m, 25] + w[2] * d.palette[p, m, 26] + w[3] * d.palette[p, m, 27]
    elif m == 5:
        if v < d.palette[p, m, 10]:
            r = d.palette[p, m, 25]
    elif m == 6:
        r = r * (0.75 + 0.5 * noise(u * 320.0, v * 7.0, int(d.palette[p, m, 16] * 1000.0) + 11))
    return r


@wp.func
def strip(m: int, u: float, v: float) -> float:
    """1 on the retro-reflective strip of a garment, a bag or a shoe."""
    if m == 1 and wp.abs(v - 0.36) < 0.018:
        return 1.0
    if m == 4 and wp.abs(v - 0.72) < 0.015:
        return 1.0
    if m == 8 and wp.abs(v - 0.24) < 0.016:
        return 1.0
    if m == 5 and v > 0.035 and v < 0.06 and u < 0.06:
        return 1.0
    return 0.0


@wp.func
def infrared_of(d: Stage, crop: int, spot: Spot, band: wp.array2d(dtype=float)) -> float:
    """Near-infrared light from a person at `spot`."""
    c = spot.actor
    m = spot.material
    p = spot.palette
    u = spot.cloth[0]
    v = spot.cloth[1]
    n = spot.normal
    crease = float(1.0)
    if is_cloth(m) > 0:
        f = folds(u, v, d.view[c, 29], int(d.palette[p, m, 16] * 1000.0) + 11)
        height = d.view[c, 37] * d.palette[p, m, 36]
        n = folded(n, f, 0.016 * height)
        crease = 1.0 + 0.35 * height * f[0]
    open_light = spot.open_light
    if spot.inside > 0:
        open_light = 0.4 * open_light
    up = 0.5 + 0.5 * n[2]
    light = band[crop, 4] * (up + 0.6 * (1.0 - up)) * open_light
    shine = float(0.0)
    if band[crop, 1] > 0.0:
        forward = wp.vec3(d.view[c, 6], d.view[c, 7], d.view[c, 8])
        facing = wp.max(wp.dot(n, spot.to_eye), 0.0)
        lamp = band[crop, 1] / (spot.away * spot.away) * beam(forward, spot.to_eye, band[crop, 2])
        light = light + lamp * (0.15 + 0.85 * facing) * (0.6 + 0.4 * open_light)
        if facing > 0.9:
            near = (facing - 0.9) * 10.0
            shine = lamp * d.palette[p, m, 28] * 2.0 * near * near
        if d.palette[p, m, 30] > 0.0:
            shine = shine + lamp * d.palette[p, m, 30] * 1.6 * strip(m, u, v)
    if band[crop, 3] > 0.0:
        sun = wp.vec3(d.view[c, 19], d.view[c, 20], d.view[c, 21])
        wrapped = wp.max(0.0, (wp.dot(n, sun) + 0.25) / 1.25) * d.view[c, 38] * spot.sunny
        light = light + band[crop, 3] * wrapped * wp.min(1.0, 0.35 + open_light * 0.65)
    return reflectance(d, spot) * light * crease + shine


@wp.func
def warmth_of(d: Stage, crop: int, spot: Spot, band: wp.array2d(dtype=float)) -> float:
    """Temperature in °C of a person's surface at `spot`."""
    c = spot.actor
    m = spot.material
    p = spot.palette
    u = spot.cloth[0]
    v = spot.cloth[1]
    air = band[crop, 5]
    share = d.palette[p, m, 29]
    body = float(33.6)
    closed = 1.0 - spot.open_light
    if m == 0:
        limb = wp.clamp((wp.abs(spot.rest[0]) - 0.22) / 0.40, 0.0, 1.0)
        if spot.rest[2] < 0.9:
            limb = wp.clamp((0.9 - spot.rest[2]) / 0.8, 0.0, 1.0)
        share = 0.97 - 0.22 * limb
        if u < 5.0:
            seen = face(u, v)
            chill = wp.clamp((30.0 - air) / 15.0, 0.0, 1.0)
            body = 34.4 + 0.9 * seen.socket + 0.3 * seen.mouth - 2.2 * seen.nose * chill
            share = 0.98 - 0.25 * d.palette[p, 0, 10] * seen.jaw
    elif is_cloth(m) > 0 or m == 3:
        # cloth lies on the shoulders and wherever folds touch the body; elsewhere air keeps it cool
        touch = wp.clamp(spot.normal[2] * 1.2, 0.0, 1.0)
        f = folds(u, v, d.view[c, 29], int(d.palette[p, m, 16] * 1000.0) + 11)
        share = share * (1.0 + 0.18 * touch - 0.16 * f[0]) + 0.25 * closed * (1.0 - share)
        w = wp.vec4(1.0, 0.0, 0.0, 0.0)
        if m == 1 and int(d.palette[p, m, 11]) == 2:
            w = pattern(d.palette, p, m, u, v, on_back(d, c, u))
        share = share + w[3] * (wp.max(share, 0.72) - share)
        if spot.inside > 0:
            share = wp.max(share, 0.6)
    elif m == 6:
        share = share * (1.0 + 0.5 * wp.clamp((0.10 - v) / 0.10, 0.0, 1.0)) + 0.12 * closed
    share = wp.clamp(share, 0.0, 1.0)
    sun = wp.vec3(d.view[c, 19], d.view[c, 20], d.view[c, 21])
    warmed = band[crop, 9] * wp.max(wp.dot(spot.normal, sun), 0.0) * d.view[c, 38] * spot.sunny * (1.0 - share)
    grazing = 1.0 - wp.max(wp.dot(spot.normal, spot.to_eye), 0.0)
    edge = grazing * grazing * grazing * 0.06  # at grazing angles a surface mirrors what is around it
    return air + (body - air) * share * (1.0 - edge) + warmed


@wp.func
def shown(band: wp.array2d(dtype=float), c: int, value: float) -> float:
    """What the picture holds of a frame's or person's value: light as it is, temperature between the gain's ends."""
    if band[c, 0] < 0.5:
        return value
    return wp.clamp((value - band[c, 6]) / (band[c, 7] - band[c, 6]), -0.1, 1.15)


@wp.func
def person_value(d: Stage, c: int, spot: Spot, band: wp.array2d(dtype=float)) -> float:
    if band[c, 0] < 0.5:
        return infrared_of(d, c, spot, band)
    return shown(band, c, warmth_of(d, c, spot, band))


@wp.kernel
def shade_band(
    d: Stage,
    frames: wp.array3d(dtype=wp.vec4),
    frame_height: int,
    frame_width: int,
    band: wp.array2d(dtype=float),
    chunk: int,
    out: wp.array3d(dtype=wp.vec4),
):
    """Value (three times) and coverage of the four supersampled pixels of an output pixel; see `shading.shade`."""
    c, row2, part = wp.tid()
    for column2 in range(part * chunk, wp.min((part + 1) * chunk, out.shape[2] // 2)):
        y = 2 * row2
        x = 2 * column2
        u = d.view[c, 15] + (float(x) + 1.0) / d.view[c, 17]
        v = d.view[c, 16] + (float(y) + 1.0) / d.view[c, 18]
        back = sample_frame(frames, int(d.view[c, 30]), u, v, frame_height, frame_width)
        depth = wp.abs(back[3])
        whole = filled(d, c, x, y, depth)
        value = back[0]
        if band[c, 0] > 0.5:
            value = shown(band, c, back[1])
        elif back[3] < 0.0 and whole == 0:
            value = value * (
                1.0 - (1.0 - floor_shadow(d, c, u, v, row2, column2)) * wp.where(band[c, 1] > 0.0, 0.5, 1.0)
            )
        empty = wp.vec4(value, value, value, 0.0)
        corner = wp.where(band[c, 0] < 0.5, vignette(d, c, u, v), 1.0)
        for k in range(4):
            sy = y + k // 2
            sx = x + k % 2
            if whole == 0 or k == 0:
                key = d.keys[c, sy, sx]
                pixel = empty
                if key != EMPTY:
                    if key_depth(key) <= depth + 0.05:
                        seen = person_value(d, c, locate(d, c, sx, sy, key), band)
                        pixel = wp.vec4(seen, seen, seen, wp.where(key_other(key) == 0, 1.0, 0.0))
                pixel = wp.vec4(pixel[0] * corner, pixel[1] * corner, pixel[2] * corner, pixel[3])
                out[c, sy, sx] = pixel
                if whole > 0:  # one sample is enough for a picture as soft as these
                    out[c, y, x + 1] = pixel
                    out[c, y + 1, x] = pixel
                    out[c, y + 1, x + 1] = pixel
