"""The rasteriser against brute force in numpy: coverage, depth order, perspective depth."""

from __future__ import annotations

import numpy as np
import pytest

wp = pytest.importorskip("warp")


def brute_force(screen: np.ndarray, triangles: np.ndarray, height: int, width: int) -> np.ndarray:
    """Index of the nearest triangle per pixel, −1 for none; depth is interpolated with perspective (1/z is linear)."""
    best = np.full((height, width), np.inf)
    which = np.full((height, width), -1)
    for index, corners in enumerate(triangles):
        a, b, c = screen[corners].astype(float)
        matrix = np.array([[a[0], b[0], c[0]], [a[1], b[1], c[1]], [1.0, 1.0, 1.0]])
        if abs(np.linalg.det(matrix)) < 1e-9:
            continue
        for y in range(height):
            for x in range(width):
                share = np.linalg.solve(matrix, np.array([x + 0.5, y + 0.5, 1.0]))
                if (share >= 0).all():
                    z = 1.0 / (share / np.array([a[2], b[2], c[2]])).sum()
                    if z < best[y, x]:
                        best[y, x], which[y, x] = z, index
    return which


def rasterise(
    screen: np.ndarray,
    triangles: np.ndarray,
    table: np.ndarray,
    height: int,
    width: int,
    material: int = 4,
    chunk: int = 4,
) -> np.ndarray:
    """(C, height, width) nearest triangle from the kernel, −1 for none."""
    from reidapt.world import kernels

    keys = wp.zeros((len(table), height, width), dtype=wp.uint64, device="cpu")
    wp.launch(
        kernels.rasterise,
        dim=(len(table), -(-int(table[:, 3].max()) // chunk)),
        inputs=[
            wp.array(screen.astype(np.float32), dtype=wp.vec3, device="cpu"),
            wp.array(triangles.astype(np.int32), dtype=wp.vec3i, device="cpu"),
            wp.array(np.full(len(triangles), material, np.int32), dtype=wp.int32, device="cpu"),
            wp.array(table.astype(np.int32), dtype=wp.int32, device="cpu"),
            chunk,
            height,
            width,
            keys,
        ],
        device="cpu",
    )
    found = keys.numpy()
    return np.where(found == 0, -1, (found & 0xFFFFFFFF).astype(np.int64))


def actors(*rows: tuple[int, int, int, int]) -> np.ndarray:
    """Actor table of one subject per crop: first vertex, vertices, first triangle, triangles."""
    table = np.zeros((len(rows), 7), np.int64)
    table[:, :4], table[:, 5] = rows, range(len(rows))
    return table


@pytest.mark.parametrize("seed", range(4))
def test_random_triangles_of_both_windings_in_depth_order(seed):
    rng = np.random.default_rng(seed)
    height, width = 20, 14
    crops, points, count = 2, 18, 10
    screen = np.concatenate(
        [rng.uniform(-6, 24, (crops, points, 2)), rng.uniform(1.0, 9.0, (crops, points, 1))], axis=2
    )
    triangles = np.stack([rng.permutation(points)[:3] for _ in range(crops * count)])
    table = actors(*((0, points, c * count, count) for c in range(crops)))
    found = rasterise(screen, triangles, table, height, width)
    for c in range(crops):
        expected = brute_force(screen[c], triangles[c * count : (c + 1) * count], height, width)
        assert (expected >= 0).any()
        np.testing.assert_array_equal(found[c], expected)


def test_a_nearer_triangle_wins_whatever_the_order():
    square = np.array([[0, 0, 5], [8, 0, 5], [0, 8, 5], [0, 0, 2], [8, 0, 2], [0, 8, 2]], float)[None]
    for order in ([[0, 1, 2], [3, 4, 5]], [[3, 4, 5], [0, 1, 2]]):
        found = rasterise(square, np.array(order), actors((0, 6, 0, 2)), 8, 8)[0]
        near = order.index([3, 4, 5])
        assert set(np.unique(found)) == {-1, near}


def test_neighbouring_triangles_leave_no_gap_and_a_shared_edge_is_drawn_once():
    screen = np.array([[1, 1, 3], [7, 1, 3], [1, 7, 3], [7, 7, 3]], float)[None]
    found = rasterise(screen, np.array([[0, 1, 2], [2, 1, 3]]), actors((0, 4, 0, 2)), 8, 8)[0]
    assert (found[1:7, 1:7] >= 0).all()
    assert (found >= 0).sum() == 36


def test_the_far_side_of_skin_is_left_out_and_cloth_is_seen_from_both_sides():
    corner = np.array([[1, 1, 3], [1, 7, 3], [7, 1, 3]], float)[None]  # anticlockwise as seen: rows grow downwards
    table = actors((0, 3, 0, 1))
    skin = [rasterise(corner, np.array([order]), table, 8, 8, material=0) for order in ([0, 1, 2], [0, 2, 1])]
    cloth = [rasterise(corner, np.array([order]), table, 8, 8, material=4) for order in ([0, 1, 2], [0, 2, 1])]
    assert (skin[0] >= 0).any()
    assert not (skin[1] >= 0).any()
    np.testing.assert_array_equal(cloth[0], cloth[1])
    np.testing.assert_array_equal(cloth[0], skin[0])


def test_two_actors_of_a_crop_share_its_z_buffer():
    near, far = [[0, 0, 2], [8, 0, 2], [0, 8, 2]], [[0, 0, 5], [8, 0, 5], [0, 8, 5]]
    for subject, other in ((near, far), (far, near)):
        table = actors((0, 3, 0, 1), (0, 3, 1, 1))
        table[:, 5], table[:, 6] = 0, 1  # both in crop 0; row 1 is its first other actor
        found = rasterise(np.array([subject, other], float), np.array([[0, 1, 2], [0, 1, 2]]), table, 8, 8)[0]
        assert set(np.unique(found)) == {-1, 0 if subject is near else 1 << 24}
