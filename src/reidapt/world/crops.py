"""What is drawn at random for one crop: where and how the person walks, the box, the camera's small changes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reidapt.world.body import Rest
from reidapt.world.cameras import FRAME, Camera
from reidapt.world.gait import joint_rotations, pose, sample_gait
from reidapt.world.modalities import SENSOR_COLUMNS, easel
from reidapt.world.people import Person
from reidapt.world.streams import between, stream
from reidapt.world.styles import Style


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
    sensor: np.ndarray  # (16,) row of the sensor table
    noise_seed: int
    jpeg_quality: int
    columns: dict[str, object]
    modality: str = "colour"


def in_sun(camera: Camera, place: np.ndarray) -> bool:
    """Whether the light reaches a standing person's chest at `place` (2,)."""
    if camera.scene.indoor:
        return True
    return camera.first_hit(np.array([place[0], place[1], 1.2]), camera.sun) == float("inf")


def place_person(rng: np.random.Generator, camera: Camera, height: float) -> np.ndarray:
    """A free spot (2,) on the walkway where head and feet are inside the frame."""
    spot = np.array([0.0, camera.distance])
    for _ in range(60):
        y = camera.distance * between(rng, (0.72, 1.3))
        reach = 0.42 * FRAME[1] * y / camera.focal
        x = between(rng, (-reach, reach))
        candidate = np.array([x, y])
        seen = camera.project(np.array([[x, y, -0.05], [x, y, height + 0.1]]))
        inside = (seen[:, 0] > 60) & (seen[:, 0] < FRAME[1] - 60) & (seen[:, 1] > 6) & (seen[:, 1] < FRAME[0] - 6)
        if not inside.all():
            continue
        free = all((x - a) ** 2 + (y - b) ** 2 > r * r for a, b, r in camera.scene.blocked)
        if free and not behind_wall(camera, candidate):
            return candidate
    return spot


def behind_wall(camera: Camera, spot: np.ndarray) -> bool:
    """Whether something of the scene stands at `spot` or between it and the camera."""
    for z in (0.15, 1.3):
        ray = np.array([spot[0], spot[1], z]) - camera.position
        if camera.first_hit(camera.position, ray) < 1.0 + 0.5 / float(np.linalg.norm(ray)):
            return True
    return False


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
    modality: str = "colour",
) -> Crop:
    """Everything about picture number `picture` of a person at a camera; a pure function of its arguments."""
    if modality == "sketch":
        camera = easel(camera)
    rng = stream(seed, style.name, kind, person.index, camera.number, picture)
    gait = sample_gait(stream(seed, style.name, "gait", person.index), person.bulk)
    walking = bool(rng.random() >= style.standing)
    phase = float(rng.random())
    yaw = float(10 * rng.integers(36))
    if modality == "sketch":
        yaw, walking = float(10 * (int(yaw) // 10 % 5 - 2)), walking and phase < 0.2
    turn = (yaw + between(rng, (-5.0, 5.0))) % 360.0
    carry = {}
    if person.bag in ("handbag", "tote"):
        carry[person.bag_side] = "hold"
    free = "R" if person.bag_side == "L" else "L"
    if rng.random() < 0.10:
        carry[free] = "phone"
    look = float(12.0 * rng.standard_normal())
    spot = place_person(rng, camera, person.height)
    # yaw is relative to the line of sight: 0 walks towards the camera
    bearing = np.degrees(np.arctan2(spot[0], spot[1]))
    transforms = pose(rest, parents, joint_rotations(rest, gait, phase, walking, carry, look), soles, turn - bearing)
    transforms[:, :2, 3] += spot
    left, right = transforms[-1 - 7], transforms[-1]
    foot = lambda matrix, joint: (matrix[:, :3] @ joint + matrix[:, 3])[:2]  # noqa: E731
    feet = np.stack([foot(left, rest.joint("foot.L")), foot(right, rest.joint("foot.R"))])
    box_noise = rng.standard_normal(4)
    if modality == "sketch":
        box_noise = 0.3 * np.abs(box_noise)  # the whole figure is on the paper
    light = 1.0 + style.light_jitter * float(np.clip(rng.standard_normal(), -2.5, 2.5))
    sun_visible = 1.0 if in_sun(camera, spot) else 0.12
    warmth = 1.0 + 0.012 * rng.standard_normal(3)
    sensor = np.zeros(SENSOR_COLUMNS)
    sensor[0] = camera.blur * between(rng, (0.85, 1.2))
    sensor[1:4] = camera.gain * camera.exposure * light * warmth
    sensor[4], sensor[5], sensor[6], sensor[7] = camera.saturation, camera.gamma, camera.contrast, camera.black
    sensor[8] = camera.noise * between(rng, (0.85, 1.2))
    taps = np.exp(-0.5 * ((np.arange(5) + 0.5) / sensor[0]) ** 2)
    sensor[9:14] = 0.5 * taps / taps.sum()
    quality = int(rng.integers(style.sensor.jpeg[0], style.sensor.jpeg[1] + 1))
    columns: dict[str, object] = {
        "yaw": int(yaw),
        "walking": int(walking),
        "phase": round(phase, 3),
        "phone": int("phone" in carry.values()),
        "distance": round(float(np.hypot(*spot)), 2),
        "x": round(float(spot[0]), 2),
        "y": round(float(spot[1]), 2),
        "in_sun": int(sun_visible > 0.5),
        "light": round(light, 3),
        "jpeg": quality,
    }
    return Crop(
        camera=camera,
        transforms=transforms,
        feet=feet,
        box_noise=box_noise,
        box_kind=kind,
        sun_visible=sun_visible,
        fold_shift=between(rng, (0.0, 3.0)),
        sensor=sensor,
        noise_seed=int(rng.integers(1, 2**30)),
        jpeg_quality=quality,
        columns=columns,
        modality=modality,
    )


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
