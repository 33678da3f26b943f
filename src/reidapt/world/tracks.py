"""Tracklets: people who walk through a camera's view, frame by frame, and those who walk between them and the camera."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from reidapt.world.body import Rest
from reidapt.world.cameras import Camera
from reidapt.world.company import find_place, passers_by, wanted_occluder
from reidapt.world.crops import (
    BOX,
    Circumstances,
    Crop,
    Draft,
    Moment,
    crop_draws,
    held_pose,
    posed,
    sample_shot,
)
from reidapt.world.factors import Draws, declare
from reidapt.world.gait import Pose, stride_length
from reidapt.world.people import Person
from reidapt.world.places import CELLS, TRIES, clear, free_cells, hidden_share, on_walkway

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
    turns: np.ndarray  # (F,) degrees about the vertical, as of `posing.pose`
    phases: np.ndarray  # (F,) gait cycles walked, not wrapped
    walking: bool
    speed: float  # metres a second


def waypoints(rng: np.random.Generator, camera: Camera, start: np.ndarray, length: float, strict: bool) -> np.ndarray:
    """(N, 2) corners of a way of at least `length` metres from `start` that stays in view and clear of things.

    Where the place allows no such way, it goes round in a circle. `strict` ways are not hidden by anything.
    """
    cells = free_cells(camera)
    corners, total = [start], 0.0
    while total < length and len(corners) < 400:
        here = corners[-1]
        before = here - corners[-2] if len(corners) > 1 else np.zeros(2)
        which, along, across = rng.random((3, TRIES))
        row, column = cells[(which * len(cells)).astype(int)].T if len(cells) else np.zeros((2, 0))
        spots = on_walkway(camera, (row + along[: len(row)]) / CELLS[0], (column + across[: len(row)]) / CELLS[1])
        away = np.linalg.norm(spots - here, axis=1)
        spots = spots[(away > 2.0) & ((spots - here) @ before >= -0.2 * away * np.linalg.norm(before))]
        for spot in spots[:6]:  # goes on rather than turning round
            between_them = here + np.linspace(0.0, 1.0, 7)[1:, None] * (spot - here)
            hidden = hidden_share(camera, between_them, (0.9, 1.5))
            if clear(camera, between_them).all() and hidden.max() <= (0.0 if strict else 0.5):
                corners.append(spot)
                break
        else:
            heading = np.arctan2(before[1], before[0]) if before.any() else 2 * np.pi * which[0]
            corners.append(here + 0.8 * np.array([np.cos(heading + 0.9), np.sin(heading + 0.9)]))
        total += 0.8 * float(np.linalg.norm(corners[-1] - here))  # corners are cut
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
    points = smoothed(waypoints(rng, camera, start, speed * seconds[-1] + 0.5, free))
    if rng.random() < 0.5:  # as many leave the view as come into it
        last = min(len(points), int((speed * seconds[-1] + 0.5) / FINE) + 1)
        points = points[:last][::-1]
    spots, turns = follow(points, speed * seconds)
    return Track(spots, turns, phase + speed * seconds / stride, True, speed)


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
    draws = crop_draws(world, camera, person, tracklet, "tracklet", modality)
    start, occluder = find_place(draws, camera, person.height, wanted_occluder(draws, world.occlusion))
    held, shot = held_pose(draws, world.style, person), sample_shot(draws, draws, world.style)
    track = sample_path(draws, camera, person, rest, held, start, frames, occluder != "object")
    others = passers_by(draws, camera, track.spots, np.arange(frames) * STEP / RATE, occluder, world.crowd)
    box_noise = box_wander(draws(BOX), frames)
    bearings = np.degrees(np.arctan2(track.spots[:, 0], track.spots[:, 1]))
    drafts = [
        Draft(
            camera=camera,
            moment=Moment(
                track.spots[k],
                float(track.turns[k] + bearings[k]) % 360.0,
                replace(held, phase=float(track.phases[k] % 1.0)),
                track.speed,
            ),
            shot=replace(shot, noise_seed=shot.noise_seed + k),
            others=others[k],
            box_noise=box_noise[k],
            modality=modality,
            least_visible=0.0,
        )
        for k in range(frames)
    ]
    return posed(person, rest, soles, parents, drafts)
