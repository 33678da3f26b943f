"""Adult bodies from anny: rest vertices, joints and skinning weights on the world's twenty control bones."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np

from reidapt.errors import WorldError

BONES = (
    "root",
    "spine05",
    "spine03",
    "spine01",
    "neck01",
    "head",
    *(
        f"{name}.{side}"
        for side in "LR"
        for name in ("clavicle", "upperarm01", "lowerarm01", "wrist", "upperleg01", "lowerleg01", "foot")
    ),
)
"""Bones that a pose rotates; every other bone of the rig moves with its nearest ancestor among these."""

ADULT_AGE = (0.667, 0.95)
"""Range of anny's age phenotype that is used: 2/3 is a young adult, 1 is old; children are never rendered."""


def need(package: str) -> Any:
    """Import an optional package of the world, or say how to install it."""
    import importlib

    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise WorldError(
            f"Rendering needs the package {package.split('.')[0]!r}, which is not installed here ({error}); "
            'install it with: pip install "reidapt[world]"'
        ) from error


@dataclass(frozen=True)
class Rest:
    """One body in the rest pose (arms at 45°, facing −y, z up, metres, soles at z = 0)."""

    vertices: np.ndarray  # (V, 3)
    heads: np.ndarray  # (J, 3), joints of BONES
    eyes: np.ndarray  # (2, 3), left and right

    @property
    def height(self) -> float:
        return float(self.vertices[:, 2].max())

    def joint(self, name: str) -> np.ndarray:
        return self.heads[BONES.index(name)]


@dataclass(frozen=True)
class BodyModel:
    """anny's blend shapes of adults; build one with `load_body_model` and share it."""

    template: np.ndarray  # (V, 3)
    shapes: np.ndarray  # (K, V, 3) float32, shapes that an adult can reach
    factors: np.ndarray  # (K, F) bool, the phenotype variations that a shape's coefficient is the product of
    variations: dict[str, tuple[str, ...]]  # phenotype -> its variations, in the order of `factors`
    joint_template: np.ndarray
    joint_shapes: np.ndarray
    triangles: np.ndarray  # (M, 3)
    weights: np.ndarray  # (V, J) over BONES
    joint_rows: np.ndarray
    eye_rows: np.ndarray
    parents: np.ndarray  # (J,) rows of BONES, -1 for the root

    def coefficients(self, phenotype: dict[str, float]) -> np.ndarray:
        """(K,) weights of the shapes: products of each phenotype's linear interpolation between its variations."""
        values: list[float] = []
        for label, names in self.variations.items():
            if label == "race":
                values += [1.0 / len(names)] * len(names)
                continue
            first = -1.0 / 3.0 if label == "age" else 0.0
            anchors = np.linspace(first, 1.0, len(names))
            at = min(max(phenotype.get(label, 0.5), first), 1.0)
            values += [float(np.interp(at, anchors, row)) for row in np.eye(len(names))]
        return np.where(self.factors, np.array(values), 1.0).prod(axis=1)

    def _blend(self, template: np.ndarray, shapes: np.ndarray, coefficients: np.ndarray) -> np.ndarray:
        total = np.zeros_like(shapes[0])
        for k in np.flatnonzero(coefficients):  # a plain sum: the same bits on any number of threads
            total += shapes.dtype.type(coefficients[k]) * shapes[k]
        return template + total

    def rest(self, height: float, **phenotype: float) -> Rest:
        """The body of `height` metres with the phenotypes gender, age, muscle, weight and proportions in [0, 1]."""
        age = phenotype.get("age", ADULT_AGE[0])
        if age < ADULT_AGE[0] - 1e-6:
            raise WorldError(f"The world renders adults only: age must be at least {ADULT_AGE[0]}, found {age}.")
        ends = [self.coefficients({**phenotype, "height": h}) for h in (0.0, 1.0)]
        low, high = (np.ptp(self._blend(*self.extremes, c)[:, 2]) for c in ends)
        mix = float(np.clip((height - low) / (high - low), 0.0, 1.0))
        coefficients = (1 - mix) * ends[0] + mix * ends[1]
        vertices = self._blend(self.template, self.shapes, coefficients)
        joints = self._blend(self.joint_template, self.joint_shapes, coefficients)
        floor = vertices[:, 2].min()
        vertices[:, 2] -= floor
        joints[:, 2] -= floor
        scale = height / vertices[:, 2].max()
        return Rest(vertices * scale, joints[self.joint_rows] * scale, joints[self.eye_rows] * scale)

    @cached_property
    def extremes(self) -> tuple[np.ndarray, np.ndarray]:
        """Template and shapes of the vertices that can be the highest or lowest of a body: the crown and the soles."""
        z = self.template[:, 2]
        rows = np.flatnonzero((z > z.max() - 0.05) | (z < z.min() + 0.03))
        return self.template[rows], np.ascontiguousarray(self.shapes[:, rows])

    @cached_property
    def owner(self) -> np.ndarray:
        """(V,) the row of `BONES` that moves each vertex most."""
        return self.weights.argmax(axis=1)

    def moved_by(self, *bones: str) -> np.ndarray:
        """(V,) whether one of `bones` moves the vertex most; a name without side means both. Not to be written to."""
        if bones not in self._moved:
            mask = np.array([bone in bones or bone.split(".")[0] in bones for bone in BONES])[self.owner]
            mask.setflags(write=False)
            self._moved[bones] = mask
        return self._moved[bones]

    @cached_property
    def _moved(self) -> dict[tuple[str, ...], np.ndarray]:
        return {}

    @cached_property
    def side(self) -> np.ndarray:
        """(V,) +1 on the left half of the body (x > 0), −1 on the right."""
        return np.sign(self.template[:, 0])


def simplify(vertices: np.ndarray, triangles: np.ndarray, cell: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Vertex clustering: rows of `vertices` (N, 3) to keep, one per cube, and the triangles (M, 3) over them.

    `cell` (N,) is the side in metres of the cubes around each vertex.

    The vertex nearest to its cell's mean stands for the cell; triangles that collapse or repeat are dropped. At the
    size of a re-ID crop a pixel is about 1.4 cm, so millimetres of lips and fingers are not seen.
    """
    place = np.floor(np.column_stack([vertices / cell[:, None], 1e4 * cell])).astype(np.int64)
    _, cluster = np.unique(place, axis=0, return_inverse=True)
    cluster = cluster.reshape(-1)
    size = np.bincount(cluster)
    mean = np.stack([np.bincount(cluster, weights=vertices[:, k]) / size for k in range(3)], axis=1)
    away = np.linalg.norm(vertices - mean[cluster], axis=1)
    order = np.lexsort((away, cluster))
    kept = order[np.unique(cluster[order], return_index=True)[1]]
    small = cluster[triangles]
    solid = (small[:, 0] != small[:, 1]) & (small[:, 1] != small[:, 2]) & (small[:, 0] != small[:, 2])
    small = small[solid]
    _, first = np.unique(np.sort(small, axis=1), axis=0, return_index=True)
    return kept, small[np.sort(first)]


def outer_faces(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """The triangles (M, 3) without those of the mouth's inside, which face the middle of the head."""
    a, b, c = (vertices[triangles[:, k]] for k in range(3))
    middle, normal = (a + b + c) / 3.0, np.cross(b - a, c - a)
    top = vertices[:, 2].max()
    head = (middle[:, 2] > top - 0.25) & (middle[:, 2] < top - 0.12) & (np.abs(middle[:, 0]) < 0.05)
    inner = (normal * (middle - [0.0, middle[head, 1].mean(), top - 0.15])).sum(axis=1) < 0.0
    return triangles[~(head & inner)]


CELLS = {"head": 0.0135, "wrist": 0.016, "foot": 0.021}
CELL = 0.016
"""Metres; detail of anny's mesh that is kept, by the bone that moves it, and elsewhere."""


@cache
def load_body_model() -> BodyModel:
    """Load anny's own topology and rig (its first use on a machine writes a cache, which takes about a minute)."""
    warp = need("warp")
    if hasattr(warp.config, "log_level"):
        warp.config.log_level = max(warp.config.log_level, 40)  # as in logging: errors, not every kernel it loads
    else:
        warp.config.quiet = True
    anny = need("anny")
    model = anny.Anny(phenotype_blendshapes="original")
    labels = list(model.bone_labels)
    parents = [int(p) for p in model.bone_parents]

    def ancestor(bone: int) -> int:
        while labels[bone] not in BONES:
            bone = parents[bone]
        return BONES.index(labels[bone])

    control = np.array([ancestor(j) for j in range(len(labels))])
    weight, index = model.vertex_bone_weights.numpy(), model.vertex_bone_indices.numpy()
    dense = np.zeros((len(weight), len(BONES)))
    np.add.at(dense, (np.arange(len(weight))[:, None], control[index]), weight)
    dense /= dense.sum(axis=1, keepdims=True)
    variations = {key: tuple(names) for key, names in need("anny.models.model_data").PHENOTYPE_VARIATIONS.items()}
    factors = model.stacked_phenotype_blend_shapes_mask.numpy() > 0.5
    flat = [name for names in variations.values() for name in names]
    child = [flat.index(name) for name in variations["age"][:3]]
    used = np.flatnonzero(~factors[:, child].any(axis=1))
    rows = np.array([labels.index(name) for name in BONES])
    template = model.template_vertices.numpy().astype(np.float64)
    faces = model.get_triangular_faces().numpy() if model.faces.shape[1] == 4 else model.faces.numpy()
    faces = outer_faces(template, np.asarray(faces))
    cells = np.array([CELLS.get(bone.split(".")[0], CELL) for bone in BONES])
    kept, triangles = simplify(template, faces, cells[dense.argmax(axis=1)])
    return BodyModel(
        template=template[kept],
        shapes=np.ascontiguousarray(model.blendshapes.numpy()[np.ix_(used, kept)].astype(np.float32)),
        factors=factors[used],
        variations=variations,
        joint_template=model.template_bone_heads.numpy().astype(np.float64),
        joint_shapes=model.bone_heads_blendshapes.numpy()[used],
        triangles=triangles,
        weights=dense[kept],
        joint_rows=rows,
        eye_rows=np.array([labels.index("eye.L"), labels.index("eye.R")]),
        parents=np.array([-1 if parents[r] < 0 else ancestor(parents[r]) for r in rows]),
    )
