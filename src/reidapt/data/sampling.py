"""Which rows make a batch: PK sampling for triplets, clusters and modalities, plain shuffling; pure functions of seed and epoch."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from reidapt.data.randomness import numpy_generator
from reidapt.data.table import CropTable
from reidapt.errors import DataError


def class_labels(table: CropTable) -> tuple[np.ndarray, np.ndarray]:
    """Training classes of a labelled table: labels int64 (N,) in 0..C−1 and the persons (C,) they stand for.

    Junk and distractors get the label −1, which `pk_batches` leaves out.
    """
    person = table.person
    persons = np.unique(person[person > 0])
    labels = np.where(person > 0, np.searchsorted(persons, person), -1).astype(np.int64)
    return labels, persons


def passes(one: Callable[[int], list[np.ndarray]], seed: int, length: int) -> list[np.ndarray]:
    """Batches of exactly ``length`` steps from freshly shuffled passes ``one(seed)``; 0: as many as one pass has."""
    made: list[np.ndarray] = []
    for part in itertools.count():
        made += one(seed + 1_000_003 * part)
        if len(made) >= length:
            break
    return made[: length or None]


def pk_batches(
    labels: np.ndarray,
    persons: int = 16,
    pictures: int = 4,
    seed: int = 0,
    epoch: int = 0,
    cameras: np.ndarray | None = None,
    modality: np.ndarray | None = None,
) -> list[np.ndarray]:
    """The batches of one epoch: each has `pictures` rows of each of `persons` distinct labels, label by label.

    Rule: a label with n rows is visited ceil(n / pictures) times, at least once and at most once per batch; the number
    of batches is what these visits fill, rounded up, and free places go to labels drawn at random. So every label
    occurs, and every row occurs about once: all of them, except where a label alone has more visits than there are
    batches. Within a visit rows are distinct where the label has enough of them; fewer are repeated, all of them first.

    Args:
        labels: class of every row, int (N,); rows with a negative label (outliers, junk) never occur.
        persons: distinct labels in a batch, P ≥ 1.
        pictures: rows per label in a batch, K ≥ 1.
        seed, epoch: the result is a pure function of these and the other arguments.
        cameras: camera of every row, int (N,); where given, a visit's rows come from as many cameras as possible.
        modality: modality of every row (N,), M values in all; where given, a visit has `pictures` rows of each of them,
            one modality after the other, a label is visited as often as its most frequent modality needs, and labels
            that lack a modality are left out.

    Returns:
        Row indices, int64 (P·K,) per batch; (P·M·K,) where modalities are given.

    Raises:
        DataError: fewer than P labels have rows (of every modality).
    """
    labels = np.asarray(labels)
    if persons < 1 or pictures < 1:
        raise DataError(f"a batch of {persons} persons × {pictures} pictures is not possible; both must be 1 or more.")
    groups = _rows_by_label(labels, modality)
    if len(groups) < persons:
        which = "unlabelled ones" if modality is None else "those without labels, or without one of the modalities"
        raise DataError(
            f"batches of {persons} persons were asked for, but the {len(labels)} crops have {len(groups)} persons "
            f"(after leaving out {which}); ask for at most {len(groups)} persons or bring more data."
        )
    rng = numpy_generator(seed, "pk", epoch)
    visits = _visits(np.array([max(map(len, parts)) for parts in groups]), persons, pictures, rng)
    batches_in_epoch = int(visits.sum()) // persons
    # Lay the visits out label by label and deal them round the batches: no label has more visits than there are
    # batches, so no batch gets one twice, and every batch gets exactly P.
    order = rng.permutation(len(groups))
    dealt = np.repeat(order, visits[order])
    chunks = {
        int(g): [
            np.concatenate(parts)
            for parts in zip(*(_chunks(rows, int(visits[g]), pictures, rng, cameras) for rows in groups[g]))
        ]
        for g in order
    }
    result = []
    for batch in rng.permutation(batches_in_epoch):
        result.append(np.concatenate([chunks[int(g)].pop() for g in rng.permutation(dealt[batch::batches_in_epoch])]))
    return result


def batches(rows: int, size: int, seed: int = 0, epoch: int = 0, drop_last: bool = True) -> list[np.ndarray]:
    """All row numbers below `rows`, shuffled and cut into batches of `size`; the shorter last one is left out.

    With fewer rows than `size` the one batch has all rows. Returns int64 arrays; a pure function of its arguments.
    """
    if rows < 1 or size < 1:
        raise DataError(f"batches of {size} from {rows} crops are not possible; both must be 1 or more.")
    order = numpy_generator(seed, "plain", epoch).permutation(rows).astype(np.int64)
    cut = [order[start : start + size] for start in range(0, rows, size)]
    return cut[:-1] if drop_last and len(cut) > 1 and len(cut[-1]) < size else cut


def _rows_by_label(labels: np.ndarray, modality: np.ndarray | None) -> list[list[np.ndarray]]:
    """The rows of every label, a list with one array a modality; labels that lack one are left out."""
    rows = np.flatnonzero(labels >= 0).astype(np.int64)
    rows = rows[np.argsort(labels[rows], kind="stable")]
    edges = np.flatnonzero(np.diff(labels[rows])) + 1
    groups = [group for group in np.split(rows, edges) if len(group)]
    if modality is None:
        return [[group] for group in groups]
    kinds = np.unique(np.asarray(modality)[rows])
    apart = [[group[modality[group] == kind] for kind in kinds] for group in groups]
    return [parts for parts in apart if all(map(len, parts))]


def _visits(counts: np.ndarray, persons: int, pictures: int, rng: np.random.Generator) -> np.ndarray:
    """Visits per label: 1 ≤ visits ≤ number of batches, summing to a multiple of `persons`."""
    wanted = -(-counts // pictures)
    number = int(-(-wanted.sum() // persons))
    visits = np.minimum(wanted, number)
    while free := number * persons - int(visits.sum()):
        eligible = rng.permutation(np.flatnonzero(visits < number))
        visits[eligible[:free]] += 1
    return visits


def _chunks(
    rows: np.ndarray, visits: int, pictures: int, rng: np.random.Generator, cameras: np.ndarray | None
) -> list[np.ndarray]:
    """`visits` chunks of `pictures` rows from shuffled rounds through `rows`, distinct within a chunk if they can."""
    left: list[int] = []
    chunks = []
    for _ in range(visits):
        chunk = left[:pictures]
        left = left[pictures:]
        while len(chunk) < pictures:
            used = set(chunk)
            fresh = sorted(_shuffled(rows, rng, cameras).tolist(), key=used.__contains__)  # stable: unused rows first
            room = pictures - len(chunk)
            chunk, left = chunk + fresh[:room], fresh[room:]
        chunks.append(np.array(chunk, dtype=np.int64))
    return chunks


def _shuffled(rows: np.ndarray, rng: np.random.Generator, cameras: np.ndarray | None) -> np.ndarray:
    """`rows` in random order; with cameras, one row of each camera, then the second of each, and so on."""
    mixed = rng.permutation(rows)
    if cameras is None:
        return mixed
    camera = np.asarray(cameras)[mixed]
    by_camera = np.argsort(camera, kind="stable")
    _, start, count = np.unique(camera[by_camera], return_index=True, return_counts=True)
    turn = np.empty(len(mixed), dtype=np.int64)
    turn[by_camera] = np.arange(len(mixed)) - np.repeat(start, count)
    return mixed[np.argsort(turn, kind="stable")]
