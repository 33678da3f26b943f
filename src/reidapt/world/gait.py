"""How people move: the parameters of a gait, ways of standing and what the arms do (`posing` makes transforms of them)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np

from reidapt.world.body import Rest
from reidapt.world.streams import between, pick_from

STANCES = ("even", "left", "right")
"""Ways of standing: on both legs, or the weight on one of them."""


@dataclass(frozen=True)
class Gait:
    """How one person moves; angles in degrees, constant over that person's pictures."""

    stride: float  # amplitude of hip flexion
    swing: float  # amplitude of the upper arm
    elbow: float  # mean elbow flexion
    spread: float  # of the arms from vertical
    lean: float  # of the trunk, forwards
    toe_out: float
    nod: float  # of the head, forwards
    twist: float  # amplitude of shoulders against pelvis
    sway: float = 2.0  # amplitude of the pelvis from side to side
    knee: float = 46.0  # flexion of the swinging knee
    uneven: float = 0.0  # the left arm swings (1 + uneven), the right (1 - uneven) times as far
    cadence: float = 0.92  # gait cycles per second

    def columns(self) -> dict[str, object]:
        """The parameters as columns of `crops.csv`: `gait_stride`, `gait_swing`, …"""
        return {f"gait_{name}": round(value, 3) for name, value in asdict(self).items()}


def sample_gait(rng: np.random.Generator, bulk: float) -> Gait:
    """A person's way of walking; `bulk` (0..1, clothes and weight) keeps the arms away from the trunk."""
    return Gait(
        stride=between(rng, (15.0, 24.0)),
        swing=between(rng, (8.0, 30.0)),
        elbow=between(rng, (10.0, 35.0)),
        spread=3.0 + 7.0 * bulk + between(rng, (0.0, 4.0)),
        lean=between(rng, (-1.0, 6.0)),
        toe_out=between(rng, (2.0, 13.0)),
        nod=between(rng, (-2.0, 14.0)),
        twist=between(rng, (2.0, 8.0)),
        sway=between(rng, (0.8, 4.5)),
        knee=between(rng, (38.0, 54.0)),
        uneven=between(rng, (-0.35, 0.35)),
        cadence=between(rng, (0.80, 1.05)),
    )


def stride_length(rest: Rest, gait: Gait) -> float:
    """Metres walked in one gait cycle (two steps), so that the feet do not slide."""
    leg = float(rest.joint("upperleg01.L")[2] - rest.joint("foot.L")[2])
    return 4.0 * leg * float(np.sin(np.radians(gait.stride))) + 0.16


@dataclass(frozen=True)
class Arm:
    """What an arm does: degrees of the upper arm forwards and outwards, of the elbow, and how far the hand goes inwards."""

    forward: float
    elbow: float
    spread: float = 0.0
    inward: float = 0.02
    swing: float = 0.0  # share of the gait's own swing that is left
    relaxed: float = 0.0  # share of the gait's own elbow flexion that is left


ARMS: dict[str, Arm] = {
    "": Arm(3.0, 0.0, swing=1.0, relaxed=1.0),
    "phone": Arm(22.0, 92.0, 4.0, 0.25),  # held in front
    "ear": Arm(50.0, 132.0, 12.0, 0.62),  # a telephone at the ear
    "hold": Arm(0.0, 8.0, 2.0, swing=0.25),  # a bag in the hand
    "strap": Arm(14.0, 105.0, 0.0, 0.45),  # a hand on a shoulder strap
    "pull": Arm(-24.0, 6.0, 4.0),  # a suitcase behind
    "folded": Arm(16.0, 74.0, 2.0, 1.25),
    "pocket": Arm(-16.0, 44.0, 7.0, 0.04, swing=0.1),
    "belly": Arm(6.0, 70.0, 4.0, 0.85),  # hands clasped in front
}
"""What arms do, by the name that `carry` uses."""


@dataclass(frozen=True)
class Pose:
    """What a person does in one picture."""

    walking: bool
    phase: float  # of the gait cycle, [0, 1); standing people vary with it a little
    stance: str  # one of STANCES, for standing
    carry: dict[str, str]  # "L" and "R" to a name of ARMS
    look: float  # degrees, head to the person's left

    def columns(self) -> dict[str, object]:
        """The pose as columns of `crops.csv`."""
        left, right = (self.carry.get(side, "") or "free" for side in "LR")
        return {
            "walking": int(self.walking),
            "phase": round(self.phase, 3),
            "stance": "" if self.walking else self.stance,
            "left_arm": left,
            "right_arm": right,
            "phone": int(bool({"phone", "ear"} & {left, right})),
        }


def sample_pose(rng: np.random.Generator, held: Mapping[str, str], standing: float) -> Pose:
    """A pose of a person who carries `held` ("L"/"R" to a name of `ARMS`); `standing` is the share of standing people."""
    walking = bool(rng.random() >= standing)
    phase, look = float(rng.random()), float(12.0 * rng.standard_normal())
    stance = pick_from(rng, {"even": 1.0, "left": 1.0, "right": 1.0})
    free = [side for side in "LR" if held.get(side, "") in ("", "strap")]
    first = pick_from(rng, {side: 1.0 for side in free} or {"": 1.0})
    busy = {"": 8.0, "phone": 0.7, "ear": 0.35, "pocket": 0.7}
    idle = {"": 3.0, "phone": 1.2, "ear": 0.5, "pocket": 1.2, "folded": 1.1, "belly": 0.8}
    task, both = pick_from(rng, busy if walking else idle), bool(rng.random() < 0.5)
    carry = dict(held)
    if len(free) == 2 and (task in ("folded", "belly") or (task == "pocket" and both)):
        carry |= {"L": task, "R": task}
    elif first and task not in ("", "folded", "belly"):
        carry[first] = task
    return Pose(walking, phase, stance, carry, look)
