"""Named places indoors."""

from __future__ import annotations

import numpy as np

from reidapt.world.furniture import (
    BRIGHT,
    DARK,
    STEEL,
    WOOD,
    bench,
    car,
    clutter,
    counter,
    escalator,
    machine,
    planter,
    railing,
    shelves,
    stairs,
    turnstiles,
)
from reidapt.world.props import RGB, Scene, dim, room, shade
from reidapt.world.streams import between, pick

NEAR = (4.8, 8.0)
"""Metres from the camera: where low things stand before and between people."""


def hall(rng: np.random.Generator, floors: list[str], colours: list[RGB], marks: list[str], gloss: tuple[float, float]) -> Scene:
    """A floor indoors."""
    return Scene(
        True,
        floor=pick(rng, floors),
        floor_colour=shade(rng, colours, 0.65, 1.1),
        floor_second=pick(rng, [(0.10, 0.09, 0.08), (0.2, 0.17, 0.15), (0.28, 0.10, 0.08), (0.08, 0.12, 0.2)]),
        floor_scale=between(rng, (0.4, 1.1)),
        floor_gloss=between(rng, gloss),
        mark=pick(rng, marks),
        floor_turn=between(rng, (-40.0, 40.0)),
        seed=int(rng.integers(1, 900)),
    )


def pillars(scene: Scene, rng: np.random.Generator, kind: str, colour: RGB, tall: float, count: int) -> None:
    """Round or square pillars beside the walkway."""
    round_ = rng.random() < 0.5
    for k in range(count):
        x, y = pick(rng, [-1.0, 1.0]) * between(rng, (2.4, 4.2)), between(rng, (8.5, 14.0)) + 0.3 * k
        if round_:
            scene.add("cylinder", (x, y, tall / 2), (0.3, 0.3, tall / 2), kind, colour, dim(colour, 0.6), 0.4)
        else:
            scene.box((x, y, tall / 2), (0.28, 0.28, tall / 2), kind, colour, dim(colour, 0.6), 0.4)


def posters(scene: Scene, rng: np.random.Generator, width: float, depth: float, count: int) -> None:
    """Lit posters and signs on side and far walls."""
    for k in range(count):
        ink = shade(rng, BRIGHT)
        x = between(rng, (-width + 1.2, width - 1.2))
        scene.box((x, depth - 0.2, 1.75), (0.6, 0.06, 0.8), "poster", ink, (0.6, 0.6, 0.55), glow=0.25)
        x, y = pick(rng, [-1.0, 1.0]) * (width - 0.2), 6.0 + 2.6 * k
        scene.box((x, y, 1.7), (0.06, 0.7, 0.8), "poster", ink, (0.6, 0.6, 0.6), glow=0.2)
    scene.box((between(rng, (-1, 1)), depth - 1.5, 2.75), (1.4, 0.08, 0.2), "sign", shade(rng, BRIGHT), (0.7, 0.7, 0.7), 0.9)


def mall(rng: np.random.Generator) -> Scene:
    """A shopping passage: display windows, pillars, a polished floor, benches and plants."""
    stone: list[RGB] = [(0.45, 0.40, 0.33), (0.38, 0.38, 0.38), (0.32, 0.25, 0.19), (0.20, 0.20, 0.21)]
    scene = hall(rng, ["terrazzo", "tiles"], stone, ["none", "inlay", "chequer"], (0.2, 0.5))
    frame = shade(rng, [(0.08, 0.08, 0.09), (0.45, 0.43, 0.40), (0.30, 0.20, 0.11)])
    sign = shade(rng, [*BRIGHT, (0.45, 0.40, 0.33), (0.08, 0.08, 0.08)])
    width, depth = between(rng, (4.5, 6.8)), between(rng, (12.0, 16.0))
    room(scene, rng, width, depth, 4.2, "shop", (sign, frame), between(rng, (0.8, 1.3)))
    pillars(scene, rng, pick(rng, ["plaster", "panels", "tiles"]), shade(rng, [(0.5, 0.49, 0.47), (0.28, 0.2, 0.14)]), 4.2, 2)
    planter(scene, rng, between(rng, (-2.5, 2.5)), between(rng, (11.0, 13.0)))
    if rng.random() < 0.6:
        counter(scene, rng, between(rng, (-2.5, 2.5)), between(rng, (9.5, 12.0)), between(rng, (0.8, 1.4)), between(rng, (-30, 30)))
    clutter(scene, rng, ["bench", "planter", "bin", "machine", "sign", "table"], 5, (-width + 1, width - 1), (7.5, depth - 1))
    clutter(scene, rng, ["planter", "bin", "cone"], 1, (-2.5, 2.5), NEAR)
    return scene


def station(rng: np.random.Generator) -> Scene:
    """A platform or concourse: tiled walls, posters, pillars, a tactile strip."""
    tile = shade(rng, [(0.46, 0.47, 0.45), (0.24, 0.31, 0.35), (0.46, 0.39, 0.27), (0.18, 0.25, 0.21), (0.3, 0.12, 0.1)], 0.8, 1.1)
    scene = hall(rng, ["tiles", "terrazzo"], [(0.20, 0.20, 0.21), (0.32, 0.31, 0.29)], ["tactile"], (0.05, 0.25))
    width, depth = between(rng, (4.0, 6.5)), between(rng, (12.0, 15.0))
    room(scene, rng, width, depth, 3.4, "tiles", (tile, dim(tile, 0.55)), between(rng, (0.15, 0.4)))
    posters(scene, rng, width, depth, 3)
    pillars(scene, rng, "tiles", shade(rng, [(0.4, 0.4, 0.42), tile]), 3.4, 2)
    bench(scene, rng, between(rng, (-2.5, 2.5)), depth - 1.0, 0.0)
    scene.box((between(rng, (-1.5, 1.5)), between(rng, (9, 12)), 2.9), (0.9, 0.08, 0.22), "board", DARK, (0.75, 0.5, 0.08), glow=0.2)
    clutter(scene, rng, ["bin", "machine", "bench", "bin", "cone", "railing"], 5, (-width + 0.8, width - 0.8), (7.0, depth - 1))
    clutter(scene, rng, ["railing", "bollards"], 1, (-2.5, 2.5), NEAR)
    return scene


def concourse(rng: np.random.Generator) -> Scene:
    """Moving stairs, departure boards, ticket machines, daylight from one side."""
    scene = hall(rng, ["terrazzo", "tiles", "concrete"], [(0.34, 0.33, 0.31), (0.22, 0.22, 0.23)], ["none", "tactile", "inlay"], (0.1, 0.4))
    wall = shade(rng, [(0.42, 0.41, 0.39), (0.30, 0.30, 0.31), (0.35, 0.27, 0.2)])
    width, depth = between(rng, (5.0, 7.5)), between(rng, (14.0, 17.0))
    room(scene, rng, width, depth, 4.6, pick(rng, ["panels", "tiles", "concrete"]), (wall, dim(wall, 0.6)), 1.0, pick(rng, ["left", "right", "none"]))
    x, turn = between(rng, (-2.5, 2.5)), between(rng, (-20, 20))
    for k in range(2):
        escalator(scene, rng, x + 1.5 * k, between(rng, (10.0, 10.6)), turn)
    for _ in range(3):
        machine(scene, rng, between(rng, (-width + 1, width - 1)), depth - 0.7, 0.0)
    scene.box((between(rng, (-2, 2)), between(rng, (9, 11)), 3.3), (1.4, 0.08, 0.45), "board", DARK, (0.75, 0.55, 0.1), glow=0.2)
    clutter(scene, rng, ["bin", "bench", "railing", "planter", "bollards", "sign"], 6, (-width + 0.8, width - 0.8), (6.5, 12.0))
    clutter(scene, rng, ["railing", "bin", "planter"], 1, (-2.5, 2.5), NEAR)
    return scene


def turnstile(rng: np.random.Generator) -> Scene:
    """Gates of a station or an office, rails and signs."""
    scene = hall(rng, ["tiles", "terrazzo"], [(0.36, 0.35, 0.33), (0.20, 0.20, 0.21), (0.42, 0.38, 0.3)], ["none", "tactile", "chequer"], (0.1, 0.45))
    wall = shade(rng, [(0.44, 0.44, 0.43), (0.22, 0.3, 0.34), (0.4, 0.33, 0.24)])
    width, depth = between(rng, (4.5, 6.5)), between(rng, (13.0, 16.0))
    room(scene, rng, width, depth, 3.4, pick(rng, ["tiles", "panels", "plaster"]), (wall, dim(wall, 0.6)), between(rng, (0.3, 1.0)), pick(rng, ["none", "far", "none"]))
    turnstiles(scene, rng, between(rng, (-1.0, 1.0)), between(rng, (10.0, 12.5)), between(rng, (-12, 12)), int(rng.integers(4, 8)))
    railing(scene, rng, between(rng, (-3.5, -2.0)), between(rng, (7.0, 9.5)), 1.2, between(rng, (60, 120)))
    posters(scene, rng, width, depth, 2)
    clutter(scene, rng, ["machine", "bin", "railing", "cone", "planter"], 4, (-width + 0.8, width - 0.8), (6.5, 10.0))
    clutter(scene, rng, ["railing", "bollards"], 1, (-2.5, 2.5), NEAR)
    return scene


def lobby(rng: np.random.Generator) -> Scene:
    """A reception: counter, sofas, plants, windows to the street."""
    scene = hall(rng, ["tiles", "planks", "terrazzo", "plain"], [(0.36, 0.34, 0.31), (0.26, 0.17, 0.1), (0.18, 0.18, 0.2)], ["none", "carpet", "inlay"], (0.1, 0.45))
    wall = shade(rng, [(0.46, 0.43, 0.38), (0.30, 0.22, 0.15), (0.42, 0.44, 0.45)])
    width, depth = between(rng, (4.0, 6.0)), between(rng, (12.0, 15.0))
    room(scene, rng, width, depth, 3.4, pick(rng, ["panels", "planks", "plaster"]), (wall, dim(wall, 0.5)), between(rng, (0.6, 1.4)), pick(rng, ["left", "right", "far"]))
    counter(scene, rng, between(rng, (-2.5, 2.5)), between(rng, (10.5, 12.0)), between(rng, (1.2, 2.0)), between(rng, (-25, 25)))
    for _ in range(2):
        x, y, turn = between(rng, (-width + 1.2, width - 1.2)), between(rng, (7.5, 11.0)), between(rng, (0, 180))
        cloth = shade(rng, [*BRIGHT, *WOOD, DARK])
        scene.box((x, y, 0.22), (0.8, 0.4, 0.22), "plaster", cloth, turn=turn)
        scene.box((x, y + 0.3, 0.5), (0.8, 0.12, 0.28), "plaster", cloth, turn=turn)
    clutter(scene, rng, ["planter", "bin", "planter", "table"], 4, (-width + 0.8, width - 0.8), (6.5, depth - 1.5))
    clutter(scene, rng, ["planter", "table"], 1, (-2.2, 2.2), NEAR)
    return scene


def supermarket(rng: np.random.Generator) -> Scene:
    """Aisles of goods, crates, a till."""
    scene = hall(rng, ["tiles", "terrazzo"], [(0.42, 0.41, 0.39), (0.34, 0.30, 0.25)], ["none", "chequer"], (0.1, 0.4))
    width, depth = between(rng, (4.5, 7.0)), between(rng, (13.0, 17.0))
    room(scene, rng, width, depth, 3.6, "goods", ((0.3, 0.3, 0.29), (0.42, 0.42, 0.41)), between(rng, (0.8, 1.4)))
    for x in (-width + 1.1, width - 1.1):
        shelves(scene, rng, x, between(rng, (8.5, 10.0)), 2.2, 90.0 + between(rng, (-4, 4)), between(rng, (0.7, 1.0)))
    for x in (-1.6, 1.8):
        shelves(scene, rng, x + between(rng, (-0.4, 0.4)), between(rng, (12.0, depth - 1.5)), 1.1, between(rng, (-8, 8)), 0.85)
    if rng.random() < 0.6:
        counter(scene, rng, between(rng, (-2.5, 2.5)), between(rng, (9.0, 11.0)), between(rng, (0.8, 1.3)), between(rng, (-20, 20)))
    for _ in range(3):
        crate = shade(rng, BRIGHT)
        x, y = between(rng, (-2.8, 2.8)), between(rng, (6.5, 11.0))
        scene.box((x, y, 0.3), (0.35, 0.25, 0.3), "goods", dim(crate, 0.8), crate, 0.5, between(rng, (-25, 25)))
    clutter(scene, rng, ["cone", "bin"], 1, (-2.2, 2.2), NEAR)
    return scene


def corridor(rng: np.random.Generator) -> Scene:
    """An office or hospital corridor with doors, rails, notice boards and a window at its end."""
    paint = shade(rng, [(0.48, 0.46, 0.40), (0.36, 0.43, 0.43), (0.50, 0.50, 0.50), (0.45, 0.38, 0.28)], 0.8, 1.1)
    floors: list[RGB] = [(0.28, 0.25, 0.21), (0.19, 0.25, 0.29), (0.30, 0.19, 0.10), (0.35, 0.34, 0.33)]
    scene = hall(rng, ["plain", "tiles", "planks"], floors, ["none", "carpet", "chequer"], (0.1, 0.35))
    scene.floor_turn = pick(rng, [0.0, 90.0])
    width, depth = between(rng, (2.6, 4.0)), between(rng, (15.0, 20.0))
    room(scene, rng, width, depth, 3.0, pick(rng, ["plaster", "plain", "panels"]), (paint, dim(paint, 0.8)), 1.0, pick(rng, ["none", "far"]))
    door = shade(rng, [*WOOD, (0.14, 0.22, 0.33), (0.45, 0.43, 0.40)])
    for side in (-1.0, 1.0):
        for k in range(4):
            y = 6.5 + 3.2 * k + between(rng, (-0.6, 0.6))
            scene.box((side * (width - 0.16), y, 1.05), (0.05, 0.5, 1.05), "door", door, (0.3, 0.35, 0.38))
            if rng.random() < 0.6:
                ink = shade(rng, BRIGHT)
                scene.box((side * (width - 0.16), y + 1.3, 1.5), (0.04, 0.45, 0.35), "poster", ink, (0.6, 0.6, 0.6))
        scene.box((side * (width - 0.16), depth / 2, 0.9), (0.03, depth, 0.06), "planks", dim(paint, 0.45))
    clutter(scene, rng, ["bench", "bin", "planter", "machine", "cone"], 4, (-width + 0.7, width - 0.7), (6.5, depth - 3))
    return scene


def underpass(rng: np.random.Generator) -> Scene:
    """A pedestrian tunnel: concrete or tiles, stairs at its end, strip lights."""
    wall = shade(rng, [(0.32, 0.31, 0.29), (0.42, 0.40, 0.34), (0.18, 0.24, 0.26)])
    scene = hall(rng, ["asphalt", "concrete", "tiles"], [(0.16, 0.16, 0.16), (0.24, 0.23, 0.22)], ["tactile", "lanes", "none"], (0.03, 0.2))
    width, depth = between(rng, (2.8, 4.2)), between(rng, (17.0, 22.0))
    room(scene, rng, width, depth, 2.9, pick(rng, ["concrete", "tiles", "brick"]), (wall, dim(wall, 0.6)), between(rng, (0.4, 1.2)), pick(rng, ["far", "none"]))
    stairs(scene, rng, 0.0, depth - 5.0, width - 0.3, 7, (0.26, 0.26, 0.25))
    posters(scene, rng, width, depth, 2)
    scene.box((pick(rng, [-1.0, 1.0]) * (width - 0.3), depth / 2, 0.95), (0.03, depth / 2, 0.03), "metal", STEEL)
    clutter(scene, rng, ["bin", "bicycle", "cone", "bollards"], 3, (-width + 0.7, width - 0.7), (7.0, 12.0))
    return scene


def garage(rng: np.random.Generator) -> Scene:
    """A car park with painted pillars."""
    scene = hall(rng, ["asphalt", "concrete"], [(0.20, 0.20, 0.195), (0.13, 0.17, 0.15)], ["lanes", "bays"], (0.0, 0.12))
    scene.floor_turn = between(rng, (-20, 20))
    room(scene, rng, 11.0, 21.0, 3.0, "concrete", ((0.30, 0.30, 0.29), (0.3, 0.3, 0.3)), 1.0)
    band = shade(rng, [(0.55, 0.40, 0.05), (0.1, 0.3, 0.5), (0.5, 0.08, 0.06)])
    for x in (-5.0, 5.2):
        for y in (9.5, 14.5):
            scene.box((x, y, 1.5), (0.3, 0.3, 1.5), "concrete", (0.36, 0.36, 0.35))
            scene.box((x, y, 1.1), (0.31, 0.31, 0.35), "sign", band, (0.5, 0.5, 0.48), 1.5)
    for k in range(4):
        car(scene, rng, -7.5 + 4.4 * k, between(rng, (14.5, 17.5)), 90.0 + between(rng, (-4, 4)))
    scene.add("cylinder", (0.0, 12.0, 2.7), (9.0, 0.08, 0.08), "metal", (0.4, 0.1, 0.08))
    clutter(scene, rng, ["cone", "bollards", "bin", "sign"], 4, (-5.0, 5.0), (7.0, 12.0))
    return scene


def gym(rng: np.random.Generator) -> Scene:
    """A sports or exhibition hall: wooden floor with lines, bleachers, stands with posters."""
    scene = hall(rng, ["planks"], [(0.34, 0.22, 0.11), (0.28, 0.17, 0.08)], ["lanes", "none"], (0.1, 0.3))
    wall = shade(rng, [(0.42, 0.42, 0.40), (0.20, 0.28, 0.36), (0.36, 0.2, 0.15)])
    width, depth = between(rng, (6.0, 9.0)), between(rng, (15.0, 19.0))
    room(scene, rng, width, depth, 5.0, pick(rng, ["panels", "brick", "planks"]), (wall, dim(wall, 0.6)), 1.4, pick(rng, ["left", "right", "none"]))
    stairs(scene, rng, between(rng, (-2, 2)), depth - 4.0, width * 0.6, 6, shade(rng, [*BRIGHT, *WOOD]))
    posters(scene, rng, width, depth, 2)
    for x in np.array([-3.6, 0.2, 3.8]) + between(rng, (-0.5, 0.5)):
        scene.box((float(x), between(rng, (10.0, 11.5)), 0.75), (0.9, 0.05, 0.75), "poster", shade(rng, BRIGHT), (0.6, 0.6, 0.6), 1.5, between(rng, (-25, 25)))
    clutter(scene, rng, ["bench", "cone", "bin", "table", "railing"], 5, (-5.0, 5.0), (7.0, 12.0))
    return scene
