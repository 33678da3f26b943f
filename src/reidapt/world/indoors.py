"""Named places indoors."""

from __future__ import annotations

import numpy as np

from reidapt.world.furniture import (
    BRIGHT,
    DARK,
    WOOD,
    clutter,
    counter,
    planter,
    shelves,
    stairs,
)
from reidapt.world.props import RGB, Scene, dim, room, shade
from reidapt.world.streams import between, pick

NEAR = (4.8, 8.0)
"""Metres from the camera: where low things stand before and between people."""


def hall(
    rng: np.random.Generator, floors: list[str], colours: list[RGB], marks: list[str], gloss: tuple[float, float]
) -> Scene:
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
    scene.box(
        (between(rng, (-1, 1)), depth - 1.5, 2.75), (1.4, 0.08, 0.2), "sign", shade(rng, BRIGHT), (0.7, 0.7, 0.7), 0.9
    )


def mall(rng: np.random.Generator) -> Scene:
    """A shopping passage: display windows, pillars, a polished floor, benches and plants."""
    stone: list[RGB] = [(0.45, 0.40, 0.33), (0.38, 0.38, 0.38), (0.32, 0.25, 0.19), (0.20, 0.20, 0.21)]
    scene = hall(rng, ["terrazzo", "tiles"], stone, ["none", "inlay", "chequer"], (0.2, 0.5))
    frame = shade(rng, [(0.08, 0.08, 0.09), (0.45, 0.43, 0.40), (0.30, 0.20, 0.11)])
    sign = shade(rng, [*BRIGHT, (0.45, 0.40, 0.33), (0.08, 0.08, 0.08)])
    width, depth = between(rng, (4.5, 6.8)), between(rng, (12.0, 16.0))
    room(scene, rng, width, depth, 4.2, "shop", (sign, frame), between(rng, (0.8, 1.3)))
    pillars(
        scene,
        rng,
        pick(rng, ["plaster", "panels", "tiles"]),
        shade(rng, [(0.5, 0.49, 0.47), (0.28, 0.2, 0.14)]),
        4.2,
        2,
    )
    planter(scene, rng, between(rng, (-2.5, 2.5)), between(rng, (11.0, 13.0)))
    if rng.random() < 0.6:
        counter(
            scene,
            rng,
            between(rng, (-2.5, 2.5)),
            between(rng, (9.5, 12.0)),
            between(rng, (0.8, 1.4)),
            between(rng, (-30, 30)),
        )
    clutter(
        scene,
        rng,
        ["bench", "planter", "bin", "machine", "sign", "table"],
        5,
        (-width + 1, width - 1),
        (7.5, depth - 1),
    )
    clutter(scene, rng, ["planter", "bin", "cone"], 1, (-2.5, 2.5), NEAR)
    return scene


def lobby(rng: np.random.Generator) -> Scene:
    """A reception: counter, sofas, plants, windows to the street."""
    scene = hall(
        rng,
        ["tiles", "planks", "terrazzo", "plain"],
        [(0.36, 0.34, 0.31), (0.26, 0.17, 0.1), (0.18, 0.18, 0.2)],
        ["none", "carpet", "inlay"],
        (0.1, 0.45),
    )
    wall = shade(rng, [(0.46, 0.43, 0.38), (0.30, 0.22, 0.15), (0.42, 0.44, 0.45)])
    width, depth = between(rng, (4.0, 6.0)), between(rng, (12.0, 15.0))
    room(
        scene,
        rng,
        width,
        depth,
        3.4,
        pick(rng, ["panels", "planks", "plaster"]),
        (wall, dim(wall, 0.5)),
        between(rng, (0.6, 1.4)),
        pick(rng, ["left", "right", "far"]),
    )
    counter(
        scene,
        rng,
        between(rng, (-2.5, 2.5)),
        between(rng, (10.5, 12.0)),
        between(rng, (1.2, 2.0)),
        between(rng, (-25, 25)),
    )
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
        shelves(
            scene,
            rng,
            x + between(rng, (-0.4, 0.4)),
            between(rng, (12.0, depth - 1.5)),
            1.1,
            between(rng, (-8, 8)),
            0.85,
        )
    if rng.random() < 0.6:
        counter(
            scene,
            rng,
            between(rng, (-2.5, 2.5)),
            between(rng, (9.0, 11.0)),
            between(rng, (0.8, 1.3)),
            between(rng, (-20, 20)),
        )
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
    room(
        scene,
        rng,
        width,
        depth,
        3.0,
        pick(rng, ["plaster", "plain", "panels"]),
        (paint, dim(paint, 0.8)),
        1.0,
        pick(rng, ["none", "far"]),
    )
    door = shade(rng, [*WOOD, (0.14, 0.22, 0.33), (0.45, 0.43, 0.40)])
    for side in (-1.0, 1.0):
        for k in range(4):
            y = 6.5 + 3.2 * k + between(rng, (-0.6, 0.6))
            scene.box((side * (width - 0.16), y, 1.05), (0.05, 0.5, 1.05), "door", door, (0.3, 0.35, 0.38))
            if rng.random() < 0.6:
                ink = shade(rng, BRIGHT)
                scene.box((side * (width - 0.16), y + 1.3, 1.5), (0.04, 0.45, 0.35), "poster", ink, (0.6, 0.6, 0.6))
        scene.box((side * (width - 0.16), depth / 2, 0.9), (0.03, depth, 0.06), "planks", dim(paint, 0.45))
    clutter(
        scene, rng, ["bench", "bin", "planter", "machine", "cone"], 4, (-width + 0.7, width - 0.7), (6.5, depth - 3)
    )
    return scene


def gym(rng: np.random.Generator) -> Scene:
    """A sports or exhibition hall: wooden floor with lines, bleachers, stands with posters."""
    scene = hall(rng, ["planks"], [(0.34, 0.22, 0.11), (0.28, 0.17, 0.08)], ["lanes", "none"], (0.1, 0.3))
    wall = shade(rng, [(0.42, 0.42, 0.40), (0.20, 0.28, 0.36), (0.36, 0.2, 0.15)])
    width, depth = between(rng, (6.0, 9.0)), between(rng, (15.0, 19.0))
    room(
        scene,
        rng,
        width,
        depth,
        5.0,
        pick(rng, ["panels", "brick", "planks"]),
        (wall, dim(wall, 0.6)),
        1.4,
        pick(rng, ["left", "right", "none"]),
    )
    stairs(scene, rng, between(rng, (-2, 2)), depth - 4.0, width * 0.6, 6, shade(rng, [*BRIGHT, *WOOD]))
    posters(scene, rng, width, depth, 2)
    for x in np.array([-3.6, 0.2, 3.8]) + between(rng, (-0.5, 0.5)):
        scene.box(
            (float(x), between(rng, (10.0, 11.5)), 0.75),
            (0.9, 0.05, 0.75),
            "poster",
            shade(rng, BRIGHT),
            (0.6, 0.6, 0.6),
            1.5,
            between(rng, (-25, 25)),
        )
    clutter(scene, rng, ["bench", "cone", "bin", "table", "railing"], 5, (-5.0, 5.0), (7.0, 12.0))
    return scene
