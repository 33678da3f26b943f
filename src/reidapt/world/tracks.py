"""Tracklets: people who walk through a camera's view, frame by frame, and those who walk between them and the camera."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reidapt.world.body import Rest
from reidapt.world.bystanders import PHASES, Bystander, Other
from reidapt.world.cameras import Camera
from reidapt.world.crops import (
    BOX,
    COMPANY,
    GRAIN,
    OCCLUSION,
    Circumstances,
    Crop,
    Moment,
    compose,
    crop_draws,
    held_pose,
    place,
    wanted_occluder,
)
from reidapt.world.factors import Draws, declare
from reidapt.world.gait import Pose, stride_length
from reidapt.world.people import Person
from reidapt.world.places import borders, candidates, clear, hidden_share, inside

PATH = declare("path", "crop", "the way a person walks through a camera's view, and how fast", "speed")

RATE = 25.0
"""Frames of the camera a second."""
STEP = 3
"""Frames of the camera between two pictures of a tracklet."""
FINE = 0.05
"""Metres between the points of a smoothed path."""


@dataclass(frozen=True)
class Track:
    """A person's way: a row a picture."""

    spots: np.ndarray  # (F, 2) metres
    turns: np.ndarray  # (F,) degrees about the vertical, as of `gait.pose`
    phases: np.ndarray  # (F,) gait cycles walked, not wrapped
    walking: bool
    speed: float  # metres a second


def waypoints(rng: np.random.Generator, camera: Camera, height: float, start: np.ndarray, length: float, strict: bool):
    """(N, 2) corners of a way of at least `length` metres from `start` that stays in view and clear of things.

    Where the place allows no such way, it goes to and fro. `strict` ways are not hidden by anything.
    """
    corners, total = [start], 0.0
    while total < length and len(corners) < 40:
        here = corners[-1]
        spots = candidates(rng, camera, (0.7, 1.4), 0.0)
        good = inside(borders(camera, spots, height)) & (np.linalg.norm(spots - here, axis=1) > 2.0)
        if len(corners) > 1:  # rather go on than turn round
            ahead = (spots - here) @ (here - corners[-2]) > -0.3 * np.linalg.norm(spots - here, axis=1)
            good = good & ahead if (good & ahead).any() else good
        for spot in spots[good][:4]:
            between_them = here + np.linspace(0.0, 1.0, 7)[1:, None] * (spot - here)
            hidden = hidden_share(camera, between_them, (0.9, 1.5))
            if clear(camera, between_them).all() and hidden.max() <= (0.0 if strict else 0.5):
                corners.append(spot)
                break
        else:
            corners.append(corners[-2] if len(corners) > 1 else here + np.array([0.6 * np.sign(-here[0] or 1.0), 0.0]))
        total += float(np.linalg.norm(corners[-1] - here))
    return np.array(corners)


def smoothed(corners: np.ndarray) -> np.ndarray:
    """(M, 2) points `FINE` metres apart along the way through `corners` with rounded corners (Chaikin)."""
    points = corners
    for _ in range(3):
        first, last = points[:1], points[-1:]
        a, b = 0.75 * points[:-1] + 0.25 * points[1:], 0.25 * points[:-1] + 0.75 * points[1:]
        points = np.concatenate([first, np.stack([a, b], axis=1).reshape(-1, 2), last])
    walked = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])
    at = np.arange(0.0, walked[-1], FINE)
    return np.stack([np.interp(at, walked, points[:, k]) for k in range(2)], axis=1)


def follow(points: np.ndarray, walked: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Spots (F, 2) and turns (F,) in degrees after `walked` (F,) metres along `points` (M, 2), `FINE` apart."""
    at = np.arange(len(points)) * FINE
    spots = np.stack([np.interp(walked, at, points[:, k]) for k in range(2)], axis=1)
    ends = [
        np.stack([np.interp(np.clip(walked + d, 0.0, at[-1]), at, points[:, k]) for k in range(2)], axis=1)
        for d in (-0.3, 0.3)
    ]
    way = ends[1] - ends[0]
    return spots, np.degrees(np.unwrap(np.arctan2(way[:, 0], -way[:, 1])))


def sample_path(
    draws: Draws, camera: Camera, person: Person, rest: Rest, held: Pose, start: np.ndarray, frames: int, free: bool
) -> Track:
    """A way from `start` for `frames` pictures; `free` ways are not hidden by things."""
    rng = draws(PATH)
    seconds = np.arange(frames) * STEP / RATE
    stride = stride_length(rest, person.gait)
    speed = draws.number("speed", person.gait.cadence * stride, (0.1, 4.0))
    walking, phase, turn = held.walking, held.phase, 360.0 * float(rng.random())
    if not walking:
        sway = 4.0 * np.sin(2 * np.pi * (0.1 * seconds + phase))
        return Track(np.tile(start, (frames, 1)), turn + sway, phase + 0.03 * seconds, False, 0.0)
    points = smoothed(waypoints(rng, camera, person.height, start, speed * seconds[-1] + 0.5, free))
    if rng.random() < 0.5:  # as many leave the view as come into it
        last = min(len(points), int((speed * seconds[-1] + 0.5) / FINE) + 1)
        points = points[:last][::-1]
    spots, turns = follow(points, speed * seconds)
    return Track(spots, turns, phase + speed * seconds / stride, True, speed)


def passers_by(
    draws: Draws, camera: Camera, track: Track, occluder: str, crowd: tuple[Bystander, ...]
) -> list[tuple[Other, ...]]:
    """Bystanders of every picture: one who crosses between person and camera, one who walks behind."""
    frames = len(track.spots)
    result: list[list[Other]] = [[] for _ in range(frames)]
    if not crowd:
        return [()] * frames
    rng = draws(OCCLUSION)
    seconds = np.arange(frames) * STEP / RATE
    for in_front, u in zip((True, False), rng.random((2, 8))):
        if (occluder != "person") if in_front else (u[0] >= 2.0 * COMPANY):
            continue
        who = crowd[int(u[1] * len(crowd))]
        meeting = int(u[2] * frames)
        target = track.spots[meeting]
        away = float(np.hypot(*target))
        along = max(0.55 + 0.3 * u[3], 2.0 / away) if in_front else 1.0 + (0.8 + 3.0 * u[3]) / away
        sight = target / max(away, 1e-6)
        for attempt in range(4):  # across the line of sight, to the left or to the right
            angle = np.radians((90.0 if attempt % 2 == int(u[4] < 0.5) else -90.0) + 70.0 * (u[5 + attempt // 2] - 0.5))
            c, s = np.cos(angle), np.sin(angle)
            way = np.array([c * sight[0] - s * sight[1], s * sight[0] + c * sight[1]])
            spots = along * target + (seconds - seconds[meeting])[:, None] * (0.9 + 0.5 * u[7]) * way
            near = np.linalg.norm(spots - along * target, axis=1) < 2.5
            if clear(camera, spots[near]).all():
                break
        else:
            continue
        turn = float(np.degrees(np.arctan2(way[0], -way[1])))
        for frame in np.flatnonzero(near):
            cycles = u[6] + float((seconds[frame] - seconds[meeting]) * 0.9)
            result[frame].append(Other(who.mesh, who.at(int(cycles % 1.0 * PHASES), turn, spots[frame])))
    return [tuple(others) for others in result]


def box_wander(rng: np.random.Generator, frames: int) -> np.ndarray:
    """(F, 4) a tracker's box error: slow waves and a little noise, of standard deviation 1."""
    seconds = np.arange(frames)[:, None] * STEP / RATE
    waves = np.zeros((frames, 4))
    for _ in range(2):
        period, phase = 1.0 + 2.5 * rng.random(4), rng.random(4)
        waves += np.sin(2 * np.pi * (seconds / period + phase))
    return 0.94 * waves + 0.3 * rng.standard_normal((frames, 4))


def sample_track(
    world: Circumstances,
    camera: Camera,
    person: Person,
    rest: Rest,
    soles: np.ndarray,
    parents: np.ndarray,
    tracklet: int,
    frames: int,
    modality: str = "colour",
) -> list[Crop]:
    """The crops of tracklet number `tracklet` of a person at a camera, `STEP` / `RATE` seconds apart."""
    fresh = lambda: crop_draws(world, camera, person, tracklet, "tracklet", modality)  # noqa: E731
    draws = fresh()
    start, occluder = place(draws, camera, person.height, wanted_occluder(draws, world.occlusion))
    held = held_pose(draws, world.style, person)
    track = sample_path(draws, camera, person, rest, held, start, frames, occluder != "object")
    others = passers_by(draws, camera, track, occluder, world.crowd)
    box_noise = box_wander(draws(BOX), frames)
    noise_seed = int(draws(GRAIN).integers(1, 2**29))
    crops = []
    for k, (spot, turn, phase) in enumerate(zip(track.spots, track.turns, track.phases)):
        yaw = (float(turn) + float(np.degrees(np.arctan2(spot[0], spot[1])))) % 360.0
        moment = Moment(spot, yaw, replace(held, phase=float(phase % 1.0)), track.speed)
        crop = compose(
            world, fresh(), camera, person, rest, soles, parents, moment, others[k], "person", modality, box_noise[k]
        )  # the same streams for every picture: light, exposure and sensor stay as they are
        crops.append(replace(crop, noise_seed=noise_seed + k, least_visible=0.0))
    return crops


