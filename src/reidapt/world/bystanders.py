"""Bystanders: anonymous pedestrians of a world who stand in front of and behind its people."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reidapt.world.body import BodyModel
from reidapt.world.dressing import dress
from reidapt.world.mesh import Mesh
from reidapt.world.people import sample_person
from reidapt.world.posing import joint_rotations, pose, rotation
from reidapt.world.styles import Style

CROWD = 10
"""Bystanders of a world."""
PHASES = 12
"""Poses of a bystander's gait cycle that are prepared."""
FIRST = 1_000_000
"""Person index of the first bystander; nobody with an identity has it."""


@dataclass(frozen=True)
class Bystander:
    """A dressed pedestrian without identity, with prepared poses at the origin."""

    mesh: Mesh
    poses: np.ndarray  # (PHASES + 1, J, 3, 4), the last one standing
    width: float  # metres from shoulder to shoulder, clothes included

    def at(self, pose: int, turn: float, spot: np.ndarray) -> np.ndarray:
        """(J, 3, 4) transforms of prepared pose number `pose`, turned by degrees, standing at `spot` (2,)."""
        return moved(self.poses[pose], turn, spot)


@dataclass(frozen=True)
class Other:
    """A bystander in a crop."""

    mesh: Mesh
    transforms: np.ndarray  # (J, 3, 4) rest pose -> world


def moved(transforms: np.ndarray, turn: float, spot: np.ndarray) -> np.ndarray:
    """`transforms` (J, 3, 4) turned by degrees about the vertical and put at `spot` (2,)."""
    placed = rotation("z", turn) @ transforms
    placed[:, :2, 3] += spot
    return placed


def gather_crowd(model: BodyModel, seed: int, style: Style, count: int = CROWD) -> list[Bystander]:
    """The bystanders of a world: the same whatever else is drawn."""
    crowd = []
    for index in range(FIRST, FIRST + count):
        person = sample_person(seed, style.name, index, style.wardrobe)
        rest, mesh, soles = dress(model, person)
        poses = [
            pose(
                rest,
                model.parents,
                joint_rotations(rest, person.gait, phase / PHASES, phase < PHASES, person.carry, 0.0),
                soles,
                0.0,
            )
            for phase in range(PHASES + 1)
        ]
        shoulders = rest.joint("upperarm01.L") - rest.joint("upperarm01.R")
        crowd.append(Bystander(mesh, np.stack(poses), float(abs(shoulders[0])) + 0.12))
    return crowd
