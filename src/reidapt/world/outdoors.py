"""Named places outdoors."""

from __future__ import annotations

import numpy as np

from reidapt.world.furniture import (
    STONE,
    bench,
    bicycles,
    bollards,
    car,
    clutter,
    hedge,
    lamp_post,
    machine,
    parasol,
    planter,
    railing,
    shelter,
    stairs,
    stall,
    table,
    traffic_sign,
    tree,
)
from reidapt.world.props import RGB, Scene, dim, facade, frame_at, shade
from reidapt.world.streams import between, pick

PAVING: list[RGB] = [
    (0.26, 0.245, 0.22),
    (0.30, 0.26, 0.21),
    (0.20, 0.20, 0.21),
    (0.34, 0.33, 0.31),
    (0.25, 0.17, 0.13),
]
ASPHALT: list[RGB] = [(0.10, 0.10, 0.105), (0.15, 0.148, 0.145), (0.20, 0.195, 0.185)]
NEAR, AHEAD = (5.2, 9.5), (9.0, 16.0)
"""Metres from the camera: where low things stand before and between people, and behind them."""


def paved(rng: np.random.Generator, marks: list[str], kinds: list[str]) -> Scene:
    """A floor outdoors."""
    floor = pick(rng, kinds)
    return Scene(
        False,
        floor=floor,
        floor_colour=shade(rng, ASPHALT if floor in ("asphalt", "plain") else PAVING, 0.7, 1.15),
        floor_second=pick(rng, [(0.11, 0.10, 0.09), (0.20, 0.17, 0.15), (0.30, 0.28, 0.26)]),
        floor_scale=between(rng, (0.5, 1.5)),
        floor_turn=between(rng, (-40.0, 40.0)),
        mark=pick(rng, marks),
        seed=int(rng.integers(1, 900)),
    )


def lamps(scene: Scene, rng: np.random.Generator) -> None:
    """Street lamps beside the walkway."""
    for x in (-5.2, 4.8):
        lamp_post(scene, x + between(rng, (-0.7, 0.7)), between(rng, (9.0, 14.0)), between(rng, (3.6, 5.0)))


def plaza(rng: np.random.Generator) -> Scene:
    """A paved square before house fronts, with trees and benches."""
    scene = paved(rng, ["none", "inlay", "inlay"], ["paving", "paving", "tiles"])
    facade(scene, rng, between(rng, (12.0, 17.0)), turn=between(rng, (-22.0, 22.0)))
    for x in (-6.5, 6.0, -3.5):
        if rng.random() < 0.7:
            tree(scene, rng, x + between(rng, (-1, 1)), between(rng, (10.0, 16.0)))
    bench(scene, rng, between(rng, (-4.5, 4.5)), between(rng, (10.5, 13.5)), between(rng, (-30, 30)))
    lamps(scene, rng)
    clutter(scene, rng, ["planter", "bin", "bench", "bollards", "bicycle", "sign"], 6, (-6.0, 6.0), AHEAD)
    clutter(scene, rng, ["planter", "bollards", "bin"], 2, (-3.5, 3.5), NEAR)
    return scene


def street(rng: np.random.Generator) -> Scene:
    """A pavement, a kerb with parked cars, house fronts beyond."""
    scene = paved(rng, ["lanes", "none", "zebra", "none"], ["asphalt", "asphalt", "paving"])
    turn = between(rng, (-18.0, 18.0))
    facade(scene, rng, between(rng, (13.5, 17.5)), turn=turn)
    for k in range(3):
        if rng.random() < 0.85:
            x, y = -7.0 + 6.0 * k + between(rng, (-0.8, 0.8)), between(rng, (11.0, 12.6))
            car(scene, rng, x, y, turn + between(rng, (-4, 4)) + pick(rng, [0.0, 180.0]))
    lamps(scene, rng)
    if rng.random() < 0.6:
        tree(scene, rng, between(rng, (-6, 6)), between(rng, (12.0, 13.5)), bare=rng.random() < 0.3)
    clutter(scene, rng, ["sign", "bin", "bollards", "bicycle", "planter", "railing"], 5, (-5.5, 5.5), (8.5, 11.0))
    clutter(scene, rng, ["bollards", "cone", "bicycle", "bin"], 2, (-3.5, 3.5), NEAR)
    return scene


def crossing(rng: np.random.Generator) -> Scene:
    """A zebra crossing seen from the kerb, traffic waiting, shops beyond."""
    scene = paved(rng, ["zebra"], ["asphalt"])
    scene.floor_turn = between(rng, (60.0, 120.0))
    turn = between(rng, (-12.0, 12.0))
    facade(scene, rng, between(rng, (16.0, 20.0)), turn=turn, kind=pick(rng, ["shop", "windows", "panels"]))
    for side in (-1.0, 1.0):
        car(scene, rng, side * between(rng, (5.0, 7.0)), between(rng, (9.0, 13.0)), 90.0 + between(rng, (-8, 8)))
        traffic_sign(scene, rng, side * between(rng, (3.4, 4.4)), between(rng, (7.5, 13.0)))
    railing(scene, rng, between(rng, (-5.0, -3.5)), between(rng, (7.0, 9.0)), 1.5, between(rng, (60, 110)))
    lamps(scene, rng)
    clutter(scene, rng, ["bollards", "sign", "bin"], 4, (-5.5, 5.5), (6.0, 15.0))
    return scene


def busstop(rng: np.random.Generator) -> Scene:
    """A shelter on a pavement, a timetable, a bin, a hedge or shops behind."""
    scene = paved(rng, ["tactile", "none", "lanes"], ["paving", "tiles", "asphalt"])
    turn = between(rng, (-15.0, 15.0))
    if rng.random() < 0.5:
        facade(scene, rng, between(rng, (14.0, 18.0)), turn=turn)
    else:
        scene.box((0.0, 16.0, 1.3), (25.0, 0.3, 1.3), "concrete", shade(rng, STONE), turn=turn)
        for x in (-6.0, -1.0, 4.0):
            tree(scene, rng, x + between(rng, (-1, 1)), between(rng, (17.5, 20.0)))
    shelter(scene, rng, between(rng, (-2.5, 2.5)), between(rng, (11.0, 12.5)), turn)
    lamps(scene, rng)
    clutter(scene, rng, ["bin", "sign", "machine", "bicycle", "bollards"], 5, (-5.5, 5.5), (8.0, 13.0))
    clutter(scene, rng, ["bollards", "railing", "bin"], 1, (-3.5, 3.5), NEAR)
    return scene


def park(rng: np.random.Generator) -> Scene:
    """A path between lawns, hedges and trees."""
    scene = paved(rng, ["lawn"], ["asphalt", "paving", "plain"])
    scene.floor_colour = shade(rng, [(0.30, 0.25, 0.19), (0.20, 0.20, 0.19), (0.36, 0.31, 0.24)])
    scene.floor_turn = between(rng, (50.0, 130.0))
    for _ in range(5):
        tree(scene, rng, between(rng, (-9, 9)), between(rng, (12.0, 22.0)))
    for _ in range(3):
        half = between(rng, (1.2, 2.6))
        hedge(scene, rng, between(rng, (-8, 8)), between(rng, (11.0, 16.0)), half, between(rng, (-20, 20)))
    for x in np.arange(-22.0, 23.0, 3.1):
        green: RGB = (between(rng, (0.03, 0.07)), between(rng, (0.07, 0.13)), 0.03)
        scene.leaves((float(x), 27.0, 2.4), (2.4, 1.5, 3.2), green, (0.1, 0.14, 0.05))
    scene.box((0.0, 32.0, 3.0), (45.0, 1.0, 3.0), "foliage", (0.05, 0.09, 0.04), (0.1, 0.14, 0.05))
    lamps(scene, rng)
    clutter(scene, rng, ["bench", "bin", "sign", "bicycle", "bench"], 5, (-5.5, 5.5), (8.5, 13.0))
    clutter(scene, rng, ["railing", "bollards"], 1, (-3.5, 3.5), NEAR)
    return scene


def steps(rng: np.random.Generator) -> Scene:
    """A landing before broad stairs and a wall."""
    stone = shade(rng, STONE, 0.8, 1.2)
    scene = paved(rng, ["none", "tactile"], ["tiles", "paving"])
    scene.floor_colour, scene.floor_second = dim(stone, 0.95), dim(stone, 0.5)
    scene.reach = between(rng, (11.0, 13.5))
    stairs(scene, rng, between(rng, (-4, 4)), scene.reach + 0.5, between(rng, (3.0, 6.0)), 11, stone)
    facade(scene, rng, 19.5, turn=between(rng, (-8.0, 8.0)))
    hedge(scene, rng, between(rng, (-7, -5)), 11.5, 1.2)
    lamps(scene, rng)
    clutter(scene, rng, ["planter", "bin", "bollards", "railing", "bench"], 4, (-5.5, 5.5), (8.0, 11.5))
    clutter(scene, rng, ["railing", "planter"], 1, (-3.5, 3.5), NEAR)
    return scene


def campus(rng: np.random.Generator) -> Scene:
    """A brick building, planters and bicycles."""
    scene = paved(rng, ["none", "none", "inlay"], ["tiles", "paving", "asphalt"])
    y, turn = between(rng, (11.5, 15.0)), between(rng, (-30.0, 30.0))
    brick = shade(rng, [(0.28, 0.11, 0.08), (0.34, 0.21, 0.13), (0.38, 0.34, 0.29)], 0.75, 1.1)
    scene.reach = y - 1.2
    scene.box((0.0, y + 3, 5.0), (26.0, 3.0, 5.0), "brick", brick, (0.26, 0.24, 0.22), 1.6, turn)
    at, wide = frame_at(0.0, y, turn), between(rng, (0.55, 1.0))
    for a in np.arange(-14.0, 14.1, between(rng, (2.8, 4.2))):
        scene.box(
            at(float(a), -0.05, 1.75), (wide, 0.1, 0.85), "glass", (0.07, 0.09, 0.12), (0.5, 0.5, 0.48), 0.65, turn
        )
        scene.box(at(float(a), -0.16, 0.86), (wide + 0.1, 0.14, 0.05), "concrete", (0.35, 0.34, 0.32), turn=turn)
    spot = at(between(rng, (-4, 4)), -1.2, 0.0)
    bicycles(scene, rng, spot[0], spot[1], turn, int(rng.integers(4, 8)))
    lamps(scene, rng)
    if rng.random() < 0.6:
        tree(scene, rng, between(rng, (-6, 6)), between(rng, (9.5, 11.0)))
    clutter(scene, rng, ["planter", "bench", "bin", "bollards", "bicycle"], 4, (-6.0, 6.0), (8.0, 11.5))
    clutter(scene, rng, ["planter", "bollards", "bicycle"], 2, (-3.5, 3.5), NEAR)
    return scene


def market(rng: np.random.Generator) -> Scene:
    """A supermarket's forecourt: a glass front, trolleys, goods, bicycles, posters."""
    scene = paved(rng, ["none", "bays", "inlay"], ["tiles", "paving", "terrazzo"])
    turn = between(rng, (-25.0, 25.0))
    y = between(rng, (11.0, 14.0))
    facade(scene, rng, y, turn=turn, kind="shop")
    at = frame_at(0.0, y, turn)
    for a in (-4.5, 0.0, 4.5):
        if rng.random() < 0.8:
            spot = at(a + between(rng, (-1, 1)), -1.3, 0.0)
            maker = pick(rng, [stall, machine])
            maker(scene, rng, spot[0], spot[1], turn + between(rng, (-10, 10)))
    spot = at(between(rng, (-5, 5)), -2.4, 0.0)
    bicycles(scene, rng, spot[0], spot[1], turn, int(rng.integers(3, 7)))
    lamps(scene, rng)
    clutter(scene, rng, ["bicycle", "planter", "bin", "bollards", "cone", "sign"], 5, (-5.5, 5.5), (8.0, 11.0))
    clutter(scene, rng, ["bollards", "bicycle", "railing", "cone"], 2, (-3.5, 3.5), NEAR)
    return scene


def terrace(rng: np.random.Generator) -> Scene:
    """Café tables and sunshades before shops."""
    scene = paved(rng, ["none", "inlay"], ["paving", "tiles", "planks"])
    turn = between(rng, (-20.0, 20.0))
    y = between(rng, (12.5, 15.0))
    facade(scene, rng, y, turn=turn, kind=pick(rng, ["shop", "plaster", "brick"]))
    for k in range(4):
        x, b = -4.8 + 3.0 * k + between(rng, (-0.6, 0.6)), y - between(rng, (2.0, 3.5))
        table(scene, rng, x, b)
        if rng.random() < 0.5:
            parasol(scene, rng, x + 0.4, b + 0.5)
    planter(scene, rng, between(rng, (-5, 5)), between(rng, (8.0, 9.5)), turn)
    lamps(scene, rng)
    clutter(scene, rng, ["planter", "sign", "table", "bicycle"], 3, (-5.5, 5.5), (7.5, 10.0))
    clutter(scene, rng, ["planter", "table"], 1, (-3.5, 3.5), NEAR)
    return scene


def courtyard(rng: np.random.Generator) -> Scene:
    """A yard between concrete walls: shutters, bins, a fence, a car."""
    scene = paved(rng, ["none", "bays", "lanes"], ["asphalt", "paving", "asphalt"])
    wall, kind = (
        shade(rng, [*STONE, (0.45, 0.40, 0.33), (0.28, 0.12, 0.09)]),
        pick(rng, ["concrete", "brick", "plaster", "metal"]),
    )
    y = between(rng, (12.0, 15.0))
    scene.box((-8.0, 10.0, 2.5), (0.3, 12.0, 2.5), kind, wall, (0.25, 0.23, 0.2), 1.3, between(rng, (-8, 8)))
    scene.box((8.5, 10.0, 2.5), (0.3, 12.0, 2.5), kind, dim(wall, 0.85), (0.25, 0.23, 0.2), 1.3, between(rng, (-8, 8)))
    scene.reach = y - 1.0
    scene.box((0.0, y + 0.3, 2.2), (12.0, 0.3, 2.2), kind, wall, (0.25, 0.23, 0.2), 1.3)
    for x in (-4.5, 0.5, 5.0):
        paint = shade(rng, [(0.35, 0.35, 0.35), (0.08, 0.16, 0.25), (0.25, 0.08, 0.06), (0.12, 0.2, 0.14)])
        scene.box(
            (x + between(rng, (-0.8, 0.8)), y - 0.03, 1.25),
            (1.3, 0.06, 1.25),
            pick(rng, ["shutter", "door", "poster"]),
            paint,
            (0.3, 0.3, 0.3),
        )
    car(scene, rng, between(rng, (-5, 5)), y - 2.0, between(rng, (-12, 12)))
    railing(
        scene, rng, between(rng, (-4, 4)), between(rng, (8.5, 10.0)), between(rng, (1.2, 2.4)), between(rng, (-40, 40))
    )
    scene.lamps.append((between(rng, (-3, 3)), y - 0.4, 3.6, 1.0, "lamp"))
    scene.lamps.append((between(rng, (-3, 3)), 7.0, 4.0, 0.7, "lamp"))
    clutter(scene, rng, ["bin", "bin", "cone", "bicycle", "planter", "bollards"], 6, (-5.5, 5.5), (8.0, 12.0))
    clutter(scene, rng, ["cone", "bollards", "bin"], 1, (-3.5, 3.5), NEAR)
    return scene


def gate(rng: np.random.Generator) -> Scene:
    """A fenced way in: barred gate, a booth, bollards, hedges beyond."""
    scene = paved(rng, ["none", "lanes", "tactile"], ["asphalt", "tiles", "paving"])
    turn, y = between(rng, (-15.0, 15.0)), between(rng, (11.0, 13.5))
    scene.reach = y - 0.8
    at = frame_at(0.0, y, turn)
    for a in (-7.0, -3.2, 3.2, 7.0):
        scene.bars(at(a, 0.0, 1.1), (1.9, 1.05), (0.05, 0.06, 0.06), turn, 0.16)
        spot = at(a - 1.9 if a > 0 else a + 1.9, 0.0, 0.0)
        scene.box(
            (spot[0], spot[1], 1.2),
            (0.25, 0.25, 1.2),
            pick(rng, ["brick", "concrete"]),
            shade(rng, STONE),
            (0.3, 0.28, 0.25),
            1.0,
            turn,
        )
    booth = at(pick(rng, [-3.6, 3.6]), -1.6, 0.0)
    scene.box(
        (booth[0], booth[1], 0.6),
        (0.7, 0.6, 0.6),
        "panels",
        shade(rng, [(0.5, 0.5, 0.48), (0.1, 0.16, 0.3)]),
        turn=turn,
    )
    scene.box((booth[0], booth[1], 1.6), (0.68, 0.58, 0.5), "glass", (0.08, 0.1, 0.12), (0.4, 0.4, 0.4), 0.6, turn)
    scene.box((booth[0], booth[1], 2.2), (0.9, 0.8, 0.08), "plain", (0.3, 0.3, 0.3), turn=turn)
    facade(scene, rng, y + between(rng, (6.0, 9.0)), turn=turn)
    for a in (-6.0, 0.0, 5.0):
        tree(scene, rng, a + between(rng, (-1, 1)), y + between(rng, (2.0, 4.5)))
    lamps(scene, rng)
    bollards(scene, rng, between(rng, (-2, 2)), between(rng, (8.5, 10.0)), turn, int(rng.integers(2, 5)))
    clutter(scene, rng, ["bin", "sign", "bicycle", "planter"], 3, (-5.5, 5.5), (7.5, 10.5))
    return scene
