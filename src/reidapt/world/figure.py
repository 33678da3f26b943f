"""A body in the rest pose with the measures that garments are cut to, and how cloth moves with it."""

from __future__ import annotations

import numpy as np
from scipy.spatial import cKDTree

from reidapt.world.body import BONES, BodyModel, Rest
from reidapt.world.loft import coarse, unit

TRUNK = ("root", "spine05", "spine03", "spine01", "clavicle", "upperleg01")
ARM = ("upperarm01", "lowerarm01", "wrist")
LEG = ("upperleg01", "lowerleg01")


class Figure:
    """One body to dress: vertices with relaxed hands, heights of the joints, and rows of its regions."""

    def __init__(self, model: BodyModel, rest: Rest) -> None:
        self.model = model
        self.rest = rest
        self.left = model.side > 0
        self.vertices = rest.vertices.copy()
        for side in "LR":
            self._relax_hand(side)
        self.hip = float(rest.joint("upperleg01.L")[2])
        self.neck = float(rest.joint("neck01")[2])
        self.shoulder = float(rest.joint("upperarm01.L")[2])
        self.knee = float(rest.joint("lowerleg01.L")[2])
        self.trunk_rows = model.moved_by(*TRUNK) & (self.vertices[:, 2] > 0.30 * self.hip)
        self.trunk = self.vertices[self.trunk_rows | self.model.moved_by("lowerleg01", "neck01")]
        chest = self.trunk[np.abs(self.trunk[:, 2] - 0.5 * (self.hip + self.shoulder)) < 0.2]
        self.middle = float(chest[:, 1].mean())

    def _relax_hand(self, side: str) -> None:
        """Curl the fingers towards the palm and close them; the rest pose spreads them."""
        rows = np.flatnonzero(self.model.moved_by(f"wrist.{side}"))
        wrist = self.rest.joint(f"wrist.{side}")
        axis = unit(wrist - self.rest.joint(f"lowerarm01.{side}"))
        local = self.vertices[rows] - wrist
        flat = local - np.outer(local @ axis, axis)
        flat = flat - flat.mean(axis=0)
        palm = np.linalg.eigh(flat.T @ flat)[1][:, 1]  # of the three axes the middle one: not along, not across
        palm = palm if palm[2] - 0.3 * palm[1] < 0 else -palm
        across = np.cross(axis, palm)
        a, b, c = local @ axis, local @ palm, local @ across
        c = c * np.interp(a, [0.0, 0.07, 0.12], [1.0, 0.8, 0.55])
        bend = np.maximum(a - 0.065, 0.0)
        angle = 9.0 * bend
        reach = np.where(angle > 1e-6, np.sin(angle) / 9.0, bend)
        drop = (1.0 - np.cos(angle)) / 9.0
        a, b = np.minimum(a, 0.065) + reach - b * np.sin(angle), b * np.cos(angle) + drop
        self.vertices[rows] = wrist + np.outer(a, axis) + np.outer(b, palm) + np.outer(c, across)

    def of(self, *bones: str, side: str = "") -> np.ndarray:
        """(V,) vertices that `bones` move most, on one `side` ("L", "R") or on both."""
        chosen = self.model.moved_by(*bones)
        return chosen & (self.left == (side == "L")) if side else chosen

    def leg_points(self, side: str) -> np.ndarray:
        chosen = self.of(*LEG, "foot", "root", side=side)
        return self.vertices[chosen & (self.vertices[:, 2] < self.hip + 0.02)]

    def follow(self, points: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Weights (R, C, J) of a grid of cloth (R, C, 3): those of the body's nearest vertices among `rows` (V,) bool.

        Every second row and column is looked up, the others lie between.
        """
        body = np.flatnonzero(rows)[::2]
        chosen, spread = coarse(points.shape[:2])
        found = points[chosen].reshape(-1, 3)
        distance, index = cKDTree(self.vertices[body], balanced_tree=False, compact_nodes=False).query(found, k=3)
        near = 1.0 / (distance + 0.01)
        near /= near.sum(axis=1, keepdims=True)
        weights = np.einsum("nk,nkj->nj", near, self.model.weights[body[index]])
        return spread(weights)

    def hang(self, points: np.ndarray, start: float, end: float) -> np.ndarray:
        """Weights (…, J) of cloth (…, 3) that hangs from height `start` to `end`: it follows both thighs.

        The left half follows the left leg and the right half the right, more so downwards. Height and side alone decide,
        so that whatever is worn beneath with the same weights never comes through.
        """
        side = 1.0 / (1.0 + np.exp(-points[..., 0] / 0.045))
        depth = np.clip((start - points[..., 2]) / max(start - end, 1e-3), 0.0, 1.0)
        shank = np.clip((self.knee + 0.03 - points[..., 2]) / 0.25, 0.0, 1.0) * 0.6
        share = 0.25 + 0.65 * np.clip(depth * 2.0, 0, 1)
        weights = np.zeros((*points.shape[:-1], len(BONES)))
        for name, part in (("L", side), ("R", 1.0 - side)):
            weights[..., BONES.index(f"upperleg01.{name}")] = part * share * (1 - shank)
            weights[..., BONES.index(f"lowerleg01.{name}")] = part * share * shank
        weights[..., BONES.index("root")] = 1.0 - share
        return weights

    def under(self, points: np.ndarray, weights: np.ndarray, hem: float) -> np.ndarray:
        """`weights` of what is worn (or skin) beneath cloth that hangs down to height `hem`: there it moves with it."""
        if hem > self.hip - 0.02:
            return weights
        start, end = self.hip - 0.02, min(hem, self.hip - 0.2)
        covered = np.clip((points[..., 2] - hem + 0.16) / 0.16, 0.0, 1.0)
        covered = (covered * np.clip((start - points[..., 2]) / 0.10, 0.0, 1.0))[..., None]
        return (1 - covered) * weights + covered * self.hang(points, start, end)


def mix(first: np.ndarray, second: np.ndarray, share: np.ndarray) -> np.ndarray:
    """`first` where `share` (…) is 0, `second` where it is 1; both (…, J)."""
    return first + share[..., None] * (second - first)


def rigid(shape: tuple[int, ...], bones: dict[str, float]) -> np.ndarray:
    """Weights (*shape, J) of points that all move with `bones`."""
    weights = np.zeros((*shape, len(BONES)))
    for name, weight in bones.items():
        weights[..., BONES.index(name)] = weight
    return weights


def folds(rows: np.ndarray, around: int, phase: float, waves: float) -> np.ndarray:
    """Height (rows, around) in about [−1, 1] of soft slanted folds with ridges, different for every person."""
    angle = np.arange(around) * (2 * np.pi / around) - np.pi
    a, r = angle[None, :], rows[:, None]
    k = round(waves)
    ridge = 1.0 - 2.0 * np.abs(np.sin(0.5 * (k * a + 9.0 * r + phase)))
    return (
        0.55 * ridge
        + 0.35 * np.sin((k + 3) * a - 14.0 * r + 1.7 * phase)
        + 0.5 * np.sin(26.0 * r + 2.0 * np.sin(a + phase))
    )
