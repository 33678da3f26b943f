"""Places: floors, walls, doors, stairs, trees and parked cars as boxes and ellipsoids around a camera's walkway.

A camera stands at the origin and looks along +y; people walk between y = 5 and y = 18 metres. Scene functions take the
camera's random generator, so that two cameras with the same kind of scene are still two different places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from reidapt.world.streams import between, pick

SURFACES = ("plain", "brick", "windows", "tiles", "planks", "foliage", "glass", "poster", "shutter", "asphalt", "paving", "grass", "terrazzo", "car", "door", "panels", "shop", "lamp")  # fmt: skip
"""Procedural surfaces; position = number in the backdrop kernel."""
MARKS = ("none", "lanes", "zebra", "tactile", "inlay", "lawn")

RGB = tuple[float, float, float]


@dataclass
class Scene:
    """Primitives and floor of one place."""

    indoor: bool
    rows: list[list[float]] = field(default_factory=list)
    blocked: list[tuple[float, float, float]] = field(default_factory=list)  # x, y, radius where nobody stands
    floor: str = "asphalt"
    floor_colour: RGB = (0.22, 0.22, 0.23)
    floor_second: RGB = (0.3, 0.3, 0.3)
    floor_scale: float = 1.0
    floor_turn: float = 0.0
    floor_gloss: float = 0.0
    mark: str = "none"
    seed: int = 1

    def _add(
        self,
        kind: float,
        centre: RGB,
        half: RGB,
        surface: str,
        colour: RGB,
        second: RGB,
        scale: float,
        turn: float,
        glow: float,
    ) -> None:
        angle = np.radians(turn)
        self.seed += 17
        self.rows.append(
            [
                kind,
                *centre,
                *half,
                float(np.cos(angle)),
                float(np.sin(angle)),
                SURFACES.index(surface),
                *colour,
                *second,
                scale,
                self.seed % 9973,
                glow,
                0,
                0,
                0,
                0,
                0,
            ]
        )
        if centre[2] - half[2] < 1.0 and half[0] < 3.0 and half[1] < 3.0:
            self.blocked.append((centre[0], centre[1], max(half[0], half[1]) + 0.45))

    def box(
        self,
        centre: RGB,
        half: RGB,
        surface: str,
        colour: RGB,
        second: RGB = (0.2, 0.2, 0.2),
        scale: float = 1.0,
        turn: float = 0.0,
        glow: float = 0.0,
    ) -> None:
        """A box with centre and half size in metres, turned by degrees about the vertical."""
        self._add(0.0, centre, half, surface, colour, second, scale, turn, glow)

    def ball(self, centre: RGB, half: RGB, surface: str, colour: RGB, second: RGB = (0.2, 0.2, 0.2)) -> None:
        """An ellipsoid."""
        self._add(1.0, centre, half, surface, colour, second, 1.0, 0.0, 0.0)

    def primitives(self) -> np.ndarray:
        """(P, 24) float32 table of the backdrop kernel."""
        return np.asarray(self.rows, np.float32).reshape(-1, 24)


def tree(scene: Scene, rng: np.random.Generator, x: float, y: float) -> None:
    """Trunk and a crown of leaf clumps."""
    tall = between(rng, (2.2, 3.2))
    green = (between(rng, (0.05, 0.14)), between(rng, (0.13, 0.24)), between(rng, (0.03, 0.07)))
    scene.box((x, y, tall / 2), (0.13, 0.13, tall / 2), "planks", (0.12, 0.08, 0.05), (0.06, 0.04, 0.03), 0.4)
    for _ in range(4):
        dx, dy, dz = (between(rng, (-0.8, 0.8)) for _ in range(3))
        size = between(rng, (0.8, 1.4))
        scene.ball(
            (x + dx, y + dy, tall + 0.6 + 0.6 * dz), (size, size, size * 0.8), "foliage", green, (0.2, 0.25, 0.05)
        )


def hedge(scene: Scene, rng: np.random.Generator, x: float, y: float, half: float, turn: float = 0.0) -> None:
    """A clipped hedge."""
    tall = between(rng, (0.4, 0.75))
    scene.box((x, y, tall), (half, 0.4, tall), "foliage", (0.07, 0.16, 0.05), (0.15, 0.2, 0.05), 1.0, turn)


def car(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float) -> None:
    """A parked car: body, cabin and wheels."""
    paint = pick(
        rng,
        [
            (0.6, 0.6, 0.62),
            (0.05, 0.05, 0.06),
            (0.75, 0.75, 0.73),
            (0.35, 0.05, 0.05),
            (0.06, 0.11, 0.28),
            (0.25, 0.26, 0.28),
        ],
    )
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    scene.box((x, y, 0.55), (2.1, 0.88, 0.33), "car", paint, paint, 1.0, turn)
    scene.box(
        (x - 0.1 * c, y - 0.1 * s, 1.12), (1.15, 0.76, 0.28), "glass", (0.06, 0.08, 0.10), (0.03, 0.03, 0.03), 0.9, turn
    )
    scene.box((x - 0.1 * c, y - 0.1 * s, 1.42), (0.95, 0.72, 0.035), "car", paint, paint, 1.0, turn)
    for dx in (-1.35, 1.35):
        for dy in (-0.82, 0.82):
            scene.ball(
                (x + c * dx - s * dy, y + s * dx + c * dy, 0.32), (0.32, 0.14, 0.32), "plain", (0.02, 0.02, 0.02)
            )


def bench(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float) -> None:
    """Seat and back of planks."""
    wood: RGB = (0.30, 0.18, 0.09)
    scene.box((x, y, 0.43), (0.85, 0.22, 0.04), "planks", wood, (0.1, 0.06, 0.03), 1.0, turn)
    scene.box((x, y + 0.2, 0.65), (0.85, 0.03, 0.18), "planks", wood, (0.1, 0.06, 0.03), 1.0, turn)
    scene.box((x, y, 0.2), (0.7, 0.05, 0.2), "plain", (0.08, 0.08, 0.08), turn=turn)


def pole(scene: Scene, x: float, y: float, tall: float, colour: RGB = (0.12, 0.13, 0.13)) -> None:
    """A post or lamp pole."""
    scene.box((x, y, tall / 2), (0.06, 0.06, tall / 2), "plain", colour)


def stairs(scene: Scene, rng: np.random.Generator, x: float, y: float, half: float, steps: int, colour: RGB) -> None:
    """A flight that leads up and away from the camera."""
    for k in range(steps):
        scene.box(
            (x, y + 0.32 * k + 1.5, 0.16 * k + 0.08),
            (half, 1.5, 0.08),
            "plain",
            tuple(c * (1.0 - 0.02 * k) for c in colour),
        )  # type: ignore[arg-type]


def facade(
    scene: Scene, rng: np.random.Generator, y: float, x: float = 0.0, half: float = 26.0, turn: float = 0.0
) -> None:
    """A house front with a plinth, and doors."""
    wall: RGB = pick(
        rng,
        [
            (0.45, 0.40, 0.33),
            (0.34, 0.17, 0.12),
            (0.50, 0.47, 0.42),
            (0.30, 0.30, 0.31),
            (0.55, 0.44, 0.28),
            (0.24, 0.26, 0.30),
            (0.60, 0.58, 0.55),
        ],
    )
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    depth = 3.0
    place = lambda a, b, z: (x + c * a - s * b, y + s * a + c * b, z)  # noqa: E731
    glass: RGB = (0.10, 0.13, 0.17)
    kind = pick(rng, ["windows", "windows", "brick", "shop", "panels"])
    mortar: RGB = (0.35, 0.33, 0.30)
    scene.box(
        place(0.0, depth, 5.0),
        (half, depth, 5.0),
        kind,
        wall,
        glass if kind == "windows" else mortar,
        between(rng, (0.8, 1.3)),
        turn,
    )
    scene.box(place(0.0, -0.06, 0.35), (half, 0.06, 0.35), "plain", tuple(0.55 * k for k in wall), turn=turn)  # type: ignore[arg-type]
    if kind != "shop":
        for k in range(5):
            a = between(rng, (-12.0, 12.0))
            door: RGB = pick(rng, [(0.16, 0.07, 0.04), (0.04, 0.10, 0.07), (0.05, 0.07, 0.15), (0.2, 0.2, 0.2)])
            if k % 2:
                scene.box(place(a, -0.05, 1.1), (0.55, 0.08, 1.1), "door", door, (0.05, 0.06, 0.07), 1.0, turn)
            else:
                scene.box(place(a, -0.04, 1.7), (0.75, 0.06, 0.75), "glass", glass, (0.6, 0.6, 0.58), 0.6, turn)


def room(
    scene: Scene,
    rng: np.random.Generator,
    width: float,
    depth: float,
    tall: float,
    wall: str,
    colours: tuple[RGB, RGB],
    scale: float,
) -> None:
    """Side walls, far wall and a ceiling with lamps."""
    scene.box((-width, depth / 2, tall / 2), (0.15, depth, tall / 2), wall, *colours, scale)
    scene.box((width, depth / 2, tall / 2), (0.15, depth, tall / 2), wall, *colours, scale)
    scene.box((0, depth, tall / 2), (width + 1, 0.15, tall / 2), wall, *colours, scale)
    scene.box((0, depth / 2 - 2, tall + 0.1), (width + 1, depth, 0.1), "panels", (0.55, 0.55, 0.54))
    for k in range(int(depth / 4)):
        scene.box(
            (between(rng, (-0.3, 0.3)), 3.0 + 4.0 * k, tall - 0.02),
            (0.9, 0.15, 0.03),
            "lamp",
            (1.0, 1.0, 0.95),
            glow=3.0,
        )


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
        floor_second=tuple(0.6 * c for c in stone),
        floor_scale=between(rng, (0.5, 1.1)),
    )  # type: ignore[arg-type]
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
    room(scene, rng, width, depth, 3.4, "tiles", (tile, tuple(0.6 * c for c in tile)), 0.3)  # type: ignore[arg-type]
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
        scene.box((side * (width - 0.16), depth / 2, 0.9), (0.03, depth, 0.06), "plain", tuple(0.5 * c for c in paint))  # type: ignore[arg-type]
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
