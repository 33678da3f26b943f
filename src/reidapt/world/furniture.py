"""Things that stand in places: trees, vehicles, benches, rails, stalls, stairs, gates; all of `props` shapes."""

from __future__ import annotations

import numpy as np

from reidapt.world.props import RGB, Scene, dim, frame_at, shade
from reidapt.world.streams import between, pick

STEEL: RGB = (0.30, 0.31, 0.32)
DARK: RGB = (0.035, 0.035, 0.04)
STONE: list[RGB] = [(0.36, 0.35, 0.33), (0.30, 0.27, 0.23), (0.24, 0.24, 0.25)]
WOOD: list[RGB] = [(0.26, 0.15, 0.07), (0.17, 0.10, 0.06), (0.34, 0.24, 0.14)]
BRIGHT: list[RGB] = [(0.45, 0.05, 0.04), (0.05, 0.12, 0.36), (0.50, 0.36, 0.04), (0.05, 0.24, 0.12), (0.5, 0.5, 0.48)]


def tree(scene: Scene, rng: np.random.Generator, x: float, y: float, bare: bool = False) -> None:
    """Trunk, boughs and a crown of leaf clumps."""
    tall, thick = between(rng, (2.1, 3.2)), between(rng, (0.10, 0.20))
    green: RGB = (between(rng, (0.04, 0.11)), between(rng, (0.09, 0.18)), between(rng, (0.02, 0.05)))
    if rng.random() < 0.15:
        green = (0.26, 0.14, 0.03)
    scene.post(x, y, thick, tall + 0.6, "bark", (0.11, 0.08, 0.06))
    for _ in range(2):
        lean = between(rng, (-1.0, 1.0)), between(rng, (-1.0, 1.0))
        scene.box(
            (x + 0.3 * lean[0], y + 0.3 * lean[1], tall + 0.4), (0.5, 0.05, 0.06), "bark", (0.1, 0.07, 0.05),
            turn=between(rng, (0.0, 180.0)), rise=(0.0, between(rng, (-1.2, 1.2))),
        )  # fmt: skip
    for _ in range(0 if bare else 7):
        dx, dy, dz = (between(rng, (-1.1, 1.1)) for _ in range(3))
        size = between(rng, (0.55, 1.1))
        scene.leaves(
            (x + dx, y + dy, tall + 0.9 + 0.6 * dz), (size, size, size * 0.75), dim(green, between(rng, (0.75, 1.25)))
        )


def hedge(scene: Scene, rng: np.random.Generator, x: float, y: float, half: float, turn: float = 0.0) -> None:
    """A clipped hedge, with loose leaves on top."""
    tall = between(rng, (0.35, 0.65))
    green: RGB = (between(rng, (0.04, 0.08)), between(rng, (0.09, 0.15)), 0.03)
    at = frame_at(x, y, turn)
    scene.box((x, y, tall), (half, 0.35, tall), "foliage", green, (0.15, 0.2, 0.05), 0.45, turn)
    for a in np.arange(-half, half + 0.01, 0.7):
        scene.leaves(at(float(a), 0.0, 2 * tall - 0.05), (0.5, 0.4, 0.22), dim(green, between(rng, (0.8, 1.3))))


def planter(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float = 0.0) -> None:
    """A tub with a shrub."""
    half, tall = between(rng, (0.35, 0.9)), between(rng, (0.22, 0.40))
    kind = pick(rng, ["concrete", "planks", "plaster", "metal"])
    scene.box((x, y, tall), (half, 0.35, tall), kind, shade(rng, [*STONE, *WOOD]), DARK, 1.0, turn)
    at = frame_at(x, y, turn)
    green: RGB = (between(rng, (0.04, 0.12)), between(rng, (0.10, 0.20)), 0.04)
    for _ in range(3):
        a = between(rng, (-half * 0.6, half * 0.6))
        size = between(rng, (0.28, 0.5))
        scene.leaves(at(a, 0.0, 2 * tall + 0.2), (size, 0.35, size), dim(green, between(rng, (0.7, 1.3))))


def car(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float) -> None:
    """A parked car or van: body, cabin with slanting windows, wheels, lights and plate."""
    paint = shade(
        rng,
        [
            (0.5, 0.5, 0.52),
            (0.03, 0.03, 0.035),
            (0.68, 0.68, 0.66),
            (0.32, 0.03, 0.03),
            (0.04, 0.08, 0.24),
            (0.16, 0.17, 0.19),
        ],
        0.8,
        1.1,
    )
    at, glass = frame_at(x, y, turn), (0.04, 0.05, 0.065)
    van = rng.random() < 0.2
    scene.box(at(0.0, 0.0, 0.60), (2.15, 0.86, 0.30), "car", paint, paint, 1.0, turn)
    scene.box(at(0.0, 0.0, 0.30), (1.95, 0.84, 0.10), "plain", DARK, DARK, 1.0, turn)
    if van:
        scene.box(at(-0.4, 0.0, 1.35), (1.7, 0.86, 0.55), "car", paint, paint, 1.0, turn)
        scene.box(at(1.42, 0.0, 1.25), (0.25, 0.78, 0.32), "glass", glass, DARK, 0.9, turn)
    else:
        scene.box(at(-0.15, 0.0, 1.13), (1.25, 0.74, 0.25), "glass", glass, dim(paint, 0.7), 0.9, turn)
        scene.box(at(0.95, 0.0, 1.0), (0.45, 0.72, 0.12), "glass", glass, DARK, 2.0, turn, rise=(0.0, -0.45))
        scene.box(at(-0.15, 0.0, 1.40), (0.98, 0.71, 0.035), "car", paint, paint, 1.0, turn)
    for a in (-1.35, 1.35):
        for b in (-0.80, 0.80):
            scene.ball(at(a, b, 0.32), (0.32, 0.14, 0.32), "plain", (0.015, 0.015, 0.016))
            scene.ball(at(a, 1.12 * b, 0.32), (0.17, 0.06, 0.17), "plain", (0.35, 0.35, 0.36))
    for a, colour in ((2.14, (0.7, 0.7, 0.66)), (-2.14, (0.4, 0.02, 0.02))):
        for b in (-0.6, 0.6):
            scene.box(at(a, b, 0.68), (0.03, 0.16, 0.06), "plain", colour, turn=turn)
        scene.box(at(a, 0.0, 0.50), (0.03, 0.26, 0.06), "plain", (0.6, 0.6, 0.5), turn=turn)


def bicycle(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float) -> None:
    """A parked bicycle."""
    at, paint = frame_at(x, y, turn), shade(rng, [*BRIGHT, DARK, DARK, STEEL])
    for a in (-0.52, 0.52):
        scene.add("wheel", at(a, 0.0, 0.34), (0.34, 0.02, 0.34), "plain", DARK, turn=turn)
    for a, z, half, rise in (
        (0.05, 0.62, 0.36, 0.25),
        (-0.22, 0.52, 0.05, 4.2),
        (0.22, 0.52, 0.30, 0.95),
        (0.47, 0.6, 0.05, -5.0),
    ):
        scene.box(at(a, 0.0, z), (half, 0.02, 0.03), "plain", paint, turn=turn, rise=(0.0, rise))
    scene.box(at(-0.30, 0.0, 0.86), (0.12, 0.06, 0.03), "plain", DARK, turn=turn)
    scene.box(at(0.40, 0.0, 0.92), (0.03, 0.26, 0.02), "plain", DARK, turn=turn)
    if rng.random() < 0.4:
        scene.bars(at(0.60, 0.0, 0.85), (0.16, 0.12), STEEL, turn, 0.05)


def bicycles(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float, count: int) -> None:
    """A stand with bicycles side by side."""
    at = frame_at(x, y, turn)
    for k in range(count):
        spot = at(0.62 * (k - count / 2), 0.0, 0.0)
        bicycle(scene, rng, spot[0], spot[1], turn + 80.0 + between(rng, (-12, 12)))
    scene.box(at(0.0, 0.5, 0.45), (0.31 * count, 0.02, 0.02), "plain", STEEL, turn=turn)


def bench(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float) -> None:
    """Seat and back of planks on legs."""
    at, wood = frame_at(x, y, turn), shade(rng, [*WOOD, STEEL])
    scene.box(at(0.0, 0.0, 0.43), (0.85, 0.22, 0.03), "planks", wood, dim(wood, 0.35), 0.6, turn)
    scene.box(at(0.0, 0.2, 0.66), (0.85, 0.03, 0.16), "planks", wood, dim(wood, 0.35), 0.6, turn)
    for a in (-0.7, 0.7):
        scene.box(at(a, 0.0, 0.2), (0.04, 0.20, 0.2), "plain", DARK, turn=turn)


def table(scene: Scene, rng: np.random.Generator, x: float, y: float) -> None:
    """A café table with two or three chairs."""
    colour = shade(rng, [*WOOD, STEEL, (0.5, 0.5, 0.48)])
    scene.post(x, y, 0.04, 0.72, "plain", DARK)
    scene.add("cylinder", (x, y, 0.74), (0.38, 0.38, 0.02), "planks", colour, dim(colour, 0.6))
    chair = shade(rng, [*BRIGHT, *WOOD, DARK])
    for turn in between(rng, (0, 120)) + np.array([0.0, 130.0, 240.0])[: int(rng.integers(2, 4))]:
        at = frame_at(x, y, float(turn))
        scene.box(at(0.0, 0.62, 0.45), (0.20, 0.20, 0.02), "planks", chair, dim(chair, 0.5), 0.5, float(turn))
        scene.box(at(0.0, 0.82, 0.68), (0.20, 0.02, 0.18), "planks", chair, dim(chair, 0.5), 0.5, float(turn))
        for a in (-0.17, 0.17):
            scene.box(at(a, 0.78, 0.22), (0.015, 0.015, 0.22), "plain", DARK, turn=float(turn))


def parasol(scene: Scene, rng: np.random.Generator, x: float, y: float) -> None:
    """A sunshade on a pole."""
    cloth = shade(rng, [*BRIGHT, (0.55, 0.5, 0.4)])
    scene.post(x, y, 0.03, 2.6, "plain", STEEL)
    scene.ball((x, y, 2.25), (1.4, 1.4, 0.42), "planks", cloth, dim(cloth, 0.6))


def lamp_post(scene: Scene, x: float, y: float, tall: float = 4.2) -> None:
    """A street lamp that is on at dusk and at night."""
    scene.post(x, y, 0.07, tall, "plain", (0.08, 0.09, 0.09))
    scene.ball((x, y, tall + 0.1), (0.22, 0.22, 0.16), "lamp", (0.9, 0.85, 0.7))
    scene.rows[-1][18] = 3.0
    scene.lamps.append((x, y, tall - 0.1, 1.0, "lamp"))


def traffic_sign(scene: Scene, rng: np.random.Generator, x: float, y: float) -> None:
    """A post with one or two signs."""
    scene.post(x, y, 0.035, 2.6, "metal", STEEL)
    colour = shade(rng, BRIGHT, 0.9, 1.1)
    if rng.random() < 0.5:
        scene.add("cylinder", (x, y - 0.05, 2.3), (0.30, 0.03, 0.30), "sign", colour, (0.7, 0.7, 0.7), 1.0)
    else:
        scene.box((x, y - 0.05, 2.2), (0.32, 0.02, 0.32), "sign", colour, (0.7, 0.7, 0.7), 1.0, between(rng, (-25, 25)))


def bollards(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float, count: int) -> None:
    """A row of bollards."""
    colour, at = shade(rng, [STEEL, DARK, *STONE, (0.5, 0.36, 0.04)]), frame_at(x, y, turn)
    radius, gap = between(rng, (0.06, 0.14)), between(rng, (1.0, 1.5))
    for k in range(count):
        spot = at(gap * (k - (count - 1) / 2), 0.0, 0.0)
        scene.post(spot[0], spot[1], radius, 0.85, "plain", colour)
        scene.add(
            "cylinder", (spot[0], spot[1], 0.72), (radius * 1.05, radius * 1.05, 0.05), "plain", (0.55, 0.55, 0.52)
        )


def bin_(scene: Scene, rng: np.random.Generator, x: float, y: float) -> None:
    """A litter bin."""
    colour = shade(rng, [STEEL, DARK, (0.04, 0.16, 0.08), (0.05, 0.09, 0.22), (0.45, 0.06, 0.04)])
    if rng.random() < 0.6:
        scene.post(x, y, 0.24, 0.85, "metal", colour)
        scene.add("cylinder", (x, y, 0.90), (0.25, 0.25, 0.04), "plain", dim(colour, 0.5))
    else:
        scene.box((x, y, 0.5), (0.28, 0.25, 0.5), "panels", colour, dim(colour, 0.5), 0.5, between(rng, (-30, 30)))
        scene.box((x, y - 0.02, 0.82), (0.18, 0.26, 0.06), "plain", DARK, turn=0.0)


def railing(scene: Scene, rng: np.random.Generator, x: float, y: float, half: float, turn: float) -> None:
    """A railing of bars between posts."""
    colour = shade(rng, [STEEL, DARK, (0.06, 0.14, 0.10)])
    scene.bars((x, y, 0.52), (half, 0.46), colour, turn, between(rng, (0.10, 0.20)))
    at = frame_at(x, y, turn)
    scene.box(at(0.0, 0.0, 1.02), (half, 0.035, 0.03), "metal", colour, turn=turn)
    for a in np.arange(-half, half + 0.01, max(half, 0.5)):
        spot = at(float(a), 0.0, 0.0)
        scene.post(spot[0], spot[1], 0.035, 1.05, "plain", colour)


def stall(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float) -> None:
    """A market stall: a table of goods under an awning."""
    at, cloth = frame_at(x, y, turn), shade(rng, BRIGHT)
    scene.box(at(0.0, 0.0, 0.45), (1.1, 0.45, 0.45), "planks", shade(rng, WOOD), DARK, 1.0, turn)
    scene.box(
        at(0.0, 0.0, 0.98), (1.1, 0.5, 0.08), "goods", (0.25, 0.2, 0.15), (0.2, 0.15, 0.1), 0.3, turn, rise=(0.25, 0.0)
    )
    scene.box(at(0.0, 0.1, 2.15), (1.25, 0.75, 0.03), "planks", cloth, dim(cloth, 2.0), 2.0, turn, rise=(0.25, 0.0))
    for a in (-1.1, 1.1):
        spot = at(a, 0.6, 0.0)
        scene.post(spot[0], spot[1], 0.03, 2.2, "plain", STEEL)


def shelter(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float) -> None:
    """A bus shelter with a lit poster."""
    at, frame = frame_at(x, y, turn), shade(rng, [STEEL, DARK])
    scene.box(at(0.0, 0.0, 2.45), (1.9, 0.7, 0.06), "plain", frame, turn=turn)
    scene.bars(at(0.0, 0.65, 1.25), (1.9, 1.2), frame, turn, 0.95)
    scene.box(at(-1.85, 0.0, 1.3), (0.06, 0.6, 0.9), "poster", shade(rng, BRIGHT), (0.6, 0.6, 0.6), 1.0, turn, 0.4)
    scene.box(at(0.3, 0.4, 0.45), (1.2, 0.18, 0.03), "planks", shade(rng, WOOD), DARK, 0.5, turn)
    for a in (-1.85, 1.85):
        spot = at(a, 0.65, 0.0)
        scene.post(spot[0], spot[1], 0.05, 2.4, "plain", frame)


def stairs(scene: Scene, rng: np.random.Generator, x: float, y: float, half: float, steps: int, colour: RGB) -> None:
    """A flight that leads up and away from the camera, with rails."""
    for k in range(steps):
        scene.box((x, y + 0.32 * k + 1.5, 0.16 * k + 0.08), (half, 1.5, 0.08), "concrete", dim(colour, 1.0 - 0.015 * k))
    run = 0.16 * steps
    for a in (-half, 0.0, half):
        scene.box((x + a, y + run, 0.95 + 0.5 * run), (0.03, run, 0.03), "metal", STEEL, rise=(0.5, 0.0))
        for k in range(0, steps, 4):
            scene.post(x + a, y + 0.32 * k + 0.1, 0.025, 0.95, "plain", STEEL, 0.16 * k)


def escalator(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float, up: float = 1.0) -> None:
    """A moving stair that leads away, up or (for a short way, behind its balustrade) down."""
    at = frame_at(x, y, turn)
    scene.box(
        at(0.0, 3.0, 1.5),
        (0.5, 3.0, 0.12),
        "treads",
        (0.16, 0.16, 0.17),
        (0.45, 0.38, 0.08),
        1.0,
        turn,
        rise=(0.5 * up, 0.0),
    )
    for a in (-0.62, 0.62):
        scene.box(
            at(a, 3.0, 1.75), (0.04, 3.0, 0.45), "glass", (0.16, 0.18, 0.19), STEEL, 0.8, turn, rise=(0.5 * up, 0.0)
        )
        scene.box(at(a, 3.0, 2.25), (0.06, 3.0, 0.05), "plain", DARK, turn=turn, rise=(0.5 * up, 0.0))
        scene.box(at(a, -0.35, 0.45), (0.06, 0.45, 0.45), "panels", STEEL, turn=turn)


def turnstiles(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float, count: int) -> None:
    """A row of gates."""
    at, colour = frame_at(x, y, turn), shade(rng, [STEEL, (0.45, 0.45, 0.46), DARK])
    for k in range(count):
        a = 0.85 * (k - (count - 1) / 2)
        scene.box(at(a, 0.0, 0.5), (0.11, 0.75, 0.5), "panels", colour, DARK, 0.8, turn)
        scene.box(at(a, -0.70, 0.9), (0.08, 0.08, 0.12), "sign", pick(rng, BRIGHT), (0.1, 0.6, 0.2), 0.5, turn)
        if k + 1 < count:
            scene.box(at(a + 0.42, 0.0, 0.62), (0.28, 0.015, 0.30), "glass", (0.35, 0.10, 0.08), STEEL, 1.0, turn)


def counter(scene: Scene, rng: np.random.Generator, x: float, y: float, half: float, turn: float) -> None:
    """A counter with a till and a board."""
    at, wood = frame_at(x, y, turn), shade(rng, [*WOOD, *STONE, (0.5, 0.5, 0.5)])
    scene.box(at(0.0, 0.0, 0.50), (half, 0.35, 0.50), "panels", wood, dim(wood, 0.5), 0.7, turn)
    scene.box(at(0.0, -0.05, 1.03), (half + 0.06, 0.42, 0.03), "plain", dim(wood, 0.5), turn=turn)
    scene.box(at(-half * 0.4, 0.0, 1.22), (0.18, 0.12, 0.16), "board", DARK, (0.4, 0.6, 0.7), 1.0, turn)


def shelves(
    scene: Scene, rng: np.random.Generator, x: float, y: float, half: float, turn: float, tall: float = 0.9
) -> None:
    """A rack with goods."""
    scene.box(
        (x, y, tall),
        (half, 0.35, tall),
        "goods",
        (0.30, 0.29, 0.28),
        shade(rng, [(0.4, 0.4, 0.4), *BRIGHT]),
        between(rng, (0.7, 1.2)),
        turn,
    )


def machine(scene: Scene, rng: np.random.Generator, x: float, y: float, turn: float) -> None:
    """A vending or ticket machine."""
    at, colour = frame_at(x, y, turn), shade(rng, BRIGHT)
    scene.box(at(0.0, 0.0, 0.95), (0.45, 0.38, 0.95), "panels", colour, DARK, 2.0, turn)
    scene.box(at(-0.08, -0.37, 1.2), (0.28, 0.03, 0.5), "goods", (0.4, 0.4, 0.4), (0.5, 0.5, 0.5), 0.4, turn, 0.5)


def cone(scene: Scene, rng: np.random.Generator, x: float, y: float) -> None:
    """A traffic cone or a wet-floor sign."""
    if rng.random() < 0.5:
        for k in range(4):
            r = 0.16 - 0.035 * k
            scene.post(x, y, r, 0.16, "plain", (0.55, 0.12, 0.03) if k != 2 else (0.6, 0.6, 0.6), 0.15 * k)
    else:
        scene.box(
            (x, y, 0.3), (0.16, 0.08, 0.3), "sign", (0.60, 0.45, 0.03), (0.03, 0.03, 0.03), 0.6, between(rng, (-40, 40))
        )


def clutter(
    scene: Scene, rng: np.random.Generator, kinds: list[str], count: int, x: tuple[float, float], y: tuple[float, float]
) -> None:
    """`count` small things of `kinds`, scattered over the floor between `x` and `y`: not on each other nor in the way."""
    makers = {"bin": bin_, "planter": planter, "cone": cone, "table": table, "parasol": parasol, "sign": traffic_sign}
    for _ in range(count):
        kind = pick(rng, kinds)
        for _ in range(8):
            a, b = between(rng, x), between(rng, y)
            if (abs(a) > 0.7 or b > 12.0) and all(
                (a - u) ** 2 + (b - v) ** 2 > (r + 0.7) ** 2 for u, v, r in scene.blocked
            ):
                break
        else:
            continue
        if kind in makers:
            makers[kind](scene, rng, a, b)
        elif kind == "bicycle":
            bicycle(scene, rng, a, b, between(rng, (0, 360)))
        elif kind == "bench":
            bench(scene, rng, a, b, between(rng, (-40, 40)))
        elif kind == "bollards":
            bollards(scene, rng, a, b, between(rng, (-30, 30)), int(rng.integers(2, 5)))
        elif kind == "railing":
            railing(scene, rng, a, b, between(rng, (0.8, 1.8)), between(rng, (-50, 50)))
        elif kind == "lamp":
            lamp_post(scene, a, b, between(rng, (3.4, 4.6)))
        elif kind == "machine":
            machine(scene, rng, a, b, between(rng, (-30, 30)))
