"""Named places indoors where people pass through: stations, gates, tunnels, car parks."""

from __future__ import annotations

import numpy as np

from reidapt.world.furniture import (
    DARK,
    STEEL,
    bench,
    car,
    clutter,
    escalator,
    machine,
    railing,
    stairs,
    turnstiles,
)
from reidapt.world.indoors import NEAR, hall, pillars, posters
from reidapt.world.props import Scene, dim, room, shade
from reidapt.world.streams import between, pick


def station(rng: np.random.Generator) -> Scene:
    """A platform or concourse: tiled walls, posters, pillars, a tactile strip."""
    tile = shade(
        rng,
        [(0.46, 0.47, 0.45), (0.24, 0.31, 0.35), (0.46, 0.39, 0.27), (0.18, 0.25, 0.21), (0.3, 0.12, 0.1)],
        0.8,
        1.1,
    )
    scene = hall(rng, ["tiles", "terrazzo"], [(0.20, 0.20, 0.21), (0.32, 0.31, 0.29)], ["tactile"], (0.05, 0.25))
    width, depth = between(rng, (4.0, 6.5)), between(rng, (12.0, 15.0))
    room(scene, rng, width, depth, 3.4, "tiles", (tile, dim(tile, 0.55)), between(rng, (0.15, 0.4)))
    posters(scene, rng, width, depth, 3)
    pillars(scene, rng, "tiles", shade(rng, [(0.4, 0.4, 0.42), tile]), 3.4, 2)
    bench(scene, rng, between(rng, (-2.5, 2.5)), depth - 1.0, 0.0)
    scene.box(
        (between(rng, (-1.5, 1.5)), between(rng, (9, 12)), 2.9),
        (0.9, 0.08, 0.22),
        "board",
        DARK,
        (0.75, 0.5, 0.08),
        glow=0.2,
    )
    clutter(
        scene,
        rng,
        ["bin", "machine", "bench", "bin", "cone", "railing"],
        5,
        (-width + 0.8, width - 0.8),
        (7.0, depth - 1),
    )
    clutter(scene, rng, ["railing", "bollards"], 1, (-2.5, 2.5), NEAR)
    return scene


def concourse(rng: np.random.Generator) -> Scene:
    """Moving stairs, departure boards, ticket machines, daylight from one side."""
    scene = hall(
        rng,
        ["terrazzo", "tiles", "concrete"],
        [(0.34, 0.33, 0.31), (0.22, 0.22, 0.23)],
        ["none", "tactile", "inlay"],
        (0.1, 0.4),
    )
    wall = shade(rng, [(0.42, 0.41, 0.39), (0.30, 0.30, 0.31), (0.35, 0.27, 0.2)])
    width, depth = between(rng, (5.0, 7.5)), between(rng, (14.0, 17.0))
    room(
        scene,
        rng,
        width,
        depth,
        4.6,
        pick(rng, ["panels", "tiles", "concrete"]),
        (wall, dim(wall, 0.6)),
        1.0,
        pick(rng, ["left", "right", "none"]),
    )
    x, turn = between(rng, (-2.5, 2.5)), between(rng, (-20, 20))
    for k in range(2):
        escalator(scene, rng, x + 1.5 * k, between(rng, (10.0, 10.6)), turn)
    for _ in range(3):
        machine(scene, rng, between(rng, (-width + 1, width - 1)), depth - 0.7, 0.0)
    scene.box(
        (between(rng, (-2, 2)), between(rng, (9, 11)), 3.3),
        (1.4, 0.08, 0.45),
        "board",
        DARK,
        (0.75, 0.55, 0.1),
        glow=0.2,
    )
    clutter(
        scene,
        rng,
        ["bin", "bench", "railing", "planter", "bollards", "sign"],
        6,
        (-width + 0.8, width - 0.8),
        (6.5, 12.0),
    )
    clutter(scene, rng, ["railing", "bin", "planter"], 1, (-2.5, 2.5), NEAR)
    return scene


def turnstile(rng: np.random.Generator) -> Scene:
    """Gates of a station or an office, rails and signs."""
    scene = hall(
        rng,
        ["tiles", "terrazzo"],
        [(0.36, 0.35, 0.33), (0.20, 0.20, 0.21), (0.42, 0.38, 0.3)],
        ["none", "tactile", "chequer"],
        (0.1, 0.45),
    )
    wall = shade(rng, [(0.44, 0.44, 0.43), (0.22, 0.3, 0.34), (0.4, 0.33, 0.24)])
    width, depth = between(rng, (4.5, 6.5)), between(rng, (13.0, 16.0))
    room(
        scene,
        rng,
        width,
        depth,
        3.4,
        pick(rng, ["tiles", "panels", "plaster"]),
        (wall, dim(wall, 0.6)),
        between(rng, (0.3, 1.0)),
        pick(rng, ["none", "far", "none"]),
    )
    turnstiles(
        scene,
        rng,
        between(rng, (-1.0, 1.0)),
        between(rng, (10.0, 12.5)),
        between(rng, (-12, 12)),
        int(rng.integers(4, 8)),
    )
    railing(scene, rng, between(rng, (-3.5, -2.0)), between(rng, (7.0, 9.5)), 1.2, between(rng, (60, 120)))
    posters(scene, rng, width, depth, 2)
    clutter(scene, rng, ["machine", "bin", "railing", "cone", "planter"], 4, (-width + 0.8, width - 0.8), (6.5, 10.0))
    clutter(scene, rng, ["railing", "bollards"], 1, (-2.5, 2.5), NEAR)
    return scene


def underpass(rng: np.random.Generator) -> Scene:
    """A pedestrian tunnel: concrete or tiles, stairs at its end, strip lights."""
    wall = shade(rng, [(0.32, 0.31, 0.29), (0.42, 0.40, 0.34), (0.18, 0.24, 0.26)])
    scene = hall(
        rng,
        ["asphalt", "concrete", "tiles"],
        [(0.16, 0.16, 0.16), (0.24, 0.23, 0.22)],
        ["tactile", "lanes", "none"],
        (0.03, 0.2),
    )
    width, depth = between(rng, (2.8, 4.2)), between(rng, (17.0, 22.0))
    room(
        scene,
        rng,
        width,
        depth,
        2.9,
        pick(rng, ["concrete", "tiles", "brick"]),
        (wall, dim(wall, 0.6)),
        between(rng, (0.4, 1.2)),
        pick(rng, ["far", "none"]),
    )
    stairs(scene, rng, 0.0, depth - 5.0, width - 0.3, 7, (0.26, 0.26, 0.25))
    posters(scene, rng, width, depth, 2)
    scene.box((pick(rng, [-1.0, 1.0]) * (width - 0.3), depth / 2, 0.95), (0.03, depth / 2, 0.03), "metal", STEEL)
    clutter(scene, rng, ["bin", "bicycle", "cone", "bollards"], 3, (-width + 0.7, width - 0.7), (7.0, 12.0))
    return scene


def garage(rng: np.random.Generator) -> Scene:
    """A car park with painted pillars."""
    scene = hall(
        rng, ["asphalt", "concrete"], [(0.20, 0.20, 0.195), (0.13, 0.17, 0.15)], ["lanes", "bays"], (0.0, 0.12)
    )
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
