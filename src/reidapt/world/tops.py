"""Upper garments as offset shells: the trunk's tube, sleeves, collars and hoods."""

from __future__ import annotations

import numpy as np

from reidapt.world import materials as m
from reidapt.world.clothes import Top
from reidapt.world.figure import ARM, Figure, folds, mix, rigid
from reidapt.world.hats import hood
from reidapt.world.loft import (
    angles,
    cloth_uv,
    drape,
    rings,
    sheet,
    slices,
    smooth_around,
    smooth_rows,
    tube,
    tube_rings,
)
from reidapt.world.mesh import Piece
from reidapt.world.skull import Skull

AROUND = 36
"""Columns of a trunk garment."""
SLEEVE_AROUND = 14
COLLAR_GAP = {"shirt": 0.008, "turtle": 0.008, "coat": 0.022, "hood": 0.020, "round": 0.002}
"""Metres between a collar and the neck."""
COLLAR_RISE = {"shirt": 0.045, "turtle": 0.055, "coat": 0.05, "hood": 0.03, "round": 0.008}
"""Metres that a collar stands above the garment's neck line."""


def trunk_heights(hem: float, top: float, step: float = 0.028) -> np.ndarray:
    """Ring heights from the neck down to the hem, denser over the shoulders."""
    upper = np.linspace(top, top - 0.10, 9)[:-1]
    return np.concatenate([upper, np.linspace(top - 0.10, hem, max(4, int((top - 0.10 - hem) / step)))])


def trunk_radius(
    figure: Figure, top: Top, heights: np.ndarray, centres: np.ndarray, under: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rings (rows, AROUND) around the trunk, the height (rows,) of their folds, and depth below the neck (rows,) in [0, 1].

    `under` metres of loose cloth are worn below the hem.
    """
    neck, hem = heights[0], heights[-1]
    radius = smooth_rows(smooth_around(slices(figure.trunk, heights, centres, AROUND, 0.016), 1), 2)
    least = radius + (np.clip((figure.hip + 0.08 - heights) / 0.08, 0.0, 1.0) * (0.010 + 1.1 * under))[:, None]
    chest = int(np.abs(heights - (figure.shoulder - 0.13)).argmin())
    radius[chest:] = drape(radius[chest:], top.follow)
    rise = np.clip((figure.shoulder + 0.02 - heights) / 0.10, 0.0, 1.0)
    loose = top.loose * (0.30 + 0.70 * rise)
    radius = smooth_rows(radius, 2) + loose[:, None]
    below = np.clip((figure.hip + 0.10 - heights) / max(figure.hip + 0.10 - hem, 0.05), 0.0, 1.0)
    radius += (top.flare * below**1.2)[:, None]
    if top.ribbed:  # an elastic hem draws the cloth in
        drawn = np.clip((hem + 0.055 - heights) / 0.05, 0.0, 1.0)
        radius -= (drawn * 0.75 * top.loose)[:, None]
        radius += (np.exp(-(((heights - hem - 0.09) / 0.05) ** 2)) * 0.35 * top.loose)[:, None]
    radius = np.maximum(radius, least)
    depth = (neck - heights) / (neck - hem)
    amount = (0.0038 + 0.18 * top.loose) * np.clip(depth * 2, 0.15, 1.0)
    if top.flare > 0.03 or top.kind == "dress":
        amount = amount + 0.010 * below
    if top.cloth.material in ("leather", "nylon", "wool"):  # stiff
        amount = amount * 0.75
    return radius, amount, depth


def trunk_piece(figure: Figure, top: Top, phase: float, under: float) -> tuple[Piece, np.ndarray, np.ndarray]:
    """The tube around the trunk; also its uppermost ring (AROUND,) and that ring's centre (2,)."""
    hem, neck = figure.hip * top.hem, neck_height(figure, top)
    heights = trunk_heights(hem, neck)
    centres = np.tile([0.0, figure.middle], (len(heights), 1))
    lean = np.clip((heights - figure.shoulder) / max(neck - figure.shoulder, 1e-3), 0, 1)
    centres[:, 1] += lean * (figure.rest.joint("neck01")[1] - figure.middle) * 0.9
    radius, amount, depth = trunk_radius(figure, top, heights, centres, under)
    radius += amount[:, None] * folds(heights, AROUND, phase, 5)
    if top.inner is not None and top.cloth.front == "open":  # the opening lies deeper than its edges
        centre = np.abs(angles(AROUND))
        edge = np.exp(-(((centre - 0.42) / 0.16) ** 2)) * 0.014 - np.exp(-((centre / 0.22) ** 2)) * 0.012
        radius += edge[None, :] * np.clip(depth * 3, 0, 1)[:, None]
    if top.kind in ("puffer", "vest"):  # quilting
        radius += (0.012 * np.abs(np.sin(np.pi * (neck - heights) / 0.085)) - 0.004)[:, None]
    # hem: fold the cloth under, back towards the body
    radius = np.concatenate([radius, radius[-1:] - 0.014])
    heights = np.append(heights, heights[-1] + 0.012)
    centres = np.concatenate([centres, centres[-1:]])
    points = rings(radius, heights, centres)
    weights = figure.follow(points, figure.trunk_rows)
    start = figure.hip - 0.02
    hanging = figure.hang(points, start, min(hem, figure.hip - 0.2))
    weights = mix(weights, hanging, np.clip((start - points[..., 2]) / 0.10, 0.0, 1.0))
    light = np.ones(len(heights))
    light[-1] = 0.45
    girth = float(radius[len(radius) // 4 :].mean())
    uv = cloth_uv(girth, neck - heights, AROUND)
    return sheet(points, uv, weights, m.TOP, light), radius[0], centres[0]


def neck_height(figure: Figure, top: Top) -> float:
    """Height of the neck line."""
    return figure.neck + (0.02 if top.collar == "turtle" else -0.012 if top.kind in ("tank", "dress") else 0.005)


def top_pieces(figure: Figure, top: Top, phase: float, under: float = 0.0) -> list[Piece]:
    """Trunk tube, sleeves and collar of an upper garment; `under` metres of loose cloth are worn below its hem."""
    trunk, ring, centre = trunk_piece(figure, top, phase, under)
    pieces = [trunk]
    pieces += [sleeve(figure, top, side, phase) for side in "LR" if top.sleeve > 0.05]
    pieces += collar_pieces(figure, top, ring, centre, neck_height(figure, top))
    return pieces


def sleeve(figure: Figure, top: Top, side: str, phase: float) -> Piece:
    """A tube from inside the shoulder down to `top.sleeve` of the arm."""
    shoulder, elbow, wrist = (figure.rest.joint(f"{bone}.{side}") for bone in ARM)
    inward = shoulder + np.array([-0.055 if side == "L" else 0.055, 0.0, -0.006])
    knots = np.stack([inward, shoulder, elbow, wrist])
    reach = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    whole = reach[1] + top.sleeve * (reach[-1] - reach[1]) + (0.012 if top.sleeve > 0.9 else 0.0)
    cut = np.linspace(0.0, min(whole, reach[-1]), 40)
    path = np.stack([np.interp(cut, reach, knots[:, k]) for k in range(3)], axis=1)
    chosen = figure.of(*ARM[:2], "clavicle", side=side)
    sections = max(8, int(whole / 0.030))
    body, centres, frame, length = tube(figure.vertices[chosen], path, sections, SLEEVE_AROUND, 0.022)
    limit = np.interp(length, [0.0, 0.06, 0.16], [0.055, 0.064, 0.080])[:, None]
    radius = smooth_rows(smooth_around(np.minimum(body, limit), 1), 2)
    fraction = length / length[-1]
    taper = np.where(top.sleeve > 0.9, 1.0 - 0.45 * np.clip(fraction - 0.7, 0, 1) / 0.3, 1.0)
    radius = radius + (top.sleeve_loose * np.clip((length - 0.05) / 0.16, 0.10, 1.0) * taper)[:, None]
    if top.sleeve > 0.9:  # a cuff
        radius[-3:] = np.minimum(radius[-3:], radius[-3:].mean() * (0.96 if top.ribbed else 1.02))
    bend = np.exp(-(((length - (reach[2] - reach[0])) / 0.09) ** 2))  # creases gather at the elbow
    ripple = folds(length * 1.6, SLEEVE_AROUND, phase + (3.0 if side == "L" else 0.0), 2)
    radius += ripple * ((0.0022 + 0.16 * top.sleeve_loose) * np.clip(fraction * 2, 0, 1) * (0.7 + 0.8 * bend))[:, None]
    if top.kind == "puffer":
        radius += (0.010 * np.abs(np.sin(np.pi * length / 0.08)) - 0.003)[:, None]
    radius = np.concatenate([radius, radius[-1:] - 0.010])
    back = centres[-1] + 0.4 * (centres[-2] - centres[-1])
    points = tube_rings(radius, np.concatenate([centres, back[None]]), np.concatenate([frame, frame[-1:]]))
    down = m.SLEEVE_OFFSET + np.append(length, length[-1])  # the shader knows sleeves by v
    weights = figure.follow(points, figure.of(*ARM, "clavicle", "spine01", side=side))
    light = np.ones(len(radius))
    light[-1] = 0.4
    return sheet(points, cloth_uv(float(radius.mean()), down, SLEEVE_AROUND), weights, m.SLEEVE, light)


def collar_pieces(figure: Figure, top: Top, ring: np.ndarray, centre: np.ndarray, neck: float) -> list[Piece]:
    """What stands up around the neck; a hood lies on the back or covers the head."""
    rise = COLLAR_RISE[top.collar]
    heights = np.linspace(neck - 0.012, neck + rise, 5)
    centres = np.tile(centre, (5, 1))
    centres[:, 1] += np.linspace(0, 1, 5) * (figure.rest.joint("neck01")[1] - 0.012 - centre[1])
    flesh = figure.of("neck01", "head")
    body = slices(figure.vertices[flesh], heights, centres, AROUND, 0.02)
    radius = np.minimum(smooth_around(body, 2) + COLLAR_GAP[top.collar] + 0.2 * top.loose, 0.11)
    radius[0], radius[1] = ring, 0.5 * (radius[1] + ring)
    points = rings(radius, heights, centres)
    if top.collar in ("shirt", "coat"):
        front = 0.5 + 0.5 * np.cos(angles(AROUND))
        points[..., 2] -= front**4 * np.linspace(0, 1, 5)[:, None] * rise * 0.9
    weights = figure.follow(points, flesh | figure.trunk_rows)
    pieces = [sheet(points, cloth_uv(0.07, np.linspace(0.0, rise, 5), AROUND), weights, m.COLLAR)]
    if top.collar == "hood":
        pieces.append(hood(Skull(figure), m.COLLAR, 0.03) if top.hood_up else hood_down(centre, neck))
    return pieces


def hood_down(centre: np.ndarray, neck: float) -> Piece:
    """A soft roll behind the neck."""
    along, across = 20, 8
    t = np.linspace(-1.0, 1.0, along)[:, None]
    turn = angles(across)[None, :]
    bend = np.pi * 0.62 * t
    thick = 0.030 + 0.028 * np.cos(t * np.pi / 2) ** 2
    out = 0.105 + thick * np.cos(turn)
    y = np.cos(bend) * out * 0.95 + centre[1] - 0.01
    z = neck + 0.005 - 0.045 * np.cos(bend) + thick * 1.25 * np.sin(-turn) - 0.02 * np.abs(t) ** 3
    points = np.stack(np.broadcast_arrays(np.sin(bend) * out, y, z), -1)
    weights = rigid((along, across), {"spine01": 0.8, "neck01": 0.2})
    return sheet(points, cloth_uv(0.03, 0.2 + 0.2 * t[:, 0], across), weights, m.COLLAR)
