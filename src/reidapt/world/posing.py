"""Poses as one rigid transform per control bone: a parametric gait cycle, standing, arms, and where the joints are.

Every function takes one pose or a batch: a scalar or an array of any leading shape gives transforms of that shape.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

import numpy as np

from reidapt.world.body import BONES, Rest
from reidapt.world.gait import ARMS, Gait, Pose

Angles = float | np.ndarray
"""Degrees (or phases), one or a batch."""


def rotation(axis: str, degrees: Angles) -> np.ndarray:
    """Rotations (…, 3, 3) about the x, y or z axis."""
    angle = np.radians(degrees)
    c, s = np.cos(angle), np.sin(angle)
    i, j, k = {"x": (0, 1, 2), "y": (1, 2, 0), "z": (2, 0, 1)}[axis]
    matrix = np.zeros((*np.shape(angle), 3, 3))
    matrix[..., i, i] = 1.0
    matrix[..., j, j] = matrix[..., k, k] = c
    matrix[..., j, k], matrix[..., k, j] = -s, s
    return matrix


def between_directions(start: np.ndarray, end: np.ndarray) -> np.ndarray:
    """The shortest rotations (…, 3, 3) that turn directions `start` into `end`, each (…, 3)."""
    a = start / np.linalg.norm(start, axis=-1, keepdims=True)
    b = end / np.linalg.norm(end, axis=-1, keepdims=True)
    v, c = np.cross(a, b), (a * b).sum(axis=-1)
    k = np.zeros((*v.shape[:-1], 3, 3))
    k[..., 0, 1], k[..., 0, 2], k[..., 1, 2] = -v[..., 2], v[..., 1], -v[..., 0]
    k[..., 1, 0], k[..., 2, 0], k[..., 2, 1] = v[..., 2], -v[..., 1], v[..., 0]
    return np.eye(3) + k + k @ k / (1.0 + c)[..., None, None]


def knee_flexion(phase: Angles, swing: float = 46.0) -> np.ndarray:
    """Knee flexion of one leg (degrees) at `phase` of its cycle; 0 = heel strike in front, `swing` = largest."""
    wave = lambda centre, width: np.exp(-0.5 * ((((phase - centre + 0.5) % 1.0) - 0.5) / width) ** 2)  # noqa: E731
    return 4.0 + 14.0 * wave(0.14, 0.07) + swing * wave(0.72, 0.10)


def arm_numbers(carry: Mapping[str, str | Sequence[str]], side: str) -> np.ndarray:
    """(6, …) fields of the `Arm` of one side, for one pose or a batch."""
    task = carry.get(side, "")
    if isinstance(task, str):
        return np.array(list(asdict(ARMS[task]).values()))
    table = {name: list(asdict(ARMS[name]).values()) for name in set(task)}
    return np.array([table[name] for name in task]).T


def joint_rotations(
    rest: Rest,
    gait: Gait,
    phase: Angles,
    walking: bool | np.ndarray,
    carry: Mapping[str, str | Sequence[str]],
    look: Angles,
    stance: str | Sequence[str] = "even",
) -> dict[str, np.ndarray]:
    """Rotations (…, 3, 3) of every control bone relative to its parent, in rest-pose axes (the person faces −y).

    `phase` in [0, 1) is the gait cycle (left heel strikes at 0). `carry` maps "L"/"R" to what that arm does, a name of
    `ARMS` (a batch: a sequence of names). `look` turns the head (degrees, + to the person's left). `stance`, one of
    `STANCES` (a batch: a sequence), is where the weight of a standing person is.
    """
    turns: dict[str, np.ndarray] = {}
    phase = np.asarray(phase, float)
    amount = np.asarray(walking, float)
    still = 1.0 - amount
    on = {name: np.asarray(np.asarray(stance) == name, float) * still for name in ("left", "right")}
    lift = on["left"] - on["right"]  # + : the left hip is pushed out and up
    beat, quarter = np.cos(2 * np.pi * phase), np.sin(2 * np.pi * phase)
    tilt = -gait.sway * amount * quarter - 5.0 * lift
    turns["root"] = rotation("z", -0.6 * gait.twist * beat * amount) @ rotation("y", tilt)
    turns["spine05"] = rotation("x", 0.5 * gait.lean) @ rotation("y", -0.8 * tilt)
    turns["spine03"] = rotation("x", 0.5 * gait.lean) @ rotation("z", 0.8 * gait.twist * beat * amount)
    turns["spine01"] = rotation("z", 0.6 * gait.twist * beat * amount) @ rotation("y", 3.0 * lift)
    turns["neck01"] = rotation("x", 0.4 * gait.nod) @ rotation("z", 0.4 * np.asarray(look, float))
    turns["head"] = rotation("x", 0.6 * gait.nod - 0.7 * gait.lean) @ rotation("z", 0.6 * np.asarray(look, float))
    for side, sign, shift in (("L", 1.0, 0.0), ("R", -1.0, 0.5)):
        p = (phase + shift) % 1.0
        swing = np.cos(2 * np.pi * p)
        free = on["right" if side == "L" else "left"]  # the leg without weight bends
        hip = amount * (gait.stride * swing + 4.0) + still * (2.0 * sign * beat + 11.0 * free)
        knee = amount * knee_flexion(p, gait.knee)
        knee = knee + still * (4.0 + 5.0 * np.maximum(0.0, sign * quarter) + 18.0 * free)
        # the rest pose straddles: legs are brought under the hips
        thigh = rest.joint(f"lowerleg01.{side}") - rest.joint(f"upperleg01.{side}")
        upright = between_directions(thigh, np.array([0.25 * thigh[0], thigh[1], thigh[2]]))
        outward = rotation("y", -sign * 5.0 * free + 5.0 * lift)
        turns[f"upperleg01.{side}"] = outward @ rotation("z", sign * gait.toe_out * 0.6) @ rotation("x", -hip) @ upright
        turns[f"lowerleg01.{side}"] = rotation("x", knee)
        ankle = (12.0 * np.sin(2 * np.pi * p) - 8.0 * swing) * amount
        level = -(knee - hip) * (0.35 * amount + still)
        turns[f"foot.{side}"] = rotation("x", level + ankle) @ rotation("z", sign * gait.toe_out * 0.4)
        turns |= arm_rotations(rest, gait, side, sign, swing * amount, arm_numbers(carry, side))
    return turns


def arm_rotations(
    rest: Rest, gait: Gait, side: str, sign: float, swing: np.ndarray, numbers: np.ndarray
) -> dict[str, np.ndarray]:
    """Rotations of an upper arm and a forearm; `swing` in [−1, 1] is the leg of the same side, forwards positive."""
    base, bend, apart, inward, freedom, relaxed = numbers
    forward = base - gait.swing * (1.0 + sign * gait.uneven) * swing * freedom
    elbow = bend + relaxed * (gait.elbow + 0.5 * np.maximum(0.0, forward))
    f, o = np.radians(forward), np.radians(gait.spread + apart)
    target = np.stack([sign * np.sin(o) + 0.0 * f, -np.sin(f) * np.cos(o), -np.cos(f) * np.cos(o)], axis=-1)
    shoulder, joint, wrist = (rest.joint(f"{bone}.{side}") for bone in ("upperarm01", "lowerarm01", "wrist"))
    up = between_directions(joint - shoulder, target)
    b = np.radians(forward + elbow)
    aim = np.stack([sign * (np.sin(o) * 0.4 - inward) + 0.0 * b, -np.sin(b), -np.cos(b)], axis=-1)
    # in the upper arm's axes: R_world = up @ local, so local turns the forearm to up^T aim
    local = (np.swapaxes(up, -1, -2) @ aim[..., None])[..., 0]
    return {f"upperarm01.{side}": up, f"lowerarm01.{side}": between_directions(wrist - joint, local)}


def pose(
    rest: Rest, parents: np.ndarray, turns: Mapping[str, np.ndarray], soles: np.ndarray, yaw: Angles
) -> np.ndarray:
    """Transforms (…, J, 3, 4) from the rest pose to the posed person that stands on z = 0 at the origin, float64.

    `turns` is what `joint_rotations` gives, for one pose or a batch. `soles` (S, 2, 3) are points under the left and the
    right foot; the lowest touches the floor. `yaw` in degrees turns the person about the vertical: 0 walks towards −y,
    90 towards +x.
    """
    root = rotation("z", yaw) @ turns["root"]
    batch = root.shape[:-2]
    linear = np.zeros((*batch, len(BONES), 3, 3))
    place = np.zeros((*batch, len(BONES), 3))
    linear[..., 0, :, :] = root
    for j, name in enumerate(BONES):
        parent = int(parents[j])
        if parent < 0:
            continue
        above = linear[..., parent, :, :]
        linear[..., j, :, :] = above @ turns[name] if name in turns else above
        place[..., j, :] = place[..., parent, :] + above @ (rest.heads[j] - rest.heads[parent])
    offset = place - np.einsum("...jab,jb->...ja", linear, rest.heads)
    feet = [BONES.index(f"foot.{side}") for side in "LR"]
    heights = [linear[..., j, 2, :] @ soles[:, k].T + offset[..., j, 2, None] for k, j in enumerate(feet)]
    offset[..., 2] -= np.minimum(heights[0].min(axis=-1), heights[1].min(axis=-1))[..., None]
    return np.concatenate([linear, offset[..., None]], axis=-1)


def pose_all(
    rest: Rest, parents: np.ndarray, gait: Gait, poses: Sequence[Pose], soles: np.ndarray, yaw: np.ndarray
) -> np.ndarray:
    """Transforms (P, J, 3, 4) of many poses of one person at once; `yaw` (P,) in degrees. See `pose`."""
    turns = joint_rotations(
        rest,
        gait,
        np.array([p.phase for p in poses]),
        np.array([p.walking for p in poses]),
        {side: [p.carry.get(side, "") for p in poses] for side in "LR"},
        np.array([p.look for p in poses]),
        [p.stance for p in poses],
    )
    return pose(rest, parents, turns, soles, np.asarray(yaw, float))


JOINTS: dict[str, str] = {
    "head_top": "head",
    "left_eye": "head",
    "right_eye": "head",
    "neck": "neck01",
    "chest": "spine01",
    "pelvis": "root",
    **{
        f"{word}_{name}": f"{bone}.{side}"
        for word, side in (("left", "L"), ("right", "R"))
        for name, bone in (
            ("shoulder", "upperarm01"),
            ("elbow", "lowerarm01"),
            ("wrist", "wrist"),
            ("hip", "upperleg01"),
            ("knee", "lowerleg01"),
            ("ankle", "foot"),
        )
    },
}
"""Joints of the labels, in their order: the person's own left and right, and the bone that each moves with."""


def joints(rest: Rest, transforms: np.ndarray) -> np.ndarray:
    """World positions (…, len(JOINTS), 3) in metres of the joints of a posed person; `transforms` (…, J, 3, 4)."""
    crown = np.array([0.0, rest.eyes[:, 1].mean() + 0.075, rest.height])
    own = {"head_top": crown, "left_eye": rest.eyes[0], "right_eye": rest.eyes[1]}
    points = np.stack([own.get(name, rest.joint(bone)) for name, bone in JOINTS.items()])
    chosen = transforms[..., [BONES.index(bone) for bone in JOINTS.values()], :, :]
    return np.einsum("...jab,jb->...ja", chosen[..., :3], points) + chosen[..., 3]
