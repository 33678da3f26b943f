"""Occlusion: who or what hides a part of a person, where the person stands for it, and who walks by."""

from __future__ import annotations

import numpy as np

from reidapt.errors import WorldError
from reidapt.world.bystanders import PHASES, Bystander, Other
from reidapt.world.cameras import Camera
from reidapt.world.factors import Draws, declare
from reidapt.world.places import clear, free_spot, hidden_share, spot_at_the_border, spot_behind_a_thing
from reidapt.world.streams import pick_from

PLACE = declare("place", "crop", "where the person is; distance from the camera in metres", "distance")
OCCLUSION = declare("occlusion", "crop", "who or what hides a part of the person, and who stands behind", "occluder")

OCCLUDERS = ("none", "person", "object", "frame")
OCCLUDED_BY = {"person": 0.5, "object": 0.25, "frame": 0.25}
"""Shares of the kinds of occlusion among occluded pictures."""
COMPANY = 0.15
"""Share of pictures with a bystander beside or behind the person."""


def wanted_occluder(draws: Draws, share: float) -> str:
    """The kind of occlusion to try for, in a `share` of all pictures."""
    rng = draws(OCCLUSION)
    happens, kind = rng.random() < share, pick_from(rng, OCCLUDED_BY)
    occluder = str(draws.value("occluder", kind if happens else "none"))
    if occluder not in OCCLUDERS:
        raise WorldError(f"The parameter 'occluder' is set to {occluder!r}; expected one of {', '.join(OCCLUDERS)}.")
    return occluder


def find_place(draws: Draws, camera: Camera, height: float, occluder: str) -> tuple[np.ndarray, str]:
    """A spot (2,) for a person of `height` metres, and the kind of occlusion it allows."""
    rng = draws(PLACE)
    distance = draws.number("distance", 0.0, (1.0, 60.0))
    spot: np.ndarray | None = None
    if occluder == "object":
        spot = spot_behind_a_thing(rng, camera, height)
    elif occluder == "frame":
        spot = spot_at_the_border(rng, camera, height)
    if spot is not None:
        return spot, occluder
    return free_spot(rng, camera, height, distance), occluder if occluder == "person" else "none"


def company(
    draws: Draws, camera: Camera, spot: np.ndarray, occluder: str, crowd: tuple[Bystander, ...]
) -> tuple[Other, ...]:
    """Bystanders: one in the way where `occluder` is "person", and now and then one beside or behind."""
    if not crowd:
        return ()
    others: list[Other] = []
    away = float(np.hypot(*spot))
    sight = spot / max(away, 1e-6)
    for u, in_front in zip(draws(OCCLUSION).random((2, 7)), (True, False)):
        if (occluder != "person") if in_front else (u[0] >= COMPANY):
            continue
        who = crowd[int(u[1] * len(crowd))]
        if in_front:  # at least 0.7 m before the person and 2 m from the camera
            along = max(min(0.55 + 0.35 * u[2], 1.0 - 0.7 / away), 2.0 / away)
            overlap = 0.15 + 0.42 * u[3]  # share of the person's width
            offset = 0.5 * who.width * (1.0 + 1.0 / along) - overlap * who.width
        else:
            along = 1.0 + (0.8 + 4.0 * u[2]) / away
            offset = 0.25 + 0.55 * u[3]
        side = 1.0 if u[4] < 0.5 else -1.0
        there = along * (spot + side * offset * np.array([sight[1], -sight[0]]))
        if clear(camera, there[None])[0] and hidden_share(camera, there[None], (1.2,))[0] == 0.0:
            turn = 360.0 * u[5] - float(np.degrees(np.arctan2(there[0], there[1])))
            others.append(Other(who.mesh, who.at(int(u[6] * (PHASES + 1)), turn, there)))
    return tuple(others)


def passers_by(
    draws: Draws,
    camera: Camera,
    spots: np.ndarray,
    seconds: np.ndarray,
    occluder: str,
    crowd: tuple[Bystander, ...],
) -> list[tuple[Other, ...]]:
    """Bystanders of every picture of a tracklet, whose person is at `spots` (F, 2) after `seconds` (F,).

    Where `occluder` is "person", one crosses between person and camera; now and then one walks behind.
    """
    frames = len(spots)
    result: list[list[Other]] = [[] for _ in range(frames)]
    if not crowd:
        return [()] * frames
    for in_front, u in zip((True, False), draws(OCCLUSION).random((2, 8))):
        if (occluder != "person") if in_front else (u[0] >= 2.0 * COMPANY):
            continue
        who = crowd[int(u[1] * len(crowd))]
        meeting = int(u[2] * frames)
        target, after = spots[meeting], seconds - seconds[meeting]
        away = float(np.hypot(*target))
        along = max(0.55 + 0.3 * u[3], 2.0 / away) if in_front else 1.0 + (0.8 + 3.0 * u[3]) / away
        sight = target / max(away, 1e-6)
        for attempt in range(4):  # across the line of sight, to the left or to the right
            angle = np.radians((90.0 if attempt % 2 == int(u[4] < 0.5) else -90.0) + 70.0 * (u[5 + attempt // 2] - 0.5))
            c, s = np.cos(angle), np.sin(angle)
            way = np.array([c * sight[0] - s * sight[1], s * sight[0] + c * sight[1]])
            walked = along * target + after[:, None] * (0.9 + 0.5 * u[7]) * way
            near = np.linalg.norm(walked - along * target, axis=1) < 2.5
            if clear(camera, walked[near]).all():
                break
        else:
            continue
        turn = float(np.degrees(np.arctan2(way[0], -way[1])))
        for frame in np.flatnonzero(near):
            cycle = float(u[6] + 0.9 * after[frame]) % 1.0
            result[frame].append(Other(who.mesh, who.at(int(cycle * PHASES), turn, walked[frame])))
    return [tuple(others) for others in result]
