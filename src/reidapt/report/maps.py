"""Two-dimensional maps of test embeddings: which points are drawn, and where PCA or t-SNE puts them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from reidapt.report.model import Point, Scatter
from reidapt.report.runs import Run

Projection = Literal["tsne", "pca"]
NEEDED = ("query_features", "gallery_features", "query_person", "gallery_person", "query_paths", "gallery_paths")
PERSONS, PER_PERSON, OTHERS = 6, 30, 260


def embedding_maps(runs: Sequence[Run], method: Projection = "tsne", seed: int = 0) -> tuple[tuple[Scatter, ...], str]:
    """Maps of the same target test pictures under every run that saved embeddings, and a note on how they were made.

    Persons drawn at random by `seed` are coloured (see `choose`), a random sample of the others
    stays grey. An empty result means that no run saved its embeddings.
    """
    usable = [run for run in runs if run.evaluation and run.evaluation.has(*NEEDED)]
    if not usable:
        return (), ""
    tables = [_Pictures(run) for run in usable]
    shared = sorted(set(tables[0].rows).intersection(*(table.rows for table in tables[1:])))
    if len(shared) < 3:
        return (), ""
    first = tables[0]
    rows = np.array([first.rows[path] for path in shared])
    chosen, persons = choose(first.person[rows], first.camera[rows], seed)
    person, camera = first.person[rows[chosen]], first.camera[rows[chosen]]
    cameras = tuple(str(c) for c in sorted(set(camera[np.isin(person, persons)].tolist())))
    charts = []
    for run, table in zip(usable, tables):
        features = table.features(np.array([table.rows[shared[i]] for i in chosen]))
        points = tuple(
            Point(float(x), float(y), str(p) if p in persons else "", str(c))
            for (x, y), p, c in zip(project(features, method, seed), person.tolist(), camera.tolist())
        )
        charts.append(
            Scatter(run.label, points, tuple(map(str, persons)), cameras, neighbours(features, person, camera))
        )
    note = (
        f"{len(chosen)} target test pictures, the same in every map. {len(persons)} persons drawn at random "
        f"(seed {seed}) from those seen by two cameras or more are coloured; the others are grey. {_NAMES[method]}"
    )
    return tuple(charts), note


def domain_maps(
    runs: Sequence[Run], method: Projection = "tsne", seed: int = 0, each: int = 250
) -> tuple[Scatter, ...]:
    """Maps of source against target embeddings for runs that saved `source_features`."""
    charts = []
    for run in runs:
        if not run.evaluation or not run.evaluation.has("source_features", "gallery_features"):
            continue
        random = np.random.default_rng(seed)
        parts = [run.evaluation.arrays[key] for key in ("source_features", "gallery_features")]
        parts = [p[np.sort(random.permutation(len(p))[:each])].astype(np.float32) for p in parts]
        groups = ("source",) * len(parts[0]) + ("target",) * len(parts[1])
        places = project(np.concatenate(parts), method, seed)
        points = tuple(Point(float(x), float(y), group, group) for (x, y), group in zip(places, groups))
        title = f"{run.label}: source and target"
        charts.append(Scatter(title, points, ("source", "target"), ("source", "target"), "", "domain", "domain"))
    return tuple(charts)


def choose(person: np.ndarray, camera: np.ndarray, seed: int) -> tuple[np.ndarray, list[int]]:
    """Rows (ascending) to draw and the persons to colour.

    Junk (−1) is never drawn and distractors (0) never coloured. Coloured persons have at least four pictures and two
    cameras where any such exist; at most `PER_PERSON` of their pictures and `OTHERS` of the rest are taken.
    """
    random = np.random.default_rng(seed)
    eligible = []
    for p in np.unique(person[person > 0]).tolist():
        mine = person == p
        if mine.sum() >= 4 and len(np.unique(camera[mine])) >= 2:
            eligible.append(p)
    eligible = eligible or np.unique(person[person > 0]).tolist()
    persons = sorted(random.permutation(np.array(eligible, dtype=int))[:PERSONS].tolist())
    rows = [random.permutation(np.flatnonzero(person == p))[:PER_PERSON] for p in persons]
    rows.append(random.permutation(np.flatnonzero(~np.isin(person, persons) & (person >= 0)))[:OTHERS])
    return np.sort(np.concatenate(rows)).astype(int), persons


def project(features: np.ndarray, method: Projection, seed: int) -> np.ndarray:
    """Places (N, 2) of `features` (N, D); t-SNE starts from PCA and falls back to it below 12 points."""
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    features = np.nan_to_num(np.asarray(features, dtype=np.float32))
    count = min(50, *features.shape)
    reduced = PCA(count, random_state=seed).fit_transform(features)
    reduced = np.pad(reduced, ((0, 0), (0, max(0, 2 - reduced.shape[1]))))
    if method == "pca" or len(features) < 12:
        return reduced[:, :2]
    perplexity = min(30.0, (len(features) - 1) / 3)
    tsne = TSNE(2, perplexity=perplexity, init="pca", random_state=seed, max_iter=500)
    with threadpool_limits(1):  # a few hundred points: more threads only wait for each other
        return tsne.fit_transform(reduced)


def neighbours(features: np.ndarray, person: np.ndarray, camera: np.ndarray) -> str:
    """How often the nearest drawn neighbour (cosine, in the full space) shows the same person, or the same camera."""
    unit = features / np.maximum(np.linalg.norm(features, axis=1, keepdims=True), 1e-12)
    similarity = unit @ unit.T
    np.fill_diagonal(similarity, -np.inf)
    nearest = similarity.argmax(axis=1)
    same_person, same_camera = (100 * np.mean(values == values[nearest]) for values in (person, camera))
    return f"Nearest neighbour in the full space: same person {same_person:.0f} %, same camera {same_camera:.0f} %."


class _Pictures:
    """Query and gallery of one evaluation as one table; `rows` leads from a path to its row."""

    def __init__(self, run: Run) -> None:
        assert run.evaluation is not None
        self.arrays = run.evaluation.arrays
        paths = [*self.arrays["query_paths"].tolist(), *self.arrays["gallery_paths"].tolist()]
        self.rows = {str(path): i for i, path in enumerate(paths)}
        self.person = np.concatenate([self.arrays["query_person"], self.arrays["gallery_person"]]).astype(int)
        cameras = [self.arrays[key] for key in ("query_camera", "gallery_camera") if key in self.arrays]
        self.camera = np.concatenate(cameras).astype(int) if len(cameras) == 2 else np.full(len(paths), -1)

    def features(self, rows: np.ndarray) -> np.ndarray:
        """Embeddings (len(rows), D) of some rows, without a copy of all."""
        queries, gallery = self.arrays["query_features"], self.arrays["gallery_features"]
        picked = [queries[row] if row < len(queries) else gallery[row - len(queries)] for row in rows.tolist()]
        return np.asarray(picked, dtype=np.float32)


_NAMES = {
    "tsne": "Placed by t-SNE for each map alone: near points are alike, distances between far groups mean little.",
    "pca": "Placed by the first two principal components of each map.",
}
