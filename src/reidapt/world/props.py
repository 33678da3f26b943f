"""What places are made of: boxes, balls, cylinders, wheels, bars and foliage with procedural surfaces, on a floor."""

from __future__ import annotations

from collections.abc import Callable
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
KINDS = ("box", "ball", "cylinder", "wheel", "bars", "leaves")
"""Shapes; position = number in the backdrop kernel."""

RGB = tuple[float, float, float]
Place = Callable[[float, float, float], RGB]


def dim(colour: RGB, factor: float) -> RGB:
    """`colour` times `factor`."""
    return colour[0] * factor, colour[1] * factor, colour[2] * factor


def shade(rng: np.random.Generator, colours: list[RGB], low: float = 0.7, high: float = 1.2) -> RGB:
    """One of `colours`, darker or lighter."""
    return dim(pick(rng, colours), between(rng, (low, high)))


def frame_at(x: float, y: float, turn: float) -> Place:
    """Maps a thing's own axes (across, behind, up) to the world: at (x, y), turned by degrees about the vertical."""
    c, s = float(np.cos(np.radians(turn))), float(np.sin(np.radians(turn)))
    return lambda a, b, z: (x + c * a - s * b, y + s * a + c * b, z)


@dataclass
class Scene:
    """Primitives, lamps and floor of one place."""

    indoor: bool
    rows: list[list[float]] = field(default_factory=list)
    blocked: list[tuple[float, float, float]] = field(default_factory=list)  # x, y, radius where nobody stands
    lamps: list[tuple[float, float, float, float, str]] = field(default_factory=list)
    """Place, strength and kind of lights: `lamp` or `window`."""
    floor: str = "asphalt"
    floor_colour: RGB = (0.14, 0.14, 0.145)
    floor_second: RGB = (0.3, 0.3, 0.3)
    floor_scale: float = 1.0
    floor_turn: float = 0.0
    floor_gloss: float = 0.0
    mark: str = "none"
    seed: int = 1
    reach: float = 60.0
    """Metres before the camera up to which people can walk."""

    def add(
        self,
        kind: str,
        centre: RGB,
        half: RGB,
        surface: str,
        colour: RGB,
        second: RGB = (0.2, 0.2, 0.2),
        scale: float = 1.0,
        turn: float = 0.0,
        glow: float = 0.0,
        rise: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """A shape with centre and half size in metres, turned by degrees about the vertical.

        `rise` is how much it climbs per metre along its own y and x (a ramp, a moving stair). `scale` is the size of the
        surface's pattern, or for bars their period in metres.
        """
        angle = np.radians(turn)
        self.seed += 17
        self.rows.append(
            [
                float(KINDS.index(kind)),
                *centre,
                *half,
                float(np.cos(angle)),
                float(np.sin(angle)),
                float(SURFACES.index(surface)),
                *colour,
                *second,
                scale,
                float(self.seed % 9973),
                glow,
                *rise,
                0.0,
                0.0,
                0.0,
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
        rise: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """A box."""
        self.add("box", centre, half, surface, colour, second, scale, turn, glow, rise)

    def ball(self, centre: RGB, half: RGB, surface: str, colour: RGB, second: RGB = (0.2, 0.2, 0.2)) -> None:
        """An ellipsoid."""
        self.add("ball", centre, half, surface, colour, second)

    def leaves(self, centre: RGB, half: RGB, colour: RGB, second: RGB = (0.2, 0.25, 0.05)) -> None:
        """A clump of foliage that lets some light through."""
        self.add("leaves", centre, half, "foliage", colour, second, scale=half[0])

    def post(
        self, x: float, y: float, radius: float, tall: float, surface: str, colour: RGB, bottom: float = 0.0
    ) -> None:
        """An upright cylinder."""
        self.add(
            "cylinder", (x, y, bottom + tall / 2), (radius, radius, tall / 2), surface, colour, dim(colour, 0.5), 0.3
        )

    def bars(self, centre: RGB, half: tuple[float, float], colour: RGB, turn: float, period: float = 0.13) -> None:
        """A railing: half its length and height in metres."""
        self.add("bars", centre, (half[0], 0.02, half[1]), "plain", colour, colour, period, turn)

    def primitives(self) -> np.ndarray:
        """(P, 24) float32 table of the backdrop kernel."""
        return np.asarray(self.rows, np.float32).reshape(-1, 24)


def room(
    scene: Scene,
    rng: np.random.Generator,
    width: float,
    depth: float,
    tall: float,
    wall: str,
    colours: tuple[RGB, RGB],
    scale: float,
    windows: str = "none",
) -> None:
    """Side walls, far wall and a ceiling with lamps; `windows` let daylight in from the `left`, `right` or `far` side."""
    for side, name in ((-1.0, "left"), (1.0, "right")):
        kind = "daylight" if windows == name else wall
        colour = (0.20, 0.20, 0.20) if windows == name else colours[0]
        scene.box((side * width, depth / 2, tall / 2), (0.15, depth, tall / 2), kind, colour, colours[1], scale)
        if windows == name:
            for y in (5.0, 9.0, 13.0):
                scene.lamps.append((side * (width - 0.2), y, 1.8, 2.2, "window"))
            scene.box((side * (width - 0.05), depth / 2, 0.25), (0.15, depth, 0.25), "plain", dim(colours[0], 0.7))
        else:
            scene.box((side * (width - 0.16), depth / 2, 0.06), (0.03, depth, 0.06), "plain", dim(colours[0], 0.35))
    kind = "daylight" if windows == "far" else wall
    far: RGB = (0.20, 0.20, 0.20) if windows == "far" else dim(colours[0], 0.92)
    scene.box((0.0, depth, tall / 2), (width + 1, 0.15, tall / 2), kind, far, colours[1], scale)
    if windows == "far":
        for x in (-width / 2, width / 2):
            scene.lamps.append((x, depth - 0.3, 1.8, 3.0, "window"))
    scene.reach = depth - 1.2
    scene.box((0.0, depth / 2 - 2, tall + 0.1), (width + 1, depth, 0.1), "panels", (0.50, 0.50, 0.49))
    shift, across = between(rng, (-0.5, 0.5)), between(rng, (1.5, 2.4))
    for k in range(int(depth / 4)):
        for x in (-across + shift, across + shift):
            y = 2.5 + 4.0 * k
            scene.box((x, y, tall - 0.02), (0.6, 0.15, 0.03), "lamp", (1.0, 1.0, 0.95), glow=2.5)
            scene.lamps.append((x, y, tall - 0.1, 1.0, "lamp"))


def facade(
    scene: Scene,
    rng: np.random.Generator,
    y: float,
    x: float = 0.0,
    half: float = 26.0,
    turn: float = 0.0,
    kind: str = "",
) -> str:
    """A house front with a plinth, doors, awnings and things on the wall; returns its kind."""
    colours: list[RGB] = [
        (0.45, 0.40, 0.33),
        (0.30, 0.14, 0.10),
        (0.48, 0.45, 0.40),
        (0.26, 0.26, 0.27),
        (0.50, 0.38, 0.22),
        (0.20, 0.22, 0.26),
        (0.55, 0.53, 0.50),
        (0.36, 0.28, 0.24),
    ]
    wall = shade(rng, colours, 0.65, 1.05)
    at = frame_at(x, y, turn)
    glass: RGB = (0.07, 0.09, 0.12)
    kind = kind or pick(rng, ["windows", "windows", "brick", "shop", "shop", "panels", "concrete", "plaster"])
    scene.reach = min(scene.reach, y - 1.2)
    second: RGB = glass if kind == "windows" else (0.30, 0.28, 0.26)
    scene.box(at(0.0, 3.0, 5.0), (half, 3.0, 5.0), kind, wall, second, between(rng, (0.8, 1.3)), turn)
    scene.box(at(0.0, -0.05, 0.30), (half, 0.06, 0.30), "concrete", dim(wall, 0.5), turn=turn)
    for k in range(8):
        a = -13.0 + 3.6 * k + between(rng, (-0.8, 0.8))
        thing = pick(rng, ["door", "window", "poster", "pipe", "shutter", "vent", "none"])
        if kind == "shop":
            thing = pick(rng, ["awning", "awning", "none", "pipe"])
        wood = shade(
            rng, [(0.16, 0.07, 0.04), (0.04, 0.10, 0.07), (0.05, 0.07, 0.15), (0.2, 0.2, 0.2), (0.3, 0.05, 0.04)]
        )
        if thing == "door":
            scene.box(at(a, -0.05, 1.1), (0.55, 0.08, 1.1), "door", wood, (0.05, 0.06, 0.07), 1.0, turn)
            scene.box(at(a, -0.4, 0.08), (0.8, 0.4, 0.08), "concrete", (0.25, 0.25, 0.24), turn=turn)
            scene.box(at(a, -0.3, 2.5), (0.75, 0.35, 0.05), "plain", dim(wall, 0.5), turn=turn)
        elif thing == "window":
            scene.box(at(a, -0.04, 1.7), (0.75, 0.06, 0.75), "glass", glass, (0.5, 0.5, 0.48), 0.6, turn)
            scene.box(at(a, -0.12, 0.92), (0.85, 0.12, 0.04), "concrete", (0.38, 0.37, 0.35), turn=turn)
        elif thing == "poster":
            ink = shade(rng, [(0.5, 0.1, 0.1), (0.1, 0.2, 0.5), (0.6, 0.5, 0.1), (0.1, 0.4, 0.2), (0.6, 0.6, 0.58)])
            scene.box(at(a, -0.03, 1.6), (0.55, 0.05, 0.75), "poster", ink, (0.6, 0.6, 0.55), 1.0, turn)
        elif thing == "pipe":
            scene.add("cylinder", at(a, -0.12, 4.0), (0.05, 0.05, 4.0), "metal", dim(wall, 0.4), turn=turn)
        elif thing == "shutter":
            scene.box(
                at(a, -0.04, 1.25),
                (1.3, 0.06, 1.25),
                "shutter",
                shade(rng, [(0.4, 0.4, 0.4), (0.2, 0.3, 0.25)]),
                turn=turn,
            )
            scene.box(at(a, -0.08, 2.8), (1.4, 0.1, 0.3), "sign", wood, (0.7, 0.68, 0.6), 1.6, turn)
        elif thing == "vent":
            scene.bars(at(a, -0.06, 0.9), (0.4, 0.3), (0.1, 0.1, 0.1), turn, 0.06)
        elif thing == "awning":
            cloth = shade(rng, [(0.4, 0.06, 0.05), (0.06, 0.2, 0.12), (0.5, 0.45, 0.35), (0.07, 0.1, 0.25)])
            scene.box(
                at(a, -0.6, 2.55), (1.35, 0.65, 0.03), "planks", cloth, dim(cloth, 1.8), 2.2, turn, rise=(0.45, 0.0)
            )
    return kind
