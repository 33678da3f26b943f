"""Poses: a parametric gait cycle and standing, as one rigid transform per control bone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from reidapt.world.body import BONES, Rest
from reidapt.world.streams import between


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
    )


def rotation(axis: str, degrees: float) -> np.ndarray:
    """3×3 rotation about the x, y or z axis."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return {
        "x": np.array([[1, 0, 0], [0, c, -s], [0, s, c]]),
        "y": np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]]),
        "z": np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]]),
    }[axis]


def between_directions(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The shortest rotation (3×3) that turns direction `start` into `end`."""
    a, b = start / np.linalg.norm(start), end / np.linalg.norm(end)
    v, c = np.cross(a, b), float(a @ b)
    k = np.array([[0, -v[2], v[1]], [v[2], 0, -v[0]], [-v[1], v[0], 0]])
    return np.eye(3) + k + k @ k / (1.0 + c)


def knee_flexion(phase: float) -> float:
    """Knee flexion of one leg (degrees) at `phase` of its cycle; 0 = heel strike in front."""
    wave = lambda centre, width: np.exp(-0.5 * ((((phase - centre + 0.5) % 1.0) - 0.5) / width) ** 2)  # noqa: E731
    return float(4.0 + 14.0 * wave(0.14, 0.07) + 46.0 * wave(0.72, 0.10))


def joint_rotations(
    rest: Rest, gait: Gait, phase: float, walking: bool, carry: dict[str, str], look: float
) -> dict[str, np.ndarray]:
    """Rotation of every control bone relative to its parent, in rest-pose axes (the person faces −y).

    `phase` in [0, 1) is the gait cycle (left heel strikes at 0). `carry` maps "L"/"R" to what that arm does: "phone",
    "hold" (a bag in the hand) or "strap". `look` turns the head (degrees, + to the person's left).
    """
    turns: dict[str, np.ndarray] = {}
    amount = 1.0 if walking else 0.0
    beat = np.cos(2 * np.pi * phase)
    turns["root"] = rotation("z", -0.6 * gait.twist * beat * amount) @ rotation(
        "y", 2.0 * amount * np.sin(2 * np.pi * phase)
    )
    turns["spine05"] = rotation("x", 0.5 * gait.lean)
    turns["spine03"] = rotation("x", 0.5 * gait.lean) @ rotation("z", 0.8 * gait.twist * beat * amount)
    turns["spine01"] = rotation("z", 0.6 * gait.twist * beat * amount)
    turns["neck01"] = rotation("x", 0.4 * gait.nod) @ rotation("z", 0.4 * look)
    turns["head"] = rotation("x", 0.6 * gait.nod - 0.7 * gait.lean) @ rotation("z", 0.6 * look)
    for side, sign, shift in (("L", 1.0, 0.0), ("R", -1.0, 0.5)):
        p = (phase + shift) % 1.0
        swing = np.cos(2 * np.pi * p)
        hip = gait.stride * swing * amount + (4.0 if walking else 2.0 * sign * np.cos(2 * np.pi * phase))
        knee = knee_flexion(p) if walking else 4.0 + 5.0 * max(0.0, sign * np.sin(2 * np.pi * phase))
        # the rest pose straddles: legs are brought under the hips
        thigh = rest.joint(f"lowerleg01.{side}") - rest.joint(f"upperleg01.{side}")
        upright = between_directions(thigh, np.array([0.25 * thigh[0], thigh[1], thigh[2]]))
        turns[f"upperleg01.{side}"] = rotation("z", sign * gait.toe_out * 0.6) @ rotation("x", -hip) @ upright
        turns[f"lowerleg01.{side}"] = rotation("x", knee)
        ankle = (12.0 * np.sin(2 * np.pi * p) - 8.0 * swing) * amount
        level = -(knee - hip) * (0.35 if walking else 1.0)
        turns[f"foot.{side}"] = rotation("x", level + ankle) @ rotation("z", sign * gait.toe_out * 0.4)
        arm = rest.joint(f"lowerarm01.{side}") - rest.joint(f"upperarm01.{side}")
        forward = -gait.swing * swing * amount + 3.0  # against the leg of the same side
        elbow = gait.elbow + 0.5 * max(0.0, forward)
        spread = gait.spread
        task = carry.get(side, "")
        if task == "phone":
            forward, elbow, spread = 22.0, 92.0, gait.spread + 4.0
        elif task == "hold":
            forward, elbow = 0.25 * forward, 8.0
        elif task == "strap":
            forward, elbow = 14.0, 105.0
        f, o = np.radians(forward), np.radians(spread)
        target = np.array([sign * np.sin(o), -np.sin(f) * np.cos(o), -np.cos(f) * np.cos(o)])
        lower = rest.joint(f"wrist.{side}") - rest.joint(f"lowerarm01.{side}")
        up = between_directions(arm, target)
        turns[f"upperarm01.{side}"] = up
        turned = up @ lower
        b = np.radians(forward + elbow)
        inward = 0.25 if task == "phone" else 0.45 if task == "strap" else 0.02
        aim = np.array([sign * (np.sin(o) * 0.4 - inward), -np.sin(b), -np.cos(b)])
        # expressed in the upper arm's axes: R_world = up @ local, so local turns `lower` to up^T aim
        turns[f"lowerarm01.{side}"] = between_directions(lower, up.T @ (aim * np.linalg.norm(turned)))
    return turns


def pose(rest: Rest, parents: np.ndarray, turns: dict[str, np.ndarray], soles: np.ndarray, yaw: float) -> np.ndarray:
    """Transforms (J, 3, 4) from the rest pose to the posed person that stands on z = 0 at the origin, float64.

    `soles` (S, 2, 3) are points under the left and the right foot; the lowest touches the floor. `yaw` in degrees turns
    the person about the vertical: 0 walks towards −y, 90 towards +x.
    """
    linear = np.zeros((len(BONES), 3, 3))
    place = np.zeros((len(BONES), 3))
    for j, name in enumerate(BONES):
        turn = turns.get(name, np.eye(3))
        parent = int(parents[j])
        if parent < 0:
            linear[j] = rotation("z", yaw) @ turn
            place[j] = 0.0
            continue
        linear[j] = linear[parent] @ turn
        place[j] = place[parent] + linear[parent] @ (rest.heads[j] - rest.heads[parent])
    offset = place - np.einsum("jab,jb->ja", linear, rest.heads)
    lowest = min(
        float((soles[:, k] @ linear[BONES.index(f"foot.{side}")].T + offset[BONES.index(f"foot.{side}")])[:, 2].min())
        for k, side in enumerate("LR")
    )
    offset[:, 2] -= lowest
    return np.concatenate([linear, offset[:, :, None]], axis=2)
