"""Laws of bodies, poses, clothes and cameras."""

from __future__ import annotations

import numpy as np
import pytest

from reidapt.errors import WorldError
from reidapt.world.cameras import sample_camera
from reidapt.world.people import sample_person
from reidapt.world.streams import stream
from reidapt.world.styles import STYLES


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("anny")
    from reidapt.world.body import load_body_model

    return load_body_model()


def test_coefficients_equal_those_of_anny(model):
    import anny

    theirs = anny.Anny(phenotype_blendshapes="original")
    for phenotype in (
        {"gender": 0.3, "age": 0.8, "muscle": 0.2, "weight": 0.9, "height": 0.4, "proportions": 0.1},
        {"gender": 1.0, "age": 0.7, "muscle": 0.7, "weight": 0.3, "height": 1.0, "proportions": 0.9},
    ):
        full = theirs.get_phenotype_blendshape_coefficients(**phenotype)[0].numpy()
        expected = full[full > 0]
        mine = model.coefficients(phenotype)
        np.testing.assert_allclose(mine[mine > 0], expected, atol=1e-12)


def test_bodies_have_the_height_asked_for_and_are_adults(model):
    for height in (1.52, 1.7, 1.95):
        rest = model.rest(height, gender=0.1, age=0.7)
        assert np.ptp(rest.vertices[:, 2]) == pytest.approx(height, abs=1e-6)
    with pytest.raises(WorldError, match="adults only"):
        model.rest(1.2, gender=0.5, age=0.3)


def test_every_sampled_person_is_an_adult_and_clothed():
    for style in STYLES.values():
        for index in range(60):
            person = sample_person(3, style.name, index, style.wardrobe)
            assert person.phenotype["age"] >= 0.667
            assert person.height >= 1.48
            assert person.top.loose > 0.0
            assert person.bottom.kind != "bare" or person.top.kind == "dress"


def test_garments_lie_outside_the_body_they_cover(model):
    """Brute force: no vertex of the trunk is outside the upper garment's ring at its height."""
    from reidapt.world.dressing import Figure, top_pieces

    person = sample_person(0, "street", 0, STYLES["street"].wardrobe)
    figure = Figure(model, model.rest(person.height, **person.phenotype))
    cloth = top_pieces(figure, person.top, person.fold_phase)[0].vertices
    low, high = figure.hip + 0.05, figure.shoulder - 0.12
    body = figure.trunk[(figure.trunk[:, 2] > low) & (figure.trunk[:, 2] < high)]
    for side in (-1.0, 1.0):
        assert side * cloth[:, 1].max() * side >= body[:, 1].max()
    outside = 0
    for vertex in body[::5]:
        ring = cloth[np.abs(cloth[:, 2] - vertex[2]) < 0.03]
        bearing = np.arctan2(ring[:, 0], -(ring[:, 1] - figure.middle))
        own = np.arctan2(vertex[0], -(vertex[1] - figure.middle))
        near = ring[np.abs(np.angle(np.exp(1j * (bearing - own)))).argmin()]
        outside += np.hypot(vertex[0], vertex[1] - figure.middle) > np.hypot(near[0], near[1] - figure.middle) + 0.004
    assert outside <= 0.02 * len(body[::5])


def test_a_walking_person_stands_on_the_floor_and_keeps_bone_lengths(model):
    from reidapt.world.body import BONES
    from reidapt.world.dressing import dress
    from reidapt.world.gait import sample_gait
    from reidapt.world.posing import joint_rotations, pose

    person = sample_person(1, "plaza", 4, STYLES["plaza"].wardrobe)
    rest, mesh, soles = dress(model, person)
    gait = sample_gait(stream(1, "gait"), 0.5)
    for phase in np.linspace(0.0, 1.0, 9):
        turns = joint_rotations(rest, gait, float(phase), True, {"L": "phone"}, 10.0)
        moved = pose(rest, model.parents, turns, soles, 130.0)
        lowest = min(
            (soles[:, k] @ moved[j, :, :3].T + moved[j, :, 3])[:, 2].min()
            for k, j in enumerate(BONES.index(f"foot.{side}") for side in "LR")
        )
        assert lowest == pytest.approx(0.0, abs=1e-9)
        for matrix in moved[:, :, :3]:
            np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-9)
    assert np.isfinite(mesh.vertices).all()
    np.testing.assert_allclose(mesh.weights.sum(axis=1), 1.0, atol=1e-5)
    assert mesh.triangles.max() < len(mesh.vertices)


def test_the_left_heel_strikes_in_front_at_the_start_of_the_cycle(model):
    from reidapt.world.body import BONES
    from reidapt.world.gait import sample_gait
    from reidapt.world.posing import joint_rotations, pose

    rest = model.rest(1.75, gender=0.0, age=0.7)
    gait = sample_gait(stream(2, "gait"), 0.5)
    soles = np.zeros((1, 2, 3))
    for phase, front, rear in ((0.0, "L", "R"), (0.5, "R", "L")):
        moved = pose(rest, model.parents, joint_rotations(rest, gait, phase, True, {}, 0.0), soles, 0.0)
        ahead = {
            side: (moved[BONES.index(f"foot.{side}")] @ np.append(rest.joint(f"foot.{side}"), 1.0))[1] for side in "LR"
        }
        hand = {
            side: (moved[BONES.index(f"wrist.{side}")] @ np.append(rest.joint(f"wrist.{side}"), 1.0))[1]
            for side in "LR"
        }
        assert ahead[front] < ahead[rear] - 0.2  # walks towards −y
        assert hand[front] > hand[rear]  # arms swing against the legs


def test_streams_belong_to_their_names():
    first, again, other = (stream(5, *names).random(4) for names in (("a", 1), ("a", 1), ("a", 2)))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


def test_a_camera_projects_as_a_pinhole():
    camera = sample_camera(STYLES["plaza"], 1)
    np.testing.assert_allclose(camera.rotation @ camera.rotation.T, np.eye(3), atol=1e-12)
    point = camera.position + 4.0 * camera.rotation[2] + 1.0 * camera.rotation[0] - 0.5 * camera.rotation[1]
    column, row, depth = camera.project(point)[0]
    assert depth == pytest.approx(4.0)
    assert column == pytest.approx(480 + camera.focal / 4.0)
    assert row == pytest.approx(270 - camera.focal / 8.0)


def test_severity_zero_makes_every_camera_neutral():
    style = STYLES["mall"].with_severity(0.0)
    cameras = [sample_camera(style, number) for number in range(1, 5)]
    for camera in cameras:
        np.testing.assert_allclose(camera.gain, 1.0)
        assert camera.gamma == camera.contrast == camera.exposure == 1.0
        assert camera.noise == camera.black == 0.0
