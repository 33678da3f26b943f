"""Galleries drawn by chance: a few pictures of each person and camera, the same ones every time."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from reidapt.errors import DataError, first_line
from reidapt.evaluation.identities import JUNK

Groups = Mapping[tuple[int, int], np.ndarray]
"""Rows of each (person, camera), ordered by file name."""


def by_path(rows: np.ndarray, paths: np.ndarray) -> np.ndarray:
    """`rows` (R,) in the order of their pictures' paths."""
    return rows[np.argsort(paths[rows], kind="stable")]


def groups_of(
    rows: np.ndarray, person: np.ndarray, camera: np.ndarray, paths: np.ndarray
) -> dict[tuple[int, int], np.ndarray]:
    """`rows` by (person, camera) in ascending order, each group ordered by the pictures' paths; junk isn't drawn."""
    order = sorted(rows[person[rows] != JUNK].tolist(), key=lambda row: (person[row], camera[row], paths[row]))
    found: dict[tuple[int, int], list[int]] = {}
    for row in order:
        found.setdefault((int(person[row]), int(camera[row])), []).append(row)
    return {key: np.array(members) for key, members in found.items()}


def seeded(groups: Groups, shots: int, seed: int) -> np.ndarray:
    """`shots` rows of each group, or all where it has fewer, drawn as AGW does: Python's generator with `seed`.

    Groups come in the order of person, then camera. With one shot this chooses the very pictures of the public AGW and
    DEEN code for trial `seed`, as long as the files have the names they were published with.
    """
    generator = random.Random(seed)
    rows: list[int] = []
    for key in sorted(groups):
        members = groups[key].tolist()
        rows += [generator.choice(members)] if shots == 1 else generator.sample(members, min(shots, len(members)))
    return np.array(rows, np.int64)


def permuted(groups: Groups, shots: int, trial: int, permutation: Permutation) -> np.ndarray:
    """The first `shots` rows of each group in the published order of trial `trial` (from 0)."""
    rows: list[int] = []
    for (person, camera), members in sorted(groups.items()):
        order = permutation.order(person, camera, trial)
        chosen = order[:shots]
        if len(chosen) and (chosen.min() < 1 or chosen.max() > len(members)):
            raise DataError(
                f"{permutation.path} orders {chosen.max()} pictures of person {person} from camera {camera}, but the "
                f"dataset has {len(members)}; expected the complete SYSU-MM01. Copy the missing pictures, or evaluate "
                "with seeded draws (draws=seeded) and say so."
            )
        rows += members[chosen - 1].tolist()
    return np.array(rows, np.int64)


class Permutation:
    """`rand_perm_cam.mat` of SYSU-MM01: for every camera, person and trial an order of the pictures, counted from 1.

    Args:
        path: the file; it holds `rand_perm_cam`, cells {camera}{person} of (trials, pictures).

    Raises:
        DataError: not such a file.
    """

    def __init__(self, path: Path) -> None:
        from scipy.io import loadmat

        self.path = Path(path)
        try:
            cells = loadmat(self.path)["rand_perm_cam"].ravel()
            self._cameras = [np.asarray(camera).ravel() for camera in cells]
        except FileNotFoundError:
            raise DataError(
                f"there is no {self.path}; SYSU-MM01 publishes rand_perm_cam.mat with its evaluation code. Put it beside "
                "the exp folder, or evaluate with seeded draws (draws=seeded)."
            ) from None
        except Exception as problem:
            raise DataError(
                f"{self.path} can't be read as SYSU-MM01's permutations ({first_line(problem)}); expected a MATLAB file "
                "with the cell array rand_perm_cam."
            ) from None

    def order(self, person: int, camera: int, trial: int) -> np.ndarray:
        """Picture numbers from 1 of one person and camera in trial `trial` (from 0). DataError where there is none."""
        try:
            orders = np.atleast_2d(self._cameras[camera - 1][person - 1])
            return orders[trial].astype(np.int64).ravel()
        except (IndexError, ValueError, TypeError):
            raise DataError(
                f"{self.path} has no order for person {person}, camera {camera}, trial {trial + 1}; expected cells "
                "{camera}{person} of ten rows each. Use the file that was published with SYSU-MM01."
            ) from None


def find_permutation(root: Path, names: Sequence[str] = ("rand_perm_cam.mat", "exp/rand_perm_cam.mat")) -> Path | None:
    """Where the permutations lie in a dataset's folder, or None."""
    return next((root / name for name in names if (root / name).is_file()), None)
