"""What places are made of: boxes and ellipsoids with procedural surfaces, and trees, cars, house fronts from them."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from reidapt.world.streams import between, pick

SURFACES = (
    "plain",
    "brick",
    "windows",
    "tiles",
    "planks",
    "foliage",
    "glass",
    "poster",
    "shutter",
    "asphalt",
    "paving",
    "grass",
    "terrazzo",
    "car",
    "door",
    "panels",
    "shop",
    "lamp",
    "daylight",
    "concrete",
    "plaster",
    "metal",
    "sign",
    "goods",
    "bark",
    "treads",
    "board",
)
"""Procedural surfaces; position = number in the backdrop kernel."""
MARKS = ("none", "lanes", "zebra", "tactile", "inlay", "lawn", "chequer", "carpet", "bays")

RGB = tuple[float, float, float]


def dim(colour: RGB, factor: float) -> RGB:
    """`colour` times `factor`."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


@dataclass
class Scene:
    """Primitives and floor of one place."""

    indoor: bool
    rows: list[list[float]] = field(default_factory=list)
    blocked: list[tuple[float, float, float]] = field(default_factory=list)  # x, y, radius where nobody stands
    lamps: list[tuple[float, float, float, float, str]] = field(default_factory=list)
    """Place, strength and kind of lights: `lamp` or `window`."""
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
            dim(colour, 1.0 - 0.02 * k),
        )


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
    scene.box(place(0.0, -0.06, 0.35), (half, 0.06, 0.35), "plain", dim(wall, 0.55), turn=turn)
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
