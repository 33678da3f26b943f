"""Lower garments as offset shells: the seat and two trouser legs, or a skirt."""

from __future__ import annotations

import numpy as np

from reidapt.world import materials as m
from reidapt.world.clothes import Bottom
from reidapt.world.figure import LEG, Figure, folds, mix
from reidapt.world.loft import cloth_uv, drape, rings, sheet, slices, smooth_around, smooth_rows
from reidapt.world.mesh import Piece

AROUND = 36
LEG_AROUND = 18


def bottom_pieces(figure: Figure, bottom: Bottom, phase: float, hem: float) -> list[Piece]:
    """Seat and two legs, or a skirt; `hem` is the height where the upper garment ends, which hides what is above."""
    if bottom.kind == "bare":
        bottom = Bottom("leggings", bottom.cloth, 0.004, 0.0, 0.14, 0.0)
    cover = hem + 0.06
    crotch = figure.hip - 0.115
    waist = min(figure.hip + 0.115, cover)
    skirt = bottom.kind == "skirt"
    end = figure.hip * (1.0 - bottom.length) if skirt else min(crotch + 0.005, waist - 0.02)
    if skirt and end > waist - 0.05:
        return []  # under a long coat
    pieces = [seat(figure, bottom, phase, waist, end, hem)]
    if not skirt:
        pieces += [trouser_leg(figure, bottom, side, phase, crotch, hem) for side in "LR"]
    return pieces


def tucked(radius: np.ndarray, heights: np.ndarray, hem: float) -> np.ndarray:
    """Rings drawn in where an upper garment that ends at `hem` hides them, so that they do not come through its folds."""
    return radius - 0.018 * np.clip((heights - hem + 0.004) / 0.02, 0.0, 1.0)[:, None]


def seat(figure: Figure, bottom: Bottom, phase: float, waist: float, end: float, hem: float) -> Piece:
    """The tube from the waist to the crotch, or of a skirt to its hem."""
    skirt = bottom.kind == "skirt"
    heights = np.linspace(waist, end, max(6, int((waist - end) / 0.03)))
    centres = np.tile([0.0, figure.middle + 0.01], (len(heights), 1))
    body = slices(figure.trunk, heights, centres, AROUND, 0.02)
    radius = smooth_rows(smooth_around(body, 1), 2)
    radius = drape(radius, bottom.follow) if skirt else radius
    radius = radius + 0.006 + 0.6 * bottom.loose
    light = np.ones(len(heights))
    if skirt:
        down = (waist - heights) / (waist - end)
        radius += (bottom.flare * down**1.2)[:, None]
        radius += folds(heights, AROUND, phase, 7) * ((0.002 + 0.08 * bottom.flare) * down)[:, None]
        radius = np.concatenate([radius, radius[-1:] - 0.015])
        heights, centres = np.append(heights, heights[-1] + 0.01), np.concatenate([centres, centres[-1:]])
        light = np.append(light, 0.45)
    points = rings(tucked(radius, heights, hem), heights, centres)
    weights = figure.follow(points, figure.trunk_rows)
    if skirt:
        start = figure.hip - 0.04
        blend = np.clip((start - points[..., 2]) / 0.10, 0.0, 1.0)
        weights = mix(weights, figure.hang(points, start, end), blend)
    weights = figure.under(points, weights, hem)
    return sheet(points, cloth_uv(float(radius.mean()), waist - heights, AROUND), weights, m.BOTTOM, light)


def trouser_leg(figure: Figure, bottom: Bottom, side: str, phase: float, crotch: float, hem: float) -> Piece:
    """One leg of trousers, from inside the seat to the hem; above `hem` an upper garment hides it."""
    rest = figure.rest
    hip, knee, ankle = (rest.joint(f"{bone}.{side}") for bone in (*LEG, "foot"))
    start = min(figure.hip - 0.02, hem + 0.06)
    floor = ankle[2] - 0.035
    end = figure.hip + bottom.length * (floor - figure.hip)
    heights = np.linspace(start, end, max(8, int((start - end) / 0.032)))
    order = np.array([ankle[2], knee[2], hip[2]])
    centres = np.stack([np.interp(heights, order, np.array([ankle[k], knee[k], hip[k]])) for k in range(2)], axis=1)
    centres[:, 1] += 0.012 * np.clip((knee[2] - heights) / 0.15, 0, 1)
    points = figure.leg_points(side)
    calf = points[points[:, 2] > ankle[2] - 0.01]
    radius = smooth_rows(smooth_around(slices(calf, heights, centres, LEG_AROUND, 0.02), 1), 2)
    radius = drape(radius, bottom.follow) if bottom.follow > 0 else radius
    fraction = np.clip((start - heights) / (start - end), 0, 1)
    radius = smooth_rows(radius, 1) + (bottom.loose * np.clip(0.5 + fraction, 0, 1))[:, None]
    radius += (bottom.flare * fraction**1.5)[:, None]
    inner = heights > crotch - 0.01
    radius[inner] = np.minimum(radius[inner], 0.12)
    creased = np.exp(-(((heights - knee[2]) / 0.10) ** 2))  # behind the knee, and where cloth piles up on the shoe
    if bottom.kind in ("jeans", "trousers", "joggers"):
        creased = creased + 1.2 * np.exp(-(((heights - end) / 0.12) ** 2))
    amount = (0.0018 + 0.19 * bottom.loose) * (0.5 + creased)
    radius += folds(heights * 1.4, LEG_AROUND, phase + (5.0 if side == "L" else 0.0), 2) * amount[:, None]
    if bottom.kind == "joggers":  # gathered at the ankle
        radius[-2:] = np.minimum(radius[-2:], radius[-2:].mean() * 0.92)
    radius = np.concatenate([radius, radius[-1:] - 0.012])
    heights, centres = np.append(heights, heights[-1] + 0.01), np.concatenate([centres, centres[-1:]])
    cloth = rings(tucked(radius, heights, hem), heights, centres)
    rows = figure.of(*LEG, "foot", "spine05", side=side) | figure.of("root")
    rows &= ~(figure.of("foot") & (figure.vertices[:, 2] < ankle[2] - 0.02))
    weights = figure.under(cloth, figure.follow(cloth, rows), hem)
    outward = cloth[..., 0] * (1.0 if side == "L" else -1.0) - np.abs(centres[:, :1])
    light = np.clip(0.80 + 4.0 * outward, 0.45, 1.0)
    light[-1] = 0.4
    low = np.clip((heights - crotch + 0.30) / 0.30, 0, 1)[:, None]
    light = light * (1.0 - 0.25 * low + 0.25 * low * (outward > 0))
    uv = cloth_uv(float(radius.mean()), start - heights + 0.13, LEG_AROUND)
    return sheet(cloth, uv, weights, m.BOTTOM, np.clip(light, 0.3, 1.0))
