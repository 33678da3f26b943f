"""Pictures of translations: the best and worst ones, the real neighbours of generated crops, one person in many poses."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from reidapt.data import CropStore, CropTable, read
from reidapt.data.masks import masks_of
from reidapt.errors import ConfigError, RunError
from reidapt.methods import Method
from reidapt.progress import ProgressCallback
from reidapt.training.checkpoint import load
from reidapt.training.run import write_json
from reidapt.training.samples import write_picture
from reidapt.translation.retention import Retention, measure_retention

GREEN, RED, GREY, PAPER = (34, 153, 84), (203, 45, 45), (120, 126, 132), (255, 255, 255)
CELL = (128, 64)
"""Height and width of a crop in a figure, px."""


def grid(
    rows: Sequence[Sequence[Tensor | None]], frames: Sequence[Sequence[tuple[int, int, int]]] | None = None
) -> Tensor:
    """Rows of pictures uint8 (3, H, W) of one size, each in a frame of its colour; uint8 (3, height, width)."""
    border, gap = 3, 4
    first = next(picture for row in rows for picture in row if picture is not None)
    height, width = (side + 2 * (border + gap) for side in first.shape[1:])
    columns = max(len(row) for row in rows)
    sheet = torch.full((3, len(rows) * height, columns * width), 255, dtype=torch.uint8)
    for r, row in enumerate(rows):
        for c, picture in enumerate(row):
            if picture is None:
                continue
            colour = torch.tensor(frames[r][c] if frames else PAPER, dtype=torch.uint8)
            top, left = r * height + gap, c * width + gap
            bottom, right = top + picture.shape[1] + 2 * border, left + picture.shape[2] + 2 * border
            sheet[:, top:bottom, left:right] = colour[:, None, None]
            sheet[:, top + border : bottom - border, left + border : right - border] = picture
    return sheet


def pictures(table: CropTable, rows: np.ndarray, size: tuple[int, int]) -> list[Tensor]:
    """The pictures of these rows, uint8 (3, H, W) each."""
    return list(CropStore(table.take(rows), size).images(range(len(rows))))


def example_figure(found: Retention, path: Path, *, count: int = 8, size: tuple[int, int] = CELL) -> Path:
    """The worst and the best translations by identity retention, each below its original (the report's Fig. 17).

    The left half holds those whose person is hardest to find, worst first; the right half the easiest, best last.
    """
    order = found.order()
    half = min(count, len(order) // 2) or 1
    chosen = np.concatenate([order[::-1][:half], order[:half][::-1]])
    originals, generated = pictures(found.originals, found.own[chosen], size), pictures(found.generated, chosen, size)
    colours = [GREEN if found.margin[row] > 0 else RED for row in chosen]
    write_picture(grid([originals, generated], [[GREY] * len(chosen), colours]), path)
    return path


def neighbour_figure(found: Retention, path: Path, *, count: int = 6, size: tuple[int, int] = CELL) -> Path:
    """Generated crops, their originals, and the nearest real crops: green the same person, red another (Fig. 18).

    The crops are spread evenly from the best margin to the worst.
    """
    order = found.order()
    chosen = order[np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)]
    rows, frames = [], []
    for row in chosen.tolist():
        near = found.neighbours[row][found.neighbours[row] != found.own[row]]
        right = found.originals.person[near] == found.generated.person[row]
        real = pictures(found.originals, np.append(found.own[row], near), size)
        rows.append([real[0], *pictures(found.generated, np.array([row]), size), *real[1:]])
        frames.append([GREY, GREY, *[GREEN if good else RED for good in right]])
    write_picture(grid(rows, frames), path)
    return path


def pose_figure(
    run: str | Path, dataset: str, path: Path, *, crops: int = 4, poses: int = 8, seed: int = 0, pose: str = ""
) -> Path:
    """A few crops of the source camera, each redrawn in the same poses; the poses stand above (the report's Fig. 21).

    Args:
        run: run of a model that takes poses (3 or variable).
        dataset: whose crops are redrawn.
        path: PNG to write.
        crops, poses: rows and columns.
        seed: draws both.
        pose: dataset of the poses; by default the target camera's crops in ``dataset``.
    """
    method = load(run)
    if "poses" not in getattr(method, "inputs", ()):
        raise ConfigError(
            "This run's model redraws a person in the pose it has; a pose figure needs model 3 or variable."
        )
    images, masks = _drawn(method, dataset, "source_camera", crops, seed)
    _, silhouettes = _drawn(method, pose or dataset, "target_camera", poses, seed + 1)
    first: list[Tensor | None] = [None, *[mask.expand(3, -1, -1) for mask in silhouettes]]
    rows = [first]
    for image, mask in zip(images, masks):
        repeated = [t[None].expand(len(silhouettes), -1, -1, -1) for t in (image, mask)]
        rows.append([image, *method.translate(repeated[0], repeated[1], silhouettes)])
    write_picture(grid([[None if p is None else enlarged(p) for p in row] for row in rows]), path)
    return path


def report_retention(
    reid: str | Path, generated: str, out: Path, *, device: str = "auto", progress: ProgressCallback | None = None
) -> dict[str, Any]:
    """Measure identity retention and write ``retention.json``, ``examples.png`` and ``neighbours.png`` to ``out``."""
    found = measure_retention(reid, generated, device=device, progress=progress)
    summary = found.summary()
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as problem:
        raise RunError(f"The folder '{out}' cannot be created: {problem.strerror}. Give another --out.") from None
    write_json(out / "retention.json", {"reid": str(reid), "generated": generated, **summary})
    example_figure(found, out / "examples.png")
    neighbour_figure(found, out / "neighbours.png")
    return summary


def _drawn(method: Method, dataset: str, role: str, count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Pictures and masks of crops of a camera, one per person as far as there are persons, drawn by the seed."""
    table = read(dataset)
    camera = getattr(method.config, role, -1)
    if camera >= 0:
        table = table.require(camera=camera)
    order = np.random.default_rng(seed).permutation(len(table))
    if table.labelled:
        order = order[table.person[order] > 0]
        turn = np.zeros(len(order), dtype=np.int64)
        for person in np.unique(table.person[order]):
            mine = table.person[order] == person
            turn[mine] = np.arange(mine.sum())
        order = order[np.argsort(turn, kind="stable")]
    store = CropStore(table.take(order[: 4 * count]), method.config.size)
    found = masks_of(store, getattr(method.config, "mask_source", "table"))
    rows = np.flatnonzero(found.usable)[:count]
    if not len(rows):
        raise ConfigError(f"{found.text(store)}; a pose figure needs masks.")
    return store.images(rows), found.values[rows]


def enlarged(picture: Tensor) -> Tensor:
    """At least 128 px high, by a whole factor."""
    factor = max(1, round(CELL[0] / picture.shape[1]))
    return F.interpolate(picture[None].float(), scale_factor=factor, mode="nearest")[0].to(torch.uint8)
