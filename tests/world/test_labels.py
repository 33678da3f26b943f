"""Laws of the labels: visible share, mask and depth, joints inside the mask."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("anny")
pytest.importorskip("warp")

SIZE = (128, 64)
COUNT = 12


@pytest.fixture(scope="module")
def scene():
    """A renderer, a person with crops that somebody, something or the frame's border hides in part, and one without."""
    from reidapt.world import find_style
    from reidapt.world.layout import Arguments, Item
    from reidapt.world.studio import Studio

    studio = Studio(find_style("plaza"), Arguments(2, 2, COUNT, 3, SIZE, "table", occlusion=1.0))
    for camera in studio.cameras:
        studio.renderer.draw_backdrop(camera)
    items = [Item("", "", 1, k, 1 + k % 2, 1, k, "person", "train") for k in range(COUNT)]
    who = studio.dressed(0)
    return studio.renderer, who.mesh, studio.crops(who, items)


def test_the_visible_share_is_what_a_separate_unoccluded_render_says(scene):
    from reidapt.world.render import Renderer

    renderer, mesh, crops = scene
    drawn = renderer.draw(crops, [mesh] * COUNT)
    assert {"person", "frame"} <= set(drawn.occluder)
    far = 0
    for crop, visible, box, bounds in zip(
        crops, drawn.visible, drawn.boxes, renderer.project(crops, [mesh] * COUNT).bounds
    ):
        # alone, before an empty frame at infinity, in a crop three times as large on the same pixel grid
        alone = Renderer([crop.camera], (3 * SIZE[0], 3 * SIZE[1]), 0.0)
        alone.frames.fill_(1.0e6)
        around = np.array([box[0] - box[2], box[1] - box[3], 3 * box[2], 3 * box[3]])
        whole = covered(alone, replace(crop, others=()), mesh, around)
        here = Renderer([crop.camera], SIZE, 0.0)
        here.draw_backdrop(crop.camera)
        share = covered(here, crop, mesh, box) / whole
        if crop.others and share < crop.least_visible:  # bystanders who hide too much are sent away
            share = covered(here, replace(crop, others=()), mesh, box) / whole
        far += max(box[1] - bounds[1], bounds[3] - box[1] - box[3]) > 0.5 * box[3]
        assert visible == pytest.approx(share, abs=1e-6)
    assert far  # somebody reaches further below the crop than half its height
    assert (drawn.visible[[crop.others != () for crop in crops]] < 1.0).any()


def covered(renderer, crop, mesh, box):
    """Supersampled pixels at which the person of `crop` is what the camera sees within `box`."""
    import reidapt.world.render as render

    given = render.cut_boxes
    render.cut_boxes = lambda *_: box[None]
    try:
        geometry = renderer.project([crop], [mesh])
    finally:
        render.cut_boxes = given
    mine, hidden = renderer._count(geometry)[0]
    return int(mine - hidden)


def test_hiding_more_makes_less_visible_and_alone_is_one(scene):
    renderer, mesh, crops = scene
    drawn = renderer.draw(crops, [mesh] * COUNT)
    alone = renderer.draw([replace(crop, others=()) for crop in crops], [mesh] * COUNT)
    assert (alone.visible >= drawn.visible - 1e-9).all()
    assert (drawn.visible >= 0.3).all()
    assert (alone.visible <= 1.0).all()
    assert "person" not in alone.occluder


def test_the_mask_agrees_with_the_depth(scene):
    """Inside the mask the depth is the person's, outside it that of the empty frame."""
    renderer, mesh, crops = scene
    alone = [replace(crop, others=(), motion=(0.0, 0.0)) for crop in crops]
    drawn = renderer.draw(alone, [mesh] * COUNT, ("depth",))
    empty = renderer.draw([replace(crop, box_kind="empty") for crop in alone], [mesh] * COUNT, ("depth",))
    assert empty.mask.max() == 0
    for crop, mask, depth, behind in zip(alone, drawn.mask, drawn.labels.depth / 1000.0, empty.labels.depth / 1000.0):
        away = crop.camera.project(np.append(crop.feet.mean(axis=0), 1.0))[0, 2]
        assert np.abs(depth[mask > 250] - away).max() < 1.1
        assert (depth[mask > 250] < behind[mask > 250] + 0.06).all()
        np.testing.assert_array_equal(depth[mask == 0], behind[mask == 0])


def test_joints_project_inside_the_mask(scene):
    renderer, mesh, crops = scene
    alone = [replace(crop, others=()) for crop in crops]
    drawn = renderer.draw(alone, [mesh] * COUNT, ("joints",))
    inside = total = 0
    for mask, joints, seen, visible in zip(drawn.mask, drawn.labels.joints, drawn.labels.seen, drawn.visible):
        if visible < 0.99:
            continue
        padded = np.pad(mask > 60, 2)
        dilated = np.any([np.roll(padded, (a, b), (0, 1)) for a in range(-2, 3) for b in range(-2, 3)], axis=0)
        for (x, y), state in zip(joints, seen):
            if state:
                total += 1
                inside += bool(dilated[int(y) + 2, int(x) + 2])
    assert total > 50
    assert inside == total


def test_metres_and_pixels_of_joints_are_the_same_points(scene):
    from reidapt.world.posing import JOINTS

    renderer, mesh, crops = scene
    drawn = renderer.draw(crops, [mesh] * COUNT, ("joints",))
    for crop, box, pixels, metres in zip(crops, drawn.boxes, drawn.labels.joints, drawn.labels.places):
        column = (480.0 + crop.camera.focal * metres[:, 0] / metres[:, 2] - box[0]) / box[2] * SIZE[1]
        row = (270.0 + crop.camera.focal * metres[:, 1] / metres[:, 2] - box[1]) / box[3] * SIZE[0]
        np.testing.assert_allclose(pixels, np.stack([column, row], axis=1), atol=0.02)
        down = dict(zip(JOINTS, metres[:, 1]))
        assert 1.2 < max(down["left_ankle"], down["right_ankle"]) - down["head_top"] < 2.0


def test_what_is_drawn_does_not_depend_on_the_batch(scene):
    renderer, mesh, crops = scene
    wanted = ("depth", "joints")
    together = renderer.draw(crops, [mesh] * COUNT, wanted)
    for k, crop in enumerate(crops):
        single = renderer.draw([crop], [mesh], wanted)
        for name in ("rgb", "mask", "boxes", "visible"):
            np.testing.assert_array_equal(getattr(single, name)[0], getattr(together, name)[k])
        for name in ("depth", "joints", "places", "seen"):
            np.testing.assert_array_equal(getattr(single.labels, name)[0], getattr(together.labels, name)[k])


def test_fewer_source_pixels_leave_less_detail(scene):
    renderer, mesh, crops = scene
    edges = []
    for source in (0.0, 60.0, 20.0):
        drawn = renderer.draw([replace(crops[0], others=(), source_height=source)], [mesh])
        edges.append(np.abs(np.diff(drawn.rgb[0].astype(float), axis=0)).mean())
        assert drawn.source_height[0] == (source or SIZE[0])
    assert edges[0] > 1.5 * edges[1] > 2.0 * edges[2]
