"""Laws of dressed people: hulls, weights, parts, hems."""

from __future__ import annotations

import numpy as np
import pytest

from reidapt.world import materials as m
from reidapt.world.factors import Choice
from reidapt.world.loft import angles, coarse, slices, tube_normals
from reidapt.world.mesh import PARTS, grid_triangles, strongest, vertex_normals
from reidapt.world.outfits import BAGS, HATS, SHOE_MATERIALS
from reidapt.world.people import GLASSES, HAIR, sample_person
from reidapt.world.styles import STYLES


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("anny")
    from reidapt.world.body import load_body_model

    return load_body_model()


def person(index=0, style="street", **values):
    return sample_person(2, style, index, STYLES[style].wardrobe, Choice(values=values))


def test_slices_are_convex_hulls():
    """Against the polygon of scipy's convex hull, cut by a ray from the centre."""
    from scipy.spatial import ConvexHull

    rng = np.random.default_rng(1)
    points = rng.standard_normal((400, 3)) * [0.2, 0.12, 0.3]
    heights, centres = np.array([0.2, 0.0]), np.array([[0.01, 0.0], [0.0, 0.02]])
    radius = slices(points, heights, centres, 360, 0.1)
    for row in range(2):
        flat = points[np.abs(points[:, 2] - heights[row]) < 0.1][:, :2] - centres[row]
        hull = ConvexHull(flat)
        rays = np.stack([np.sin(angles(360)), -np.cos(angles(360))], axis=1)
        reach = rays @ hull.equations[:, :2].T
        exact = np.where(reach > 1e-9, -hull.equations[:, 2] / np.maximum(reach, 1e-9), np.inf).min(axis=1)
        assert (radius[row] > exact - 1e-9).all()  # never cuts into the points
        assert np.median(radius[row] / exact) == pytest.approx(1.0, abs=0.01)


def test_values_spread_from_every_second_row_and_column_are_linear_between():
    rows, columns = np.meshgrid(np.arange(7), np.arange(10), indexing="ij")
    plane = 2.0 * rows - 3.0 * columns + 1.0
    chosen, spread = coarse((7, 10))
    np.testing.assert_allclose(spread(plane[chosen].reshape(-1, 1))[..., 0], plane)


def test_normals_of_a_tube_point_outwards_and_agree_with_its_triangles():
    a = angles(24)
    rows = np.linspace(1.0, 0.0, 9)
    points = np.stack(np.broadcast_arrays(np.sin(a)[None], -np.cos(a)[None], rows[:, None]), -1)
    points = np.concatenate([points, points[:, :1]], axis=1)
    normals = tube_normals(points)
    np.testing.assert_allclose(normals[..., :2], points[..., :2], atol=0.01)
    faces = vertex_normals(points.reshape(-1, 3), grid_triangles(9, 25, closed=False)).reshape(9, 25, 3)
    assert ((faces * normals).sum(axis=-1) > 0.9).all()


def test_the_strongest_weights_are_kept():
    rng = np.random.default_rng(3)
    weights = rng.random((50, 20)) ** 4
    bones, kept = strongest(weights)
    for row in range(50):
        order = np.argsort(-weights[row])[:4]
        np.testing.assert_array_equal(bones[row], order)
        np.testing.assert_allclose(kept[row], weights[row, order] / weights[row, order].sum())


WARDROBE = (
    *({"upper": kind} for kind in ("tshirt", "polo", "tank", "blouse", "shirt", "sweater", "hoodie", "jacket")),
    *({"upper": kind} for kind in ("blazer", "puffer", "vest", "coat", "dress")),
    *({"lower": kind, "upper": "shirt"} for kind in ("jeans", "trousers", "joggers", "leggings", "shorts", "skirt")),
    *({"shoes": kind} for kind in SHOE_MATERIALS),
    *({"hat": kind} for kind in HATS),
    *({"hair": kind} for kind in HAIR),
    *({"bag": kind} for kind in BAGS),
    *({"glasses": kind} for kind in GLASSES),
    {"upper": "hoodie", "hood_up": 1},
)


@pytest.mark.parametrize("values", WARDROBE, ids=lambda values: "-".join(map(str, values.values())))
def test_everything_that_can_be_worn_makes_a_sound_mesh(model, values):
    from reidapt.world.dressing import dress

    who = person(3, **values)
    rest, mesh, soles = dress(model, who)
    assert np.isfinite(mesh.vertices).all()
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-3)
    np.testing.assert_allclose(mesh.weights.sum(axis=1), 1.0, atol=1e-5)
    assert mesh.triangles.max() < len(mesh.vertices)
    assert len(mesh.parts) == len(mesh.materials) == len(mesh.triangles) < 14_000
    assert np.abs(mesh.vertices[:, 0]).max() < 1.2
    assert mesh.vertices[:, 2].max() < rest.height + 0.13
    assert mesh.vertices[:, 2].min() == pytest.approx(-0.012, abs=0.01)
    assert soles[..., 2].min() == pytest.approx(-0.012, abs=1e-6)
    assert (PARTS.index("bag") in mesh.parts) == (who.bag != "none")
    shown = {m.TOP, m.SHOE} | ({m.BOTTOM} if who.bottom.kind != "bare" else set())
    assert shown <= set(mesh.materials.tolist())


def test_parts_lie_where_their_names_say(model):
    from reidapt.world.dressing import dress

    for index in range(6):
        who = person(index, bag="none", hair="short")
        mesh = dress(model, who)[1]
        centre = mesh.vertices[mesh.triangles].mean(axis=1)
        for number, name in enumerate(PARTS):
            own = centre[mesh.parts == number]
            if name in ("background", "bag"):
                assert len(own) == 0
                continue
            assert len(own) > 0, name
            if name.endswith("left"):
                assert np.mean(own[:, 0] > 0) > 0.95
            if name.endswith("right"):
                assert np.mean(own[:, 0] < 0) > 0.95
        level = {
            name: np.median(centre[mesh.parts == k, 2])
            for k, name in enumerate(PARTS)
            if name not in ("background", "bag")
        }
        assert level["head"] > level["neck"] > level["torso"] > level["upper_leg_left"]
        assert level["upper_leg_left"] > level["lower_leg_left"] > level["foot_left"]


@pytest.mark.parametrize("upper", ["coat", "dress", "puffer", "sweater", "tshirt"])
def test_legs_do_not_come_through_a_hem(model, upper):
    """Brute force: above the hem every point of the trousers is between the front and the back of the garment."""
    from reidapt.world.body import BONES
    from reidapt.world.dressing import dress
    from reidapt.world.posing import joint_rotations, pose

    through = total = 0
    for index in range(4):
        who = person(index, upper=upper, bag="none", **({} if upper == "dress" else {"lower": "trousers"}))
        rest, mesh, soles = dress(model, who)
        hem = float(rest.joint("upperleg01.L")[2]) * who.top.hem
        of = {row: np.unique(mesh.triangles[np.isin(mesh.materials, row)]) for row in (m.TOP, m.BOTTOM)}
        legs = of[m.BOTTOM][mesh.vertices[of[m.BOTTOM], 2] > hem + 0.02]
        assert len(legs) or upper == "dress"
        phases = np.array([0.0, 0.2, 0.5, 0.75])
        turns = joint_rotations(rest, who.gait, phases, np.ones(4, bool), {}, 0.0 * phases)
        for moved in pose(rest, model.parents, turns, soles, 0.0 * phases):
            assert moved.shape == (len(BONES), 3, 4)
            place = np.einsum(
                "nk,nkab,nb->na",
                mesh.weights,
                moved[mesh.bones],
                np.column_stack([mesh.vertices, np.ones(len(mesh.vertices))]),
            )
            cloth = place[of[m.TOP]]
            for x, y, z in place[legs[::3]]:
                near = cloth[(np.abs(cloth[:, 0] - x) < 0.035) & (np.abs(cloth[:, 2] - z) < 0.035)]
                if len(near):
                    total += 1
                    through += not near[:, 1].min() - 0.008 <= y <= near[:, 1].max() + 0.008
    assert through <= 0.02 * max(total, 1)
