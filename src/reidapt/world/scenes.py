"""Named kinds of places around a camera's walkway.

A camera stands at the origin and looks along +y; people walk between y = 5 and y = 18 metres. Scene functions take the
camera's random generator, so that two cameras with the same kind of scene are still two different places.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from reidapt.world.props import RGB, Scene, bench, car, dim, facade, hedge, pole, room, stairs, tree
from reidapt.world.streams import between, pick


def plaza(rng: np.random.Generator) -> Scene:
    """A paved square before house fronts, with trees and benches."""
    scene = Scene(
        False,
        floor="paving",
        floor_colour=pick(rng, [(0.36, 0.34, 0.31), (0.42, 0.36, 0.29), (0.30, 0.30, 0.31), (0.45, 0.44, 0.41)]),
        floor_second=(0.24, 0.20, 0.17),
        floor_scale=between(rng, (0.8, 1.6)),
        mark=pick(rng, ["none", "inlay"]),
    )
    facade(scene, rng, between(rng, (12.0, 17.0)), turn=between(rng, (-22.0, 22.0)))
    for x in (-6.5, 6.0, -3.5):
        if rng.random() < 0.7:
            tree(scene, rng, x + between(rng, (-1, 1)), between(rng, (11.0, 17.0)))
    bench(scene, rng, between(rng, (-4.5, 4.5)), between(rng, (12.0, 14.5)), between(rng, (-30, 30)))
    pole(scene, between(rng, (-5, 5)), between(rng, (11.0, 14.0)), 4.5)
    return scene


def street(rng: np.random.Generator) -> Scene:
    """A pavement, a kerb with parked cars, house fronts beyond."""
    scene = Scene(
        False,
        floor=pick(rng, ["asphalt", "paving"]),
        floor_colour=pick(rng, [(0.17, 0.17, 0.18), (0.25, 0.24, 0.23), (0.33, 0.31, 0.29)]),
        floor_second=(0.2, 0.2, 0.2),
        mark=pick(rng, ["lanes", "none", "zebra"]),
    )
    turn = between(rng, (-18.0, 18.0))
    facade(scene, rng, between(rng, (14.5, 18.0)), turn=turn)
    for k in range(3):
        if rng.random() < 0.8:
            car(
                scene,
                rng,
                -7.0 + 6.2 * k + between(rng, (-0.8, 0.8)),
                12.2 + between(rng, (-0.5, 0.8)),
                turn + between(rng, (-4, 4)),
            )
    for x in (-5.0, 4.5):
        pole(scene, x + between(rng, (-1, 1)), between(rng, (10.5, 12.5)), between(rng, (1.0, 5.0)))
    if rng.random() < 0.5:
        tree(scene, rng, between(rng, (-6, 6)), between(rng, (12.0, 13.5)))
    return scene


def park(rng: np.random.Generator) -> Scene:
    """A path between lawns, hedges and trees."""
    scene = Scene(
        False,
        floor=pick(rng, ["asphalt", "paving"]),
        floor_colour=pick(rng, [(0.38, 0.33, 0.26), (0.30, 0.30, 0.29)]),
        floor_second=(0.25, 0.2, 0.15),
        mark="lawn",
        floor_turn=between(rng, (50.0, 130.0)),
    )
    for _ in range(6):
        tree(scene, rng, between(rng, (-10, 10)), between(rng, (14.0, 24.0)))
    for _ in range(3):
        hedge(
            scene,
            rng,
            between(rng, (-8, 8)),
            between(rng, (13.0, 16.0)),
            between(rng, (1.5, 4.0)),
            between(rng, (-20, 20)),
        )
    scene.box((0, 32, 4), (40, 1, 4), "foliage", (0.06, 0.12, 0.05), (0.1, 0.14, 0.05))
    bench(scene, rng, between(rng, (-5, 5)), between(rng, (11.0, 13.0)), between(rng, (-30, 30)))
    return scene


def steps(rng: np.random.Generator) -> Scene:
    """A landing before broad stairs and a wall."""
    stone: RGB = pick(rng, [(0.42, 0.41, 0.39), (0.36, 0.32, 0.28)])
    scene = Scene(
        False,
        floor="tiles",
        floor_colour=stone,
        floor_second=dim(stone, 0.6),
        floor_scale=between(rng, (0.5, 1.1)),
    )
    stairs(scene, rng, between(rng, (-4, 4)), between(rng, (11.5, 14.0)), between(rng, (4.0, 8.0)), 12, stone)
    facade(scene, rng, 20.0, turn=between(rng, (-8.0, 8.0)))
    hedge(scene, rng, between(rng, (-7, -5)), 12.0, 1.5)
    pole(scene, between(rng, (3, 6)), 11.0, 1.0)
    return scene


def campus(rng: np.random.Generator) -> Scene:
    """A brick building, planters and a cycle stand."""
    scene = Scene(
        False,
        floor=pick(rng, ["tiles", "paving", "asphalt"]),
        floor_colour=pick(rng, [(0.33, 0.20, 0.15), (0.37, 0.35, 0.33), (0.28, 0.28, 0.28)]),
        floor_second=(0.2, 0.17, 0.15),
        floor_scale=between(rng, (0.4, 0.9)),
    )
    y = between(rng, (11.5, 15.0))
    turn = between(rng, (-30.0, 30.0))
    brick: RGB = pick(rng, [(0.30, 0.12, 0.08), (0.38, 0.24, 0.15), (0.42, 0.38, 0.33)])
    scene.box((0, y + 3, 5), (26, 3, 5), "brick", brick, (0.32, 0.30, 0.28), 1.6, turn)
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    for a in np.arange(-14.0, 14.1, between(rng, (2.8, 4.2))):
        scene.box(
            (c * a - s * -0.05, y + s * a - c * 0.05 + 0.0, 1.75),
            (0.8, 0.1, 0.85),
            "glass",
            (0.09, 0.12, 0.16),
            (0.62, 0.62, 0.60),
            0.65,
            turn,
        )
    for _ in range(2):
        x, yy = between(rng, (-6, 6)), between(rng, (10.5, 12.5))
        scene.box((x, yy, 0.3), (0.9, 0.4, 0.3), "plain", (0.30, 0.29, 0.28))
        scene.ball((x, yy, 0.75), (0.85, 0.4, 0.4), "foliage", (0.08, 0.17, 0.05), (0.2, 0.2, 0.05))
    for k in range(4):
        pole(scene, 3.5 + 0.7 * k, 12.0, 0.9, (0.3, 0.3, 0.32))
    return scene


def mall(rng: np.random.Generator) -> Scene:
    """A shopping passage: display windows, pillars, a polished floor."""
    scene = Scene(
        True,
        floor=pick(rng, ["terrazzo", "tiles"]),
        floor_colour=pick(rng, [(0.55, 0.50, 0.43), (0.50, 0.50, 0.50), (0.42, 0.34, 0.27)]),
        floor_second=(0.25, 0.2, 0.17),
        floor_scale=between(rng, (0.6, 1.2)),
        floor_gloss=between(rng, (0.2, 0.5)),
        mark=pick(rng, ["none", "inlay"]),
        floor_turn=between(rng, (-40.0, 40.0)),
    )
    frame: RGB = pick(rng, [(0.10, 0.10, 0.11), (0.55, 0.53, 0.50), (0.35, 0.25, 0.15)])
    sign: RGB = pick(rng, [(0.45, 0.08, 0.08), (0.08, 0.15, 0.35), (0.5, 0.45, 0.38), (0.1, 0.3, 0.2)])
    room(
        scene,
        rng,
        between(rng, (4.5, 7.0)),
        between(rng, (12.0, 16.0)),
        4.2,
        "shop",
        (sign, frame),
        between(rng, (0.8, 1.3)),
    )
    for _ in range(2):
        x, y = pick(rng, [-1, 1]) * between(rng, (2.6, 4.2)), between(rng, (9.5, 14.0))
        scene.box((x, y, 2.1), (0.28, 0.28, 2.1), "plain", pick(rng, [(0.55, 0.54, 0.52), (0.32, 0.26, 0.2)]))
    x, y = between(rng, (-2, 2)), between(rng, (12.5, 14.5))
    scene.box((x, y, 0.35), (0.7, 0.7, 0.35), "panels", (0.35, 0.33, 0.30))
    scene.ball((x, y, 1.0), (0.6, 0.6, 0.6), "foliage", (0.06, 0.16, 0.06), (0.1, 0.2, 0.05))
    return scene


def station(rng: np.random.Generator) -> Scene:
    """A platform or concourse: tiled walls, posters, pillars, a tactile strip."""
    tile: RGB = pick(rng, [(0.56, 0.57, 0.55), (0.30, 0.38, 0.42), (0.55, 0.48, 0.33), (0.25, 0.33, 0.28)])
    scene = Scene(
        True,
        floor=pick(rng, ["tiles", "terrazzo"]),
        floor_colour=pick(rng, [(0.28, 0.28, 0.29), (0.40, 0.39, 0.37)]),
        floor_second=(0.15, 0.15, 0.15),
        floor_scale=between(rng, (0.4, 0.7)),
        floor_gloss=between(rng, (0.05, 0.25)),
        mark="tactile",
        floor_turn=between(rng, (-30.0, 60.0)),
    )
    width, depth = between(rng, (4.0, 6.5)), between(rng, (12.0, 15.0))
    room(scene, rng, width, depth, 3.4, "tiles", (tile, dim(tile, 0.6)), 0.3)
    for k in range(4):
        ink: RGB = pick(rng, [(0.5, 0.1, 0.1), (0.1, 0.2, 0.5), (0.6, 0.5, 0.1), (0.1, 0.4, 0.2)])
        scene.box(
            (between(rng, (-width + 1.2, width - 1.2)), depth - 0.2, 1.75),
            (0.6, 0.06, 0.85),
            "poster",
            ink,
            (0.7, 0.7, 0.65),
            1.0,
            glow=0.4,
        )
        scene.box(
            (pick(rng, [-1, 1]) * (width - 0.2), 6.0 + 3.0 * k, 1.7), (0.06, 0.7, 0.8), "poster", ink, (0.6, 0.6, 0.6)
        )
    scene.box(
        (pick(rng, [-1, 1]) * 2.8, between(rng, (10.0, 13.0)), 1.7),
        (0.25, 0.25, 1.7),
        "tiles",
        (0.4, 0.4, 0.42),
        (0.2, 0.2, 0.2),
        0.2,
    )
    bench(scene, rng, between(rng, (-2.5, 2.5)), depth - 1.0, 0.0)
    return scene


def corridor(rng: np.random.Generator) -> Scene:
    """An office or hospital corridor with doors and a skirting."""
    paint: RGB = pick(rng, [(0.58, 0.56, 0.50), (0.45, 0.52, 0.52), (0.60, 0.60, 0.60), (0.55, 0.47, 0.36)])
    scene = Scene(
        True,
        floor=pick(rng, ["plain", "tiles", "planks"]),
        floor_colour=pick(rng, [(0.36, 0.33, 0.28), (0.26, 0.32, 0.36), (0.40, 0.26, 0.14)]),
        floor_second=(0.2, 0.18, 0.15),
        floor_scale=between(rng, (0.5, 1.0)),
        floor_gloss=between(rng, (0.1, 0.35)),
        floor_turn=pick(rng, [0.0, 90.0]),
    )
    width, depth = between(rng, (2.6, 4.0)), between(rng, (15.0, 20.0))
    room(scene, rng, width, depth, 3.0, "plain", (paint, paint), 1.0)
    door: RGB = pick(rng, [(0.28, 0.15, 0.07), (0.14, 0.22, 0.33), (0.45, 0.43, 0.40)])
    for side in (-1, 1):
        for k in range(4):
            scene.box(
                (side * (width - 0.16), 6.5 + 3.2 * k + between(rng, (-0.6, 0.6)), 1.05),
                (0.05, 0.5, 1.05),
                "door",
                door,
                (0.3, 0.35, 0.38),
            )
        scene.box((side * (width - 0.16), depth / 2, 0.9), (0.03, depth, 0.06), "plain", dim(paint, 0.5))
    scene.box(
        (between(rng, (-1, 1)), depth - 0.2, 1.1),
        (0.9, 0.06, 1.1),
        "glass",
        (0.25, 0.3, 0.33),
        (0.15, 0.15, 0.15),
        0.7,
        glow=0.8,
    )
    return scene


def garage(rng: np.random.Generator) -> Scene:
    """A car park with numbered pillars."""
    scene = Scene(
        True,
        floor="asphalt",
        floor_colour=pick(rng, [(0.30, 0.30, 0.29), (0.20, 0.25, 0.22)]),
        floor_second=(0.2, 0.2, 0.2),
        floor_gloss=0.06,
        mark="lanes",
        floor_turn=between(rng, (-20, 20)),
    )
    room(scene, rng, 11.0, 21.0, 3.0, "plain", ((0.38, 0.38, 0.37), (0.3, 0.3, 0.3)), 1.0)
    band: RGB = pick(rng, [(0.55, 0.40, 0.05), (0.1, 0.3, 0.5), (0.5, 0.08, 0.06)])
    for x in (-5.0, 5.2):
        for y in (10.5, 15.5):
            scene.box((x, y, 1.5), (0.3, 0.3, 1.5), "plain", (0.42, 0.42, 0.41))
            scene.box((x, y, 1.1), (0.31, 0.31, 0.35), "plain", band)
    for k in range(3):
        car(scene, rng, -6.5 + 4.6 * k, 17.5, 90.0 + between(rng, (-4, 4)))
    return scene


SCENES: dict[str, Callable[[np.random.Generator], Scene]] = {
    f.__name__: f for f in (plaza, street, park, steps, campus, mall, station, corridor, garage)
}
"""Named kinds of places."""
