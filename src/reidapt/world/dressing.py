"""From a `Person` to one skinned mesh: skin that shows, garments as offset shells, hair, shoes, hats and bags."""

from __future__ import annotations

import numpy as np

from reidapt.world import materials as m
from reidapt.world.accessories import bag_pieces, shoe_pieces
from reidapt.world.body import BONES, BodyModel, Rest
from reidapt.world.clothes import Bottom, Top
from reidapt.world.hair import hair_pieces, hat_pieces
from reidapt.world.loft import (
    cloth_uv,
    drape,
    nearest_weights,
    ring_points,
    slices,
    smooth_around,
    smooth_rows,
    tube,
    tube_points,
    unit,
)
from reidapt.world.mesh import Mesh, Piece, cut_seam, grid_triangles, join
from reidapt.world.people import Person

AROUND = 40
"""Columns of a trunk garment."""

ARM = ("upperarm01", "lowerarm01", "wrist")
LEG = ("upperleg01", "lowerleg01")


class Figure:
    """A body in the rest pose with the measures that garments are cut to."""

    def __init__(self, model: BodyModel, rest: Rest) -> None:
        self.model = model
        owner = model.weights.argmax(axis=1)
        self.part = np.array([BONES[j].split(".")[0] for j in owner])
        self.left = model.side > 0
        self.rest = rest
        self.vertices = rest.vertices.copy()
        for side in "LR":
            self._relax_hand(side)
        self.hip = float(rest.joint("upperleg01.L")[2])
        self.neck = float(rest.joint("neck01")[2])
        self.shoulder = float(rest.joint("upperarm01.L")[2])
        trunk = np.isin(self.part, ("root", "spine05", "spine03", "spine01", "clavicle", "upperleg01"))
        self.trunk_rows = trunk & (self.vertices[:, 2] > 0.30 * self.hip)
        self.trunk = self.vertices[self.trunk_rows]
        chest = self.trunk[np.abs(self.trunk[:, 2] - 0.5 * (self.hip + self.shoulder)) < 0.2]
        self.middle = float(chest[:, 1].mean())

    def _relax_hand(self, side: str) -> None:
        """Curl the fingers towards the palm and close them; the rest pose spreads them."""
        rows = np.flatnonzero((self.part == "wrist") & (self.left == (side == "L")))
        wrist = self.rest.joint(f"wrist.{side}")
        axis = unit(wrist - self.rest.joint(f"lowerarm01.{side}"))
        local = self.vertices[rows] - wrist
        flat = local - np.outer(local @ axis, axis)
        palm = np.linalg.svd(flat - flat.mean(axis=0), full_matrices=False)[2][1]
        palm = palm if palm[2] - 0.3 * palm[1] < 0 else -palm
        across = np.cross(axis, palm)
        a, b, c = local @ axis, local @ palm, local @ across
        c = c * np.interp(a, [0.0, 0.07, 0.12], [1.0, 0.8, 0.55])
        bend = np.maximum(a - 0.065, 0.0)
        angle = 9.0 * bend
        reach = np.where(angle > 1e-6, np.sin(angle) / 9.0, bend)
        drop = (1.0 - np.cos(angle)) / 9.0
        a, b = np.minimum(a, 0.065) + reach - b * np.sin(angle), b * np.cos(angle) + drop
        self.vertices[rows] = wrist + np.outer(a, axis) + np.outer(b, palm) + np.outer(c, across)

    def leg_points(self, left: bool) -> np.ndarray:
        chosen = np.isin(self.part, (*LEG, "foot", "root")) & (self.left == left)
        return self.vertices[chosen & (self.vertices[:, 2] < self.hip + 0.02)]


def folds(rows: np.ndarray, around: int, phase: float, amplitude: float, waves: float) -> np.ndarray:
    """Radial displacement (rows, around) in metres: soft slanted folds, different for every person."""
    angle = np.arange(around) * (2 * np.pi / around)
    a, r = angle[None, :], rows[:, None]
    k = round(waves)
    return amplitude * (
        0.6 * np.sin(k * a + 9.0 * r + phase)
        + 0.4 * np.sin((k + 3) * a - 14.0 * r + 1.7 * phase)
        + 0.5 * np.sin(26.0 * r + 2.0 * np.sin(a + phase))
    )


def hang_weights(points: np.ndarray, figure: Figure, start: float, end: float, weights: np.ndarray) -> np.ndarray:
    """Let cloth below the hips follow both thighs: left half the left leg, right half the right, more so downwards."""
    side = 1.0 / (1.0 + np.exp(-points[:, 0] / 0.045))
    depth = np.clip((start - points[:, 2]) / max(start - end, 1e-3), 0.0, 1.0)
    knee = figure.rest.joint("lowerleg01.L")[2]
    shank = np.clip((knee + 0.03 - points[:, 2]) / 0.25, 0.0, 1.0) * 0.6
    hanging = np.zeros_like(weights)
    share = 0.25 + 0.6 * np.clip(depth * 2.0, 0, 1)
    for name, part in (("L", side), ("R", 1.0 - side)):
        hanging[:, BONES.index(f"upperleg01.{name}")] = part * share * (1 - shank)
        hanging[:, BONES.index(f"lowerleg01.{name}")] = part * share * shank
    hanging[:, BONES.index("root")] = 1.0 - share
    blend = np.clip((start - points[:, 2]) / 0.10, 0.0, 1.0)[:, None]
    return (1 - blend) * weights + blend * hanging


def trunk_heights(hem: float, top: float, step: float = 0.026) -> np.ndarray:
    """Ring heights from the neck down to the hem, denser over the shoulders."""
    upper = np.linspace(top, top - 0.10, 9)[:-1]
    return np.concatenate([upper, np.linspace(top - 0.10, hem, max(4, int((top - 0.10 - hem) / step)))])


def top_pieces(figure: Figure, top: Top, phase: float, under: float = 0.0) -> list[Piece]:
    """Trunk tube, sleeves and collar of an upper garment; `under` metres of loose cloth are worn below its hem."""
    hem_z = figure.hip * top.hem
    neck_z = figure.neck + (0.005 if top.collar != "turtle" else 0.02)
    heights = trunk_heights(hem_z, neck_z)
    centres = np.tile([0.0, figure.middle], (len(heights), 1))
    lean = np.clip((heights - figure.shoulder) / max(neck_z - figure.shoulder, 1e-3), 0, 1)
    centres[:, 1] += lean * (figure.rest.joint("neck01")[1] - figure.middle) * 0.9
    body = slices(figure.trunk, heights, centres, AROUND, 0.016)
    rise = np.clip((figure.shoulder + 0.02 - heights) / 0.10, 0.0, 1.0)
    loose = top.loose * (0.35 + 0.65 * rise)
    radius = smooth_rows(smooth_around(body, 1), 2)
    chest = int(np.abs(heights - (figure.shoulder - 0.13)).argmin())
    radius[chest:] = drape(radius[chest:], top.follow)
    low = np.clip((figure.hip + 0.08 - heights) / 0.08, 0.0, 1.0)
    loose = np.maximum(loose, low * (0.010 + 1.1 * under))
    radius = smooth_rows(radius, 2) + loose[:, None]
    below = np.clip((figure.hip + 0.10 - heights) / max(figure.hip + 0.10 - hem_z, 0.05), 0.0, 1.0)
    radius += (top.flare * below**1.2)[:, None]
    depth = (neck_z - heights) / (neck_z - hem_z)
    amount = (0.0025 + 0.10 * top.loose) * np.clip(depth * 2, 0.2, 1.0)
    ripple = folds(heights, AROUND, phase, 1.0, 5)
    if top.flare > 0.03 or top.kind == "dress":
        amount = amount + 0.010 * below
    radius += amount[:, None] * ripple
    if top.inner is not None and top.cloth.front == "open":  # the opening lies deeper than its edges
        angle = np.arange(AROUND) * (2 * np.pi / AROUND)
        centre = np.minimum(angle, 2 * np.pi - angle)
        edge = np.exp(-(((centre - 0.42) / 0.16) ** 2)) * 0.014 - np.exp(-((centre / 0.22) ** 2)) * 0.012
        radius += edge[None, :] * np.clip(depth * 3, 0, 1)[:, None]
    if top.kind == "puffer":  # quilting
        radius += (0.010 * np.abs(np.sin(np.pi * (neck_z - heights) / 0.085)))[:, None]
    # hem: fold the cloth under, back towards the body
    radius = np.concatenate([radius, radius[-1:] - 0.014])
    heights = np.append(heights, heights[-1] + 0.012)
    centres = np.concatenate([centres, centres[-1:]])
    points = ring_points(radius, heights, centres)
    uv = cloth_uv(radius, neck_z - heights)
    weights = nearest_weights(points, figure.vertices[figure.trunk_rows], figure.model.weights[figure.trunk_rows])
    weights = hang_weights(points, figure, figure.hip - 0.02, min(hem_z, figure.hip - 0.2), weights)
    light = np.repeat(np.where(np.arange(len(heights)) == len(heights) - 1, 0.45, 1.0), AROUND)
    pieces = [cut_seam(Piece(points, grid_triangles(len(heights), AROUND), uv, weights, m.TOP, light), AROUND)]
    pieces += [sleeve(figure, top, side, phase) for side in "LR" if top.sleeve > 0.05]
    pieces += collar_pieces(figure, top, radius[0], centres[0], neck_z)
    return pieces


def sleeve(figure: Figure, top: Top, side: str, phase: float) -> Piece:
    """A tube from inside the shoulder down to `top.sleeve` of the arm."""
    rest = figure.rest
    shoulder, elbow, wrist = (rest.joint(f"{bone}.{side}") for bone in ARM)
    inward = shoulder + 0.05 * np.array([-1.0 if side == "L" else 1.0, 0.0, 0.25])
    knots = np.stack([inward, shoulder, elbow, wrist])
    reach = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1))])
    whole = reach[1] + top.sleeve * (reach[-1] - reach[1]) + (0.012 if top.sleeve > 0.9 else 0.0)
    cut = np.linspace(0.0, min(whole, reach[-1]), 40)
    path = np.stack([np.interp(cut, reach, knots[:, k]) for k in range(3)], axis=1)
    chosen = np.isin(figure.part, (*ARM[:2], "clavicle")) & (figure.left == (side == "L"))
    around, sections = 16, max(8, int(whole / 0.028))
    body, centres, frame, length = tube(figure.vertices[chosen], path, sections, around, 0.022)
    radius = smooth_rows(smooth_around(np.minimum(body, 0.085), 1), 2)
    fraction = length / length[-1]
    taper = np.where(top.sleeve > 0.9, 1.0 - 0.45 * np.clip(fraction - 0.7, 0, 1) / 0.3, 1.0)
    radius = radius + (top.sleeve_loose * np.clip((length - 0.04) / 0.14, 0.12, 1.0) * taper)[:, None]
    if top.sleeve > 0.9:
        radius[-3:] = np.minimum(radius[-3:], radius[-3:].mean() * 1.02)
    radius += (
        folds(length * 1.6, around, phase + (3.0 if side == "L" else 0.0), 1.0, 2)
        * ((0.0015 + 0.09 * top.sleeve_loose) * np.clip(fraction * 2, 0, 1))[:, None]
    )
    if top.kind == "puffer":
        radius += (0.008 * np.abs(np.sin(np.pi * length / 0.08)))[:, None]
    radius = np.concatenate([radius, radius[-1:] - 0.010])
    centres = np.concatenate([centres, centres[-1:] * 2 - centres[-2:-1]]) - 0.0
    centres[-1] = centres[-2] - 0.4 * (centres[-1] - centres[-2])
    frame = np.concatenate([frame, frame[-1:]])
    length = np.append(length, length[-1])
    points = tube_points(radius, centres, frame)
    uv = cloth_uv(radius, length)
    uv[:, 1] += m.SLEEVE_OFFSET  # the shader knows sleeves by v
    uv[:, 1] = np.minimum(uv[:, 1], m.SLEEVE_OFFSET + length[-1])
    rows = np.isin(figure.part, (*ARM, "clavicle", "spine01")) & (figure.left == (side == "L"))
    weights = nearest_weights(points, figure.vertices[rows], figure.model.weights[rows])
    light = np.ones(len(points))
    light[-around:] = 0.4
    return cut_seam(Piece(points, grid_triangles(len(radius), around), uv, weights, m.SLEEVE, light), around)


def collar_pieces(figure: Figure, top: Top, ring: np.ndarray, centre: np.ndarray, neck_z: float) -> list[Piece]:
    """What stands up around the neck; a hood lies on the back."""
    rest = figure.rest
    pieces = []
    neck = np.isin(figure.part, ("neck01", "head"))
    rise = {"shirt": 0.045, "turtle": 0.075, "coat": 0.05, "hood": 0.03, "round": 0.012}.get(top.collar, 0.0)
    if rise > 0:
        heights = np.linspace(neck_z - 0.012, neck_z + rise, 5)
        centres = np.tile(centre, (5, 1))
        centres[:, 1] = centre[1] + np.linspace(0, 1, 5) * (rest.joint("neck01")[1] - 0.012 - centre[1])
        flesh = slices(figure.vertices[neck], heights, centres, AROUND, 0.02)
        grow = 0.012 + 0.25 * top.loose + (0.012 if top.collar in ("coat", "hood") else 0.0)
        radius = np.minimum(smooth_around(flesh, 2) + grow, 0.11)
        radius[0] = ring
        radius[1] = 0.5 * (radius[1] + ring)
        angle = np.arange(AROUND) * (2 * np.pi / AROUND)
        front = 0.5 + 0.5 * np.cos(angle)
        points = ring_points(radius, heights, centres)
        if top.collar in ("shirt", "coat"):
            points[:, 2] -= np.tile(front**4, 5) * np.repeat(np.linspace(0, 1, 5), AROUND) * rise * 0.9
        uv = cloth_uv(radius, np.linspace(0.0, rise, 5))
        weights = nearest_weights(
            points, figure.vertices[neck | figure.trunk_rows], figure.model.weights[neck | figure.trunk_rows], 12
        )
        pieces.append(Piece(points, grid_triangles(5, AROUND), uv, weights, m.COLLAR))
    if top.collar == "hood":
        across, along = 10, 22
        t = np.linspace(-1.0, 1.0, along)[:, None]
        ring_angle = (np.arange(across) * 2 * np.pi / across)[None, :]
        bend = np.pi * 0.62 * t
        thick = 0.030 + 0.028 * np.cos(t * np.pi / 2) ** 2
        out = 0.105 + 0.0 * t
        tube_out = out + thick * np.cos(ring_angle)
        x = np.sin(bend) * tube_out
        y = np.cos(bend) * tube_out * 0.95 + centre[1] - 0.01
        z = neck_z + 0.005 - 0.045 * np.cos(bend) + thick * 1.25 * np.sin(ring_angle) - 0.02 * np.abs(t) ** 3
        points = np.stack([x, y, z], -1).reshape(-1, 3)
        uv = np.stack(np.broadcast_arrays(ring_angle * 0.03, t * 0.2 + 0.2), -1).reshape(-1, 2)
        weights = np.zeros((len(points), len(BONES)))
        weights[:, BONES.index("spine01")] = 0.8
        weights[:, BONES.index("neck01")] = 0.2
        pieces.append(Piece(points, grid_triangles(along, across), uv, weights, m.COLLAR))
    return pieces


def bottom_pieces(figure: Figure, bottom: Bottom, phase: float, cover: float) -> list[Piece]:
    """Seat and two legs, or a skirt; cloth higher than `cover` is hidden by the upper garment and left out."""
    if bottom.kind == "bare":
        bottom = Bottom("leggings", bottom.cloth, 0.004, 0.0, 0.14, 0.0)
    waist = min(figure.hip + 0.115, cover)
    crotch = figure.hip - 0.115
    skirt = bottom.kind == "skirt"
    end = figure.hip * (1.0 - bottom.length) if skirt else crotch - 0.02
    if skirt and end > waist - 0.05:
        return []  # under a long coat
    if not skirt:
        end = min(crotch + 0.005, waist - 0.02)
    heights = np.linspace(waist, end, max(8, int((waist - end) / 0.025)))
    centres = np.tile([0.0, figure.middle + 0.01], (len(heights), 1))
    body = slices(figure.trunk, heights, centres, AROUND, 0.02)
    radius = smooth_rows(smooth_around(body, 1), 2)
    radius = drape(radius, bottom.follow) if skirt else radius
    radius = radius + 0.006 + 0.6 * bottom.loose
    if skirt:
        down = (waist - heights) / (waist - end)
        radius += (bottom.flare * down**1.2)[:, None]
        radius += folds(heights, AROUND, phase, 1.0, 7) * ((0.002 + 0.07 * bottom.flare) * down)[:, None]
        radius = np.concatenate([radius, radius[-1:] - 0.015])
        heights, centres = np.append(heights, heights[-1] + 0.01), np.concatenate([centres, centres[-1:]])
    points = ring_points(radius, heights, centres)
    rows = figure.trunk_rows
    weights = nearest_weights(points, figure.vertices[rows], figure.model.weights[rows])
    if skirt:
        weights = hang_weights(points, figure, figure.hip - 0.02, end, weights)
    seat = Piece(points, grid_triangles(len(heights), AROUND), cloth_uv(radius, waist - heights), weights, m.BOTTOM)
    pieces = [cut_seam(seat, AROUND)]
    if not skirt:
        pieces += [trouser_leg(figure, bottom, side, phase, crotch, cover) for side in "LR"]
    return pieces


def trouser_leg(figure: Figure, bottom: Bottom, side: str, phase: float, crotch: float, cover: float) -> Piece:
    """One leg of trousers, from inside the seat to the hem."""
    rest = figure.rest
    hip, knee, ankle = (rest.joint(f"{bone}.{side}") for bone in ("upperleg01", "lowerleg01", "foot"))
    start = min(figure.hip - 0.02, cover)
    floor = ankle[2] - 0.035
    end = figure.hip + bottom.length * (floor - figure.hip)
    heights = np.linspace(start, end, max(8, int((start - end) / 0.03)))
    order = np.array([ankle[2], knee[2], hip[2]])
    centres = np.stack([np.interp(heights, order, np.array([ankle[k], knee[k], hip[k]])) for k in range(2)], axis=1)
    centres[:, 1] += 0.012 * np.clip((knee[2] - heights) / 0.15, 0, 1)
    points = figure.leg_points(side == "L")
    calf = points[points[:, 2] > ankle[2] - 0.01]
    around = 20
    body = slices(calf, heights, centres, around, 0.02)
    inner = heights > crotch - 0.01
    radius = smooth_rows(smooth_around(body, 1), 2)
    radius = drape(radius, bottom.follow) if bottom.follow > 0 else radius
    fraction = np.clip((start - heights) / (start - end), 0, 1)
    radius = smooth_rows(radius, 1) + (bottom.loose * np.clip(0.5 + fraction, 0, 1))[:, None]
    radius += (bottom.flare * fraction**1.5)[:, None]
    radius[inner] = np.minimum(radius[inner], 0.12)
    knee_row = np.exp(-(((heights - knee[2]) / 0.10) ** 2)) + np.exp(-(((heights - end) / 0.14) ** 2))
    amount = (0.0012 + 0.11 * bottom.loose) * (0.5 + knee_row)
    radius += folds(heights * 1.4, around, phase + (5.0 if side == "L" else 0.0), 1.0, 2) * amount[:, None]
    radius = np.concatenate([radius, radius[-1:] - 0.012])
    heights, centres = np.append(heights, heights[-1] + 0.01), np.concatenate([centres, centres[-1:]])
    vertices = ring_points(radius, heights, centres)
    rows = np.isin(figure.part, (*LEG, "foot", "root", "spine05")) & (
        (figure.left == (side == "L")) | (figure.part == "root")
    )
    rows &= ~((figure.part == "foot") & (figure.vertices[:, 2] < ankle[2] - 0.02))
    weights = nearest_weights(vertices, figure.vertices[rows], figure.model.weights[rows])
    uv = cloth_uv(radius, start - heights + 0.13)
    outward = vertices[:, 0] * (1.0 if side == "L" else -1.0) - np.abs(np.repeat(centres[:, 0], around))
    light = np.clip(0.80 + 4.0 * outward, 0.45, 1.0)
    light[-around:] = 0.4
    low = np.clip((heights - crotch + 0.30) / 0.30, 0, 1)
    light *= np.repeat(1.0 - 0.25 * low, around) + 0.25 * np.repeat(low, around) * (outward > 0)
    leg = Piece(vertices, grid_triangles(len(heights), around), uv, weights, m.BOTTOM, np.clip(light, 0.3, 1.0))
    return cut_seam(leg, around)


def skin_piece(figure: Figure, person: Person) -> Piece:
    """Body faces that no garment hides; uv = metres beside and below the middle of the eyes (used by the face)."""
    rest, part, v = figure.rest, figure.part, figure.vertices
    hidden = np.isin(part, ("root", "spine05", "spine03", "spine01", "clavicle", "foot", "upperleg01"))
    neck = rest.joint("neck01")
    hidden &= ~((np.hypot(v[:, 0], v[:, 1] - neck[1]) < 0.075) & (v[:, 2] > neck[2] - 0.03))
    for side in "LR":
        own = figure.left == (side == "L")
        shoulder, elbow, wrist = (rest.joint(f"{bone}.{side}") for bone in ARM)
        upper, lower = np.linalg.norm(elbow - shoulder), np.linalg.norm(wrist - elbow)
        reach = np.where(
            part == "upperarm01",
            (v - shoulder) @ unit(elbow - shoulder),
            upper + (v - elbow) @ unit(wrist - elbow),
        )
        cut = person.top.sleeve * (upper + lower) - 0.03
        hidden |= own & np.isin(part, ("upperarm01", "lowerarm01")) & (reach < cut)
    bare = person.bottom.kind in ("skirt", "shorts", "bare") or person.bottom.length < 0.9
    legs = np.isin(part, ("upperleg01", "lowerleg01"))
    if bare:
        length = max(person.bottom.length, 0.14)
        hem = figure.hip * (1.0 - length)
        hidden = np.where(legs, v[:, 2] > hem + 0.05, hidden)
    else:
        hidden |= legs
    keep = ~hidden[figure.model.triangles].all(axis=1)
    triangles = figure.model.triangles[keep]
    used, triangles = np.unique(triangles, return_inverse=True)
    triangles = triangles.reshape(-1, 3)
    eyes = rest.eyes.mean(axis=0)
    head = np.isin(part, ("head", "neck01"))[used]
    uv = np.stack([v[used, 0] - eyes[0], v[used, 2] - eyes[2]], axis=1)
    uv[~head] += 10.0
    uv[head & (v[used, 1] > eyes[1] + 0.045)] += 10.0
    chin = np.clip((v[used, 2] - figure.neck) / (eyes[2] - 0.10 - figure.neck), 0.0, 1.0)
    light = np.where(np.isin(part[used], ("neck01",)), 0.5 + 0.3 * chin, 1.0)
    return Piece(v[used], triangles, uv, figure.model.weights[used], m.SKIN, light)


def dress(model: BodyModel, person: Person) -> tuple[Rest, Mesh, np.ndarray]:
    """The person's body, complete mesh and sole points (S, 2, 3) for standing on the floor."""
    rest = model.rest(person.height - 0.012, **person.phenotype)
    figure = Figure(model, rest)
    tops = top_pieces(figure, person.top, person.fold_phase, person.bottom.loose)
    shoes = shoe_pieces(figure, person)
    pieces = [
        skin_piece(figure, person),
        *tops,
        *bottom_pieces(figure, person.bottom, person.fold_phase + 1.0, figure.hip * person.top.hem + 0.06),
        *shoes,
        *hair_pieces(figure, person, np.concatenate([piece.vertices for piece in tops])),
        *hat_pieces(figure, person),
        *bag_pieces(figure, person, tops[0].vertices),
    ]
    per_foot = len(shoes) // 2
    soles = np.stack([shoes[0].vertices[::3], shoes[per_foot].vertices[::3]], axis=1)
    return rest, join(pieces, m.palette(person)), soles
