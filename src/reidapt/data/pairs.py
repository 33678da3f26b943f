"""Camera pairs: which crops of two cameras train a translation, and which crops it is then asked to redraw.

The rules are those of DataSplit in Kolbeinsson 2019, "Domain transfer between images with GANs", Appendix A.1.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from reidapt.data.randomness import numpy_generator
from reidapt.data.table import CropTable
from reidapt.errors import DataError


@dataclass(frozen=True)
class CameraPair:
    """Rows of one labelled table.

    Attributes:
        source_camera, target_camera: A, whose crops are redrawn, and B, for which they are redrawn.
        pairs: int64 (P, 2), a crop of A and a crop of B of the same person in the same sequence; all combinations.
        test: int64 (T,), crops of A whose (person, sequence) B never saw.
        new_ids: int64 (N,), the crops among ``test`` whose person B never saw in any sequence.
        by_sequence: False where pairs and test go by the person alone.
    """

    source_camera: int
    target_camera: int
    pairs: np.ndarray
    test: np.ndarray
    new_ids: np.ndarray
    by_sequence: bool

    @property
    def real(self) -> int:
        """Crops of both cameras that occur in a pair."""
        return sum(len(np.unique(column)) for column in self.pairs.T)

    def text(self) -> str:
        """The counts as lines of text, named as in the report's Tables 2 and 3."""
        sequence = "same person and sequence" if self.by_sequence else "same person, any sequence"
        lines = (
            (f"camera {self.source_camera} → camera {self.target_camera}", ""),
            (f"training pairs ({sequence})", len(self.pairs)),
            ("real crops in them", self.real),
            (f"test crops, not seen by camera {self.target_camera}", len(self.test)),
            (f"of these, persons new to camera {self.target_camera}", len(self.new_ids)),
        )
        width = max(len(name) for name, _ in lines)
        return "\n".join(f"{name:<{width}} {count}".rstrip() for name, count in lines)

    def frame(self, table: CropTable) -> pd.DataFrame:
        """A row per training pair and per test crop: use, source_path, target_path, person, sequence, new_id."""
        paths, person, sequence = table.paths, table.person, table.column("sequence")
        rows = np.concatenate([self.pairs[:, 0], self.test])
        no_target = np.full(len(self.test), "", dtype=object)
        return pd.DataFrame(
            {
                "use": np.repeat(["train", "test"], [len(self.pairs), len(self.test)]),
                "source_path": paths[rows],
                "target_path": np.concatenate([paths[self.pairs[:, 1]], no_target]),
                "person": person[rows],
                "sequence": sequence[rows],
                "new_id": np.isin(rows, self.new_ids),
            }
        )


def camera_pair(
    table: CropTable, source_camera: int, target_camera: int, *, generate: int | None = None, by_sequence: bool = True
) -> CameraPair:
    """Pair the crops of two cameras.

    Args:
        table: labelled; junk and distractors (person ≤ 0) take no part.
        source_camera, target_camera: A and B.
        generate: the camera to be generated, B by default; A swaps the two.
        by_sequence: pair within a sequence only, as the report does, because clothes may change between sequences.
            Where the table knows no sequence of either camera, pairs go by the person alone.

    Raises:
        DataError: the table is unlabelled, or a camera has no crops.
    """
    if generate not in (None, source_camera, target_camera):
        raise DataError(f"camera {generate} cannot be generated from the cameras {source_camera} and {target_camera}.")
    if generate == source_camera:
        source_camera, target_camera = target_camera, source_camera
    if source_camera == target_camera:
        raise DataError(f"a pair needs two cameras, but both are camera {source_camera}.")
    if not table.labelled:
        raise DataError(f"the table {table.name!r} has no persons, which pairs of the same person need.")
    a, b = (_of_camera(table, camera) for camera in (source_camera, target_camera))
    by_sequence = by_sequence and bool((a["sequence"] >= 0).any() or (b["sequence"] >= 0).any())
    key = ["person", "sequence"] if by_sequence else ["person"]
    joined = a.merge(b, on=key, suffixes=("", "_b")).sort_values(["row", "row_b"], kind="stable")
    test = ~a["row"].isin(joined["row"])
    new = test & ~a["person"].isin(b["person"])
    return CameraPair(
        source_camera=source_camera,
        target_camera=target_camera,
        pairs=joined[["row", "row_b"]].to_numpy(dtype=np.int64).reshape(-1, 2),
        test=a["row"][test].to_numpy(dtype=np.int64),
        new_ids=a["row"][new].to_numpy(dtype=np.int64),
        by_sequence=by_sequence,
    )


def pair_sizes(table: CropTable) -> dict[tuple[int, int], tuple[int, int]]:
    """``{(A, B): (training pairs, test crops of A)}`` of every two cameras A < B, as in the report's Table 2."""
    cameras = sorted({int(camera) for camera in table.camera[table.person > 0] if camera >= 0})
    found = {}
    for place, a in enumerate(cameras):
        for b in cameras[place + 1 :]:
            pair = camera_pair(table, a, b)
            found[a, b] = len(pair.pairs), len(pair.test)
    return found


#: Table 2 of the report: the same on Market-1501.
MARKET_SIZES = {
    (1, 2): (1008, 1736), (1, 3): (1561, 1678), (1, 4): (2408, 1308), (1, 5): (2448, 1686), (1, 6): (3151, 1715),
    (2, 3): (6280, 75), (2, 4): (305, 1584), (2, 5): (4921, 428), (2, 6): (6175, 567),
    (3, 4): (492, 2531), (3, 5): (10368, 407), (3, 6): (13906, 730),
    (4, 5): (875, 785), (4, 6): (809, 826), (5, 6): (14133, 695),
}  # fmt: skip


def sizes_text(table: CropTable) -> str:
    """:func:`pair_sizes` as lines of text, the report's figures for Market-1501 beside them."""
    lines = [f"{'cameras':<10}{'train, test':>16}{'Market-1501':>18}"]
    for pair, sizes in pair_sizes(table).items():
        published = MARKET_SIZES.get(pair)
        columns = ["({}, {})".format(*counts) if counts else "" for counts in (sizes, published)]
        lines.append(f"c{pair[0]}c{pair[1]}".ljust(10) + f"{columns[0]:>16}{columns[1]:>18}".rstrip())
    return "\n".join(lines)


def _of_camera(table: CropTable, camera: int) -> pd.DataFrame:
    rows = np.flatnonzero((table.camera == camera) & (table.person > 0))
    if not len(rows):
        there = ", ".join(map(str, sorted(set(table.camera.tolist()))))
        raise DataError(
            f"{table.name!r} ({table.root}) has no labelled crop of camera {camera}; its cameras are {there}."
        )
    sequence = table.column("sequence")
    return pd.DataFrame({"row": rows, "person": table.person[rows], "sequence": sequence[rows]})


def random_pairs(
    source_rows: np.ndarray, target_rows: np.ndarray, per_crop: int, *, seed: int = 0, epoch: int = 0
) -> np.ndarray:
    """``per_crop`` random partners for every source crop, int64 (len(source_rows) · per_crop, 2).

    A crop's partners are distinct where there are enough. A pure function of its arguments.
    """
    rng = numpy_generator(seed, "random pairs", epoch)
    rounds = -(-per_crop // len(target_rows))
    chosen = [
        np.concatenate([rng.permutation(target_rows)[:per_crop] for _ in range(rounds)])[:per_crop] for _ in source_rows
    ]
    return np.stack([np.repeat(source_rows, per_crop), np.concatenate(chosen)], axis=1).astype(np.int64)


def write_pairs(pair: CameraPair, table: CropTable, path: Path) -> None:
    """Write :meth:`CameraPair.frame` as CSV, whole or not at all."""
    temporary = path.with_name(f".{path.name}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        pair.frame(table).to_csv(temporary, index=False)
        temporary.replace(path)
    except OSError as problem:
        temporary.unlink(missing_ok=True)
        raise DataError(f"{path} could not be written: {problem.strerror}; choose another file.") from None
