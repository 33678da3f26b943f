"""Laws of poses: batches, arms, joints."""

from __future__ import annotations

import numpy as np
import pytest

from reidapt.world.body import BONES
from reidapt.world.gait import ARMS, STANCES, sample_gait, sample_pose, stride_length
from reidapt.world.posing import JOINTS, between_directions, joint_rotations, joints, pose, pose_all, rotation
from reidapt.world.streams import stream

SOLES = np.zeros((1, 2, 3))


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("anny")
    from reidapt.world.body import load_body_model

    return load_body_model()


@pytest.fixture(scope="module")
def rest(model):
    return model.rest(1.75, gender=0.0, age=0.7)


GAIT = sample_gait(stream(3, "gait"), 0.4)


def named(rest, model, carry, walking=False, phase=0.1, stance="even", yaw=0.0):
    turns = joint_rotations(rest, GAIT, phase, walking, carry, 0.0, stance)
    moved = pose(rest, model.parents, turns, SOLES, yaw)
    return dict(zip(JOINTS, joints(rest, moved)))


def test_a_batch_of_poses_equals_the_poses_one_by_one(model, rest):
    rng = stream(4, "poses")
    poses = [sample_pose(rng, {"L": "hold"} if k % 3 == 0 else {}, 0.5) for k in range(20)]
    yaw = np.linspace(0.0, 350.0, len(poses))
    together = pose_all(rest, model.parents, GAIT, poses, SOLES, yaw)
    for k, one in enumerate(poses):
        turns = joint_rotations(rest, GAIT, one.phase, one.walking, one.carry, one.look, one.stance)
        np.testing.assert_allclose(together[k], pose(rest, model.parents, turns, SOLES, yaw[k]), atol=1e-9)


def test_rotations_are_those_of_the_right_hand():
    np.testing.assert_allclose(rotation("z", 90.0) @ [1, 0, 0], [0, 1, 0], atol=1e-12)
    np.testing.assert_allclose(rotation("x", 90.0) @ [0, 1, 0], [0, 0, 1], atol=1e-12)
    np.testing.assert_allclose(rotation("y", 90.0) @ [0, 0, 1], [1, 0, 0], atol=1e-12)
    rng = np.random.default_rng(0)
    start, end = rng.standard_normal((2, 5, 3))
    turned = (between_directions(start, end) @ start[..., None])[..., 0]
    np.testing.assert_allclose(np.cross(turned, end), 0.0, atol=1e-9)
    assert ((turned * end).sum(axis=-1) > 0).all()


def test_arms_do_what_their_names_say(model, rest):
    hanging = named(rest, model, {"L": "hold"})
    assert hanging["left_wrist"][2] < hanging["left_hip"][2] + 0.08
    ear = named(rest, model, {"L": "ear"})
    assert np.linalg.norm(ear["left_wrist"] - ear["left_eye"]) < 0.28
    phone = named(rest, model, {"R": "phone"})
    assert phone["right_wrist"][1] < phone["chest"][1] - 0.2  # in front: towards −y
    assert phone["pelvis"][2] < phone["right_wrist"][2] < phone["right_shoulder"][2]
    folded = named(rest, model, {"L": "folded", "R": "folded"})
    assert abs(folded["left_wrist"][0]) < 0.12
    assert folded["left_wrist"][1] < folded["chest"][1] - 0.1
    pocket = named(rest, model, {"L": "pocket"})
    assert np.linalg.norm(pocket["left_wrist"] - pocket["left_hip"]) < 0.26
    pull = named(rest, model, {"R": "pull"})
    assert pull["right_wrist"][1] > pull["right_shoulder"][1] + 0.1  # behind


def test_the_weight_on_one_leg_lifts_that_hip_and_bends_the_other_knee(model, rest):
    left, right = (named(rest, model, {}, stance=stance) for stance in ("left", "right"))
    assert left["left_hip"][2] > left["right_hip"][2] + 0.01
    assert right["right_hip"][2] > right["left_hip"][2] + 0.01
    assert left["right_knee"][1] < left["left_knee"][1] - 0.02


def test_joints_keep_the_lengths_of_bones_and_stand_on_the_floor(model, rest):
    lengths = []
    for k, task in enumerate(ARMS):
        place = named(rest, model, {"L": task, "R": task}, bool(k % 2), 0.1 * k, STANCES[k % 3], 40.0 * k)
        lengths.append(
            [
                np.linalg.norm(place[f"{side}_{a}"] - place[f"{side}_{b}"])
                for side in ("left", "right")
                for a, b in (("hip", "knee"), ("knee", "ankle"), ("shoulder", "elbow"), ("elbow", "wrist"))
            ]
        )
        assert max(place, key=lambda name: place[name][2]) == "head_top"
        assert all(0.0 <= point[2] < 1.9 for point in place.values())
    np.testing.assert_allclose(lengths, np.tile(lengths[0], (len(lengths), 1)), atol=1e-9)
    lengths = np.array(lengths[0])
    np.testing.assert_allclose(lengths[:4], lengths[4:], rtol=0.02)  # left as right


def test_walking_forwards_by_a_stride_lets_no_foot_slide(model, rest):
    """While a foot is on the ground it moves backwards under the body by as much as the body moves forwards."""
    phases = np.linspace(0.06, 0.34, 8)
    turns = joint_rotations(rest, GAIT, phases, np.ones(8, bool), {}, 0.0 * phases)
    moved = pose(rest, model.parents, turns, SOLES, 0.0 * phases)
    foot = moved[:, BONES.index("foot.L")]
    back = (foot[..., :3] @ rest.joint("foot.L") + foot[..., 3])[:, 1]
    speed = np.polyfit(phases, back, 1)[0]  # metres per cycle
    assert speed == pytest.approx(stride_length(rest, GAIT), rel=0.35)


def test_sampled_poses_respect_what_is_carried():
    rng = stream(9, "poses")
    seen = set()
    for _ in range(300):
        drawn = sample_pose(rng, {"R": "hold"}, 0.4)
        assert drawn.carry["R"] == "hold"
        seen.add(drawn.carry.get("L", ""))
    assert {"", "phone", "ear", "pocket"} <= seen
    assert not seen & {"folded", "belly"}
    both = [sample_pose(rng, {}, 1.0).carry for _ in range(200)]
    assert any(carry == {"L": "folded", "R": "folded"} for carry in both)
