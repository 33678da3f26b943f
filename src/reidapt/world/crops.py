"""What is drawn at random for one crop: where and how the person walks, who stands in the way, the camera's small changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reidapt.errors import WorldError
from reidapt.world.body import BONES, Rest
from reidapt.world.bystanders import PHASES, Bystander, Other
from reidapt.world.cameras import Camera
from reidapt.world.factors import EVERYTHING, Choice, Draws, declare
from reidapt.world.gait import Pose, joint_rotations, pose, sample_pose
from reidapt.world.people import Person
from reidapt.world.places import clear, free_spot, hidden_share, spot_at_the_border, spot_behind_a_thing
from reidapt.world.streams import between
from reidapt.world.styles import Style

YAW = declare("yaw", "crop", "direction of walking against the line of sight, degrees; 0 comes nearer", "yaw")
POSE = declare("pose", "crop", "walking or standing, moment of the stride, what the arms do", "walking", "phase", "phone")
PLACE = declare("place", "crop", "where the person is; distance from the camera in metres", "distance")
OCCLUSION = declare("occlusion", "crop", "who or what hides a part of the person, and who stands behind", "occluder")
BOX = declare("box", "crop", "error of the detector's box")
EXPOSURE = declare("exposure", "crop", "brightness against the camera's own", "light")
MOTION = declare("motion", "crop", "exposure time in milliseconds, which blurs who moves", "exposure_ms")
RESOLUTION = declare("resolution", "crop", "height in pixels before the crop was resized", "source_height")
GRAIN = declare("grain", "crop", "amount and pattern of the sensor's noise, sharpness")
JPEG = declare("jpeg", "crop", "JPEG quality", "jpeg")

OCCLUDERS = ("none", "person", "object", "frame")
OCCLUDED_BY = {"person": 0.5, "object": 0.25, "frame": 0.25}
"""Shares of the kinds of occlusion among occluded pictures."""
COMPANY = 0.15
"""Share of pictures with a bystander beside or behind the person."""
LOW_RESOLUTION = 0.2
"""Share of pictures that had fewer pixels than they have now."""
SENSOR_COLUMNS = 20


@dataclass(frozen=True)
class Crop:
    """One picture to draw: geometry, light and sensor as the kernels' rows, and the table's columns."""

    camera: Camera
    transforms: np.ndarray  # (J, 3, 4) rest pose -> world
    feet: np.ndarray  # (2, 2) floor position of both feet
    box_noise: np.ndarray  # (4,) standard normal: top, bottom, centre, width
    box_kind: str  # "person", "partial" (a bad detection) or "empty" (background alone)
    sun_visible: float
    fold_shift: float
    sensor: np.ndarray  # (SENSOR_COLUMNS,) row of the sensor table; 14, 15 are filled when drawn
    noise_seed: int
    jpeg_quality: int
    columns: dict[str, object]
    modality: str = "colour"
    others: tuple[Other, ...] = ()
    rest: Rest | None = None
    motion: tuple[float, float] = (0.0, 0.0)  # metres on the floor during the exposure
    least_visible: float = 0.35  # bystanders who would leave less of the person visible are taken away
    source_height: float = 0.0  # share of the output's height, 0 = all of it; pixels where it is more than 1


@dataclass(frozen=True)
class Circumstances:
    """What all crops of a world share: its arguments and its bystanders."""

    seed: int
    style: Style
    choice: Choice = EVERYTHING
    occlusion: float = 0.0
    crowd: tuple[Bystander, ...] = ()


@dataclass(frozen=True)
class Moment:
    """Where a person is and how the body is held at one moment."""

    spot: np.ndarray  # (2,)
    yaw: float  # degrees against the line of sight
    pose: Pose
    speed: float = 1.25  # metres a second

    @property
    def turn(self) -> float:
        """Degrees about the vertical, for `gait.pose`."""
        return self.yaw - float(np.degrees(np.arctan2(self.spot[0], self.spot[1])))


def crop_draws(
    world: Circumstances, camera: Camera, person: Person, picture: int, kind: str, modality: str
) -> Draws:
    """The random streams of one crop; those of a colour crop do not depend on the other modalities."""
    own = (kind, person.index, camera.number, picture, *(() if modality == "colour" else (modality,)))
    return Draws(world.choice, (world.seed, world.style.name, "crop"), own)


def sample_crop(
    seed: int,
    style: Style,
    camera: Camera,
    person: Person,
    rest: Rest,
    soles: np.ndarray,
    parents: np.ndarray,
    picture: int,
    kind: str = "person",
    *,
    modality: str = "colour",
    choice: Choice = EVERYTHING,
    occlusion: float = 0.0,
    crowd: Sequence[Bystander] = (),
) -> Crop:
    """Everything about picture number `picture` of a person at a camera; a pure function of its arguments.

    `kind` is "person", "partial" or "empty"; `occlusion` the share of pictures with someone or something in the way;
    `crowd` the bystanders, without whom nobody but the person is in the picture.
    """
    world = Circumstances(seed, style, choice, occlusion, tuple(crowd))
    draws = crop_draws(world, camera, person, picture, kind, modality)
    occluder = wanted_occluder(draws, occlusion)
    spot, occluder = place(draws, camera, person.height, occluder)
    moment = hold(draws, world.style, person, spot)
    others = company(draws, camera, spot, occluder, world.crowd)
    return compose(world, draws, camera, person, rest, soles, parents, moment, others, kind, modality)


def wanted_occluder(draws: Draws, share: float) -> str:
    """The kind of occlusion to try for."""
    rng = draws(OCCLUSION)
    happens, kind = rng.random(2)
    edges = np.cumsum(list(OCCLUDED_BY.values()))
    drawn = list(OCCLUDED_BY)[int(np.searchsorted(edges, kind * edges[-1], side="right").clip(0, 2))]
    occluder = str(draws.value("occluder", drawn if happens < share else "none"))
    if occluder not in OCCLUDERS:
        raise WorldError(f"The parameter 'occluder' is set to {occluder!r}; expected one of {', '.join(OCCLUDERS)}.")
    return occluder


def place(draws: Draws, camera: Camera, height: float, occluder: str) -> tuple[np.ndarray, str]:
    """A spot (2,), and the kind of occlusion it allows."""
    rng = draws(PLACE)
    distance = draws.number("distance", 0.0, (0.0, 60.0))
    spot: np.ndarray | None = None
    if occluder == "object":
        spot = spot_behind_a_thing(rng, camera, height)
    elif occluder == "frame":
        spot = spot_at_the_border(rng, camera, height)
    if spot is not None:
        return spot, occluder
    return free_spot(rng, camera, height, distance), occluder if occluder == "person" else "none"


def hold(draws: Draws, style: Style, person: Person, spot: np.ndarray) -> Moment:
    """How the person stands or walks at `spot`, and what the arms do."""
    rng = draws(YAW)
    bin_, within = 10.0 * float(rng.integers(36)), between(rng, (-5.0, 5.0))
    yaw = draws.number("yaw", bin_, (0.0, 360.0)) + within
    return Moment(spot, yaw % 360.0, held_pose(draws, style, person))


def held_pose(draws: Draws, style: Style, person: Person) -> Pose:
    """The pose, with the parameters that are set."""
    drawn = sample_pose(draws(POSE), person.carry, style.standing)
    walking = bool(draws.number("walking", float(drawn.walking), (0, 1)))
    phase = draws.number("phase", drawn.phase, (0.0, 1.0))
    phone = bool(draws.number("phone", float(drawn.columns()["phone"] == 1), (0, 1)))
    carry = dict(drawn.carry)
    calls = [side for side in "LR" if carry.get(side) in ("phone", "ear")]
    if phone and not calls:
        carry["R" if person.bag_side == "L" else "L"] = "phone"
    elif not phone:
        carry |= {side: person.carry.get(side, "") for side in calls}
    return replace(drawn, walking=walking, phase=phase, carry=carry)


def company(
    draws: Draws, camera: Camera, spot: np.ndarray, occluder: str, crowd: tuple[Bystander, ...]
) -> tuple[Other, ...]:
    """Bystanders: one in the way where `occluder` is "person", and now and then one beside or behind."""
    if not crowd:
        return ()
    rng = draws(OCCLUSION)
    others: list[Other] = []
    u = rng.random((2, 7))
    away = float(np.hypot(*spot))
    sight = spot / max(away, 1e-6)
    for row, in_front in zip(u, (True, False)):
        if (occluder != "person") if in_front else (row[0] >= COMPANY):
            continue
        who = crowd[int(row[1] * len(crowd))]
        if in_front:  # at least 0.7 m before the person and 2 m from the camera
            along = float(np.clip(0.55 + 0.35 * row[2], 2.0 / away, max(1.0 - 0.7 / away, 2.0 / away)))
            overlap = 0.15 + 0.42 * row[3]  # share of the person's width
            offset = 0.5 * who.width * (1.0 + 1.0 / along) - overlap * who.width
        else:
            along = 1.0 + (0.8 + 4.0 * row[2]) / away
            offset = 0.25 + 0.55 * row[3]
        side = 1.0 if row[4] < 0.5 else -1.0
        there = along * (spot + side * offset * np.array([sight[1], -sight[0]]))
        if clear(camera, there[None])[0] and hidden_share(camera, there[None], (1.2,))[0] == 0.0:
            turn = 360.0 * row[5] - float(np.degrees(np.arctan2(there[0], there[1])))
            others.append(Other(who.mesh, who.at(int(row[6] * (PHASES + 1)), turn, there)))
    return tuple(others)


def compose(
    world: Circumstances,
    draws: Draws,
    camera: Camera,
    person: Person,
    rest: Rest,
    soles: np.ndarray,
    parents: np.ndarray,
    moment: Moment,
    others: tuple[Other, ...],
    kind: str,
    modality: str,
    box_noise: np.ndarray | None = None,
) -> Crop:
    """A crop of the person at a given moment: pose, light and sensor."""
    style, spot, held = world.style, moment.spot, moment.pose
    turns = joint_rotations(rest, person.gait, held.phase, held.walking, held.carry, held.look, held.stance)
    transforms = pose(rest, parents, turns, soles, moment.turn)
    transforms[:, :2, 3] += spot
    feet = np.stack([joint_place(rest, transforms, f"foot.{side}")[:2] for side in "LR"])
    if box_noise is None:
        box_noise = draws(BOX).standard_normal(4)
    light = 1.0 + style.light_jitter * float(np.clip(draws(EXPOSURE).standard_normal(), -2.5, 2.5))
    light = draws.number("light", light, (0.05, 5.0))
    warmth = 1.0 + 0.012 * draws(EXPOSURE).standard_normal(3)
    lit = 1.0 if camera.lit(spot) else 0.12
    milliseconds = draws.number("exposure_ms", float(np.exp(between(draws(MOTION), (1.1, 3.0)))), (0.0, 500.0))
    rng = draws(RESOLUTION)
    low, share = rng.random() < LOW_RESOLUTION, between(rng, (-1.2, -0.1))
    source = draws.number("source_height", float(np.exp(share)) if low else 0.0, (8.0, 2000.0))
    rng = draws(GRAIN)
    sharp, grain, noise_seed = between(rng, (0.85, 1.2)), between(rng, (0.85, 1.2)), int(rng.integers(1, 2**30))
    drawn = int(draws(JPEG).integers(style.sensor.jpeg[0], style.sensor.jpeg[1] + 1))
    quality = round(draws.number("jpeg", drawn, (1, 100)))
    heading = np.radians(moment.turn)
    step = moment.speed * milliseconds / 1000.0 * float(held.walking)
    return Crop(
        camera=camera,
        transforms=transforms,
        feet=feet,
        box_noise=box_noise,
        box_kind=kind,
        sun_visible=lit,
        fold_shift=between(draws(POSE), (0.0, 3.0)),
        sensor=sensor_row(camera, light * warmth, sharp, grain),
        noise_seed=noise_seed,
        jpeg_quality=quality,
        columns={
            "yaw": round(moment.yaw / 10.0) % 36 * 10,
            **held.columns(),
            "speed": round(moment.speed * float(held.walking), 2),
            "distance": round(float(np.hypot(*spot)), 2),
            "x": round(float(spot[0]), 2),
            "y": round(float(spot[1]), 2),
            "in_sun": int(lit > 0.5),
            "light": round(light, 3),
            "exposure_ms": round(milliseconds, 1),
            "jpeg": quality,
        },
        modality=modality,
        others=others,
        rest=rest,
        motion=(float(np.sin(heading)) * step, -float(np.cos(heading)) * step),
        source_height=source,
    )


def joint_place(rest: Rest, transforms: np.ndarray, name: str) -> np.ndarray:
    """World position (3,) of a control bone's head."""
    matrix = transforms[BONES.index(name)]
    return matrix[:, :3] @ rest.joint(name) + matrix[:, 3]


def sensor_row(camera: Camera, level: np.ndarray, sharp: float, grain: float) -> np.ndarray:
    """(SENSOR_COLUMNS,) row of the sensor table: `level` (3,) exposure of a channel, factors of blur and noise."""
    row = np.zeros(SENSOR_COLUMNS)
    row[0] = camera.blur * sharp
    row[1:4] = camera.gain * camera.exposure * level
    row[4], row[5], row[6], row[7] = camera.saturation, camera.gamma, camera.contrast, camera.black
    row[8] = camera.noise * grain
    taps = np.exp(-0.5 * ((np.arange(5) + 0.5) / row[0]) ** 2)
    row[9:14] = 0.5 * taps / taps.sum()
    return row


def crop_box(bounds: np.ndarray, noise: np.ndarray, jitter: float, kind: str) -> np.ndarray:
    """Left, top, width and height in frame pixels of the crop around a person's `bounds` (left, top, right, bottom)."""
    left, top, right, bottom = bounds
    tall = max(bottom - top, 8.0)
    n = np.clip(noise, -2.0, 2.0) * jitter
    y0, y1 = top - tall * (0.035 + 0.6 * n[0]), bottom + tall * (0.025 + 0.6 * n[1])
    wide = np.clip((right - left) * 1.10 / (y1 - y0), 0.43, 0.54) * (1.0 + 0.5 * n[3]) * (y1 - y0)
    centre = 0.5 * (left + right) + 0.35 * n[2] * tall
    if kind == "partial":  # a detector's mistake: half a person
        y0, y1 = top + tall * (0.35 + 0.3 * abs(noise[0]) % 0.3), bottom + 0.25 * tall
        centre += np.sign(noise[2] + 1e-9) * 0.28 * tall
    return np.array([centre - wide / 2, y0, wide, y1 - y0])
