"""From a `Person` to one skinned mesh: skin that shows, garments as offset shells, hair, shoes, hats and bags."""

from __future__ import annotations

import numpy as np

from reidapt.world import materials as m
from reidapt.world.bags import bag_pieces
from reidapt.world.body import BodyModel, Rest
from reidapt.world.bottoms import bottom_pieces
from reidapt.world.figure import ARM, LEG, TRUNK, Figure
from reidapt.world.hair import hair_pieces, scalp
from reidapt.world.hats import glasses_pieces, hat_pieces
from reidapt.world.loft import unit
from reidapt.world.mesh import Mesh, Piece, join
from reidapt.world.people import Person
from reidapt.world.shoes import shoe_pieces
from reidapt.world.skull import Skull
from reidapt.world.tops import COLLAR_RISE, neck_height, top_pieces


def hidden_skin(figure: Figure, person: Person) -> np.ndarray:
    """(V,) the body's vertices that clothes and shoes cover."""
    rest, v = figure.rest, figure.vertices
    hidden = figure.of(*TRUNK, *(() if person.shoes == "sandals" else ("foot",)))
    neck = rest.joint("neck01")
    hidden = hidden & ~((np.hypot(v[:, 0], v[:, 1] - neck[1]) < 0.075) & (v[:, 2] > neck[2] - 0.03))
    for side in "LR":
        shoulder, elbow, wrist = (rest.joint(f"{bone}.{side}") for bone in ARM)
        upper, lower = np.linalg.norm(elbow - shoulder), np.linalg.norm(wrist - elbow)
        rows = np.flatnonzero(figure.of(*ARM[:2], side=side))
        first, second = (v[rows] - shoulder) @ unit(elbow - shoulder), (v[rows] - elbow) @ unit(wrist - elbow)
        reach = np.where(figure.of("upperarm01")[rows], first, upper + second)
        hidden[rows] = reach < person.top.sleeve * (upper + lower) - 0.03
    legs = figure.of(*LEG)
    if person.bottom.kind in ("skirt", "shorts", "bare") or person.bottom.length < 0.9:
        hem = figure.hip * (1.0 - max(person.bottom.length, 0.14))
        if person.bottom.kind == "bare":
            hem = min(hem, figure.hip * person.top.hem)
        return np.where(legs, v[:, 2] > hem + 0.05, hidden)
    return hidden | legs


def skin_piece(figure: Figure, skull: Skull, person: Person) -> Piece:
    """Body faces that no garment hides; uv = metres beside and above the middle of the eyes (used by the face)."""
    rest, v = figure.rest, figure.vertices
    hidden = hidden_skin(figure, person) | scalp(skull, person)
    triangles = figure.model.triangles
    triangles = triangles[~hidden[triangles].all(axis=1)]
    shown = np.zeros(len(v), bool)
    shown[triangles] = True
    used = np.flatnonzero(shown)
    number = np.cumsum(shown) - 1
    eyes = rest.eyes.mean(axis=0)
    v = v.copy()
    end = neck_height(figure, person.top) + COLLAR_RISE[person.top.collar]
    inside = np.where(figure.of("head"), 0.0, 0.12 * np.clip((end - v[:, 2]) / 0.015, 0.0, 1.0))[:, None]
    axis = rest.joint("neck01")[:2] - [0.0, 0.012]
    collared = figure.of("neck01", "spine01", "clavicle")[:, None]
    v[:, :2] += np.where(collared, inside * (axis - v[:, :2]), 0.0)
    head = figure.of("head", "neck01")[used]
    v = v[used]
    uv = np.stack([v[:, 0] - eyes[0], v[:, 2] - eyes[2]], axis=1)
    uv[~head | (v[:, 1] > eyes[1] + 0.045)] += 10.0
    chin = np.clip((v[:, 2] - figure.neck) / (eyes[2] - 0.10 - figure.neck), 0.0, 1.0)
    light = np.where(figure.of("neck01")[used], 0.5 + 0.3 * chin, 1.0)
    weights = figure.model.weights[used]
    hem = figure.hip * (1.0 - person.bottom.length) if person.bottom.kind == "skirt" else 9.0
    for end in (figure.hip * person.top.hem, hem):
        weights = np.where(figure.of(*LEG)[used, None], figure.under(v, weights, end), weights)
    return Piece(v, number[triangles], uv, weights, m.SKIN, light)


def dress(model: BodyModel, person: Person) -> tuple[Rest, Mesh, np.ndarray]:
    """The person's body, complete mesh and sole points (S, 2, 3) for standing on the floor."""
    rest = model.rest(person.height - 0.012, **person.phenotype)
    figure = Figure(model, rest)
    skull = Skull(figure)
    tops = top_pieces(figure, person.top, person.fold_phase, person.bottom.loose)
    shoes = shoe_pieces(figure, person)
    pieces = [
        skin_piece(figure, skull, person),
        *tops,
        *bottom_pieces(figure, person.bottom, person.fold_phase + 1.0, figure.hip * person.top.hem),
        *shoes,
        *hair_pieces(skull, person, np.concatenate([piece.vertices for piece in tops])),
        *hat_pieces(skull, person),
        *glasses_pieces(skull, person.glasses),
        *bag_pieces(figure, person, tops[0].vertices),
    ]
    per_foot = len(shoes) // 2
    soles = np.stack([shoes[0].vertices[::3], shoes[per_foot].vertices[::3]], axis=1)
    return rest, join(pieces, m.palette(person)), soles
