"""Redraw a dataset's crops with a trained method and write them as a dataset of their own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from torch import Tensor

from reidapt.data import CropStore, CropTable, read
from reidapt.data.masks import Masks, masks_of
from reidapt.data.pairs import camera_pair, random_pairs
from reidapt.data.randomness import numpy_generator
from reidapt.errors import ConfigError, DataError
from reidapt.methods import Method
from reidapt.progress import ProgressCallback
from reidapt.training.checkpoint import load
from reidapt.training.device import torch_device
from reidapt.training.rendering import Surroundings, context_table, mask_source, needed
from reidapt.translation.write import MarketWriter, whole_folder

Part = Literal["all", "unseen", "new-ids"]


@dataclass(frozen=True)
class Translation:
    """What was written.

    Attributes:
        folder: the dataset.
        spec: how to read it.
        crops, persons: how many were written.
        left_out: a sentence about crops without a usable mask; empty where there are none.
    """

    folder: Path
    spec: str
    crops: int
    persons: int
    left_out: str


def translate_dataset(
    run: str | Path,
    dataset: str,
    out: Path,
    *,
    camera: int | None = None,
    part: Part = "all",
    splits: tuple[str, ...] = (),
    masks: str = "",
    pose: str = "",
    contexts: int = 1,
    context: str = "",
    seed: int = 0,
    batch_size: int = 32,
    device: str = "auto",
    progress: ProgressCallback | None = None,
) -> Translation:
    """Redraw the crops of the run's source camera and write them in the Market-1501 layout.

    Ids stay; the camera is the one that the run imitates; ``crops.csv`` says of every crop which picture, camera, run, pose
    and context it was made from.

    Args:
        run: run folder or checkpoint of a method that translates.
        dataset: labelled dataset, e.g. ``market1501:DIR``.
        out: folder to write; must not exist or be empty. It appears only when it is complete.
        camera: number of the generated camera; by default the run's ``target_camera``, or the highest of the dataset + 1.
        part: ``all`` crops of the source camera; those whose (person, sequence) the target camera never saw
            (``unseen``, the report's test crops); or those whose person it never saw (``new-ids``).
        splits: which of train, val, query, gallery; by default all that the dataset has.
        masks: mask source, see :func:`reidapt.data.masks.masks_of`; by default the run's.
        pose: dataset whose masks are asked for as poses, drawn at random; ``own`` asks for a crop's own pose. By default
            the target camera's masks in ``dataset``.
        contexts: pictures made of every crop, each in another context drawn at random; for methods that take contexts.
        context: dataset whose training pictures are the contexts; by default what the run was trained on.
        seed: seed of the poses and contexts.
        batch_size: crops per forward pass.
        device: ``auto``, ``cpu``, ``cuda`` or ``cuda:N``.
        progress: called as (done, total, what).

    Raises:
        ConfigError, DataError, RunError: with a sentence, before anything is written.
    """
    if batch_size < 1 or contexts < 1:
        what, value = ("batch size", batch_size) if batch_size < 1 else ("number of contexts", contexts)
        raise ConfigError(f"The {what} is {value}; it must be 1 or more.")
    method = load(run).to(torch_device(device))
    method.device = torch_device(device)
    wanted = needed(method, str(run))
    if "contexts" not in wanted and (contexts > 1 or context):
        raise ConfigError(
            f"The run '{run}' ('{method.name}') draws without contexts, so a crop has one translation; leave --contexts and "
            "--context out."
        )
    table = read(dataset)
    rows = chosen_rows(table, method, dataset, part, splits)
    chosen = CropStore(table.take(rows), method.config.size)
    source = masks or mask_source(method)
    own = masks_of(chosen, source)
    usable = own.usable if "masks" in wanted else np.ones(len(rows), dtype=bool)
    left_out = "" if usable.all() else f"{own.text(chosen)}; these are left out"
    if not usable.any():
        raise DataError(f"{own.text(chosen)}, and this model redraws from masks. Give --masks ellipse, or add masks.")
    places = np.repeat(np.flatnonzero(usable), contexts)
    poses, pose_paths = chosen_poses(method, table, own, places, chosen, pose, source, seed, "poses" in wanted)
    frame = described(table.take(rows[places]), run, method, pose_paths)
    around: tuple[Surroundings, np.ndarray] | None = None
    if "contexts" in wanted:
        surroundings = Surroundings.of(context_table(method, context), method)
        picks = random_pairs(np.arange(int(usable.sum())), surroundings.rows, contexts, seed=seed)[:, 1]
        around, shown = (surroundings, picks), surroundings.store.table.take(picks)
        frame = frame.assign(context_path=shown.paths, context_camera=shown.camera)
    number = generated_camera(method, table) if camera is None else camera
    with whole_folder(Path(out)) as folder:
        writer = MarketWriter(folder, frame, number)
        for start in range(0, len(places), batch_size):
            part_of = np.arange(start, min(start + batch_size, len(places)))
            here = places[part_of]
            m_in = own.values[here]
            m_out = None if poses is None else poses[part_of]
            given: dict[str, Any] = {"masks": m_in, "poses": m_out}
            if around is not None:
                given["contexts"] = around[0].contexts(around[1][part_of])
            pictures = method.translate(chosen.images(here), **{name: given[name] for name in wanted})
            known = own.usable[here] if m_out is None else np.ones(len(here), dtype=bool)
            writer.write(part_of, pictures, m_in if m_out is None else m_out, known)
            if progress is not None:
                progress(len(part_of) + start, len(places), "crops")
        writer.close()
    persons = len(np.unique(frame["person"][frame["person"] > 0]))
    return Translation(Path(out), spec_of(Path(out)), len(places), persons, left_out)


def chosen_rows(table: CropTable, method: Method, dataset: str, part: Part, splits: tuple[str, ...]) -> np.ndarray:
    """Rows of the source camera's persons in the splits and the part asked for."""
    if not table.labelled:
        raise DataError(f"'{dataset}' has no persons; a translation that keeps ids needs a labelled dataset.")
    a, b = (getattr(method.config, f"{role}_camera", -1) for role in ("source", "target"))
    keep = table.person > 0
    if a >= 0:
        keep &= table.camera == a
    if splits:
        keep &= np.isin(table.column("split"), splits)
    if part != "all":
        if min(a, b) < 0:
            raise ConfigError(
                f"The part '{part}' compares two cameras, but the run was not trained for a pair of cameras."
            )
        pair = camera_pair(table, a, b, by_sequence=getattr(method.config, "same_sequence", True))
        keep &= np.isin(np.arange(len(table)), pair.test if part == "unseen" else pair.new_ids)
    rows = np.flatnonzero(keep)
    if not len(rows):
        what = f" of camera {a}" if a >= 0 else ""
        where = f" in the splits {', '.join(splits)}" if splits else ""
        raise DataError(
            f"'{dataset}' has no crops{what}{where} to translate (part '{part}'); its cameras are "
            f"{', '.join(map(str, sorted(set(table.camera.tolist()))))}, its splits {', '.join(table.splits)}."
        )
    return rows


def chosen_poses(
    method: Method,
    table: CropTable,
    own: Masks,
    places: np.ndarray,
    chosen: CropStore,
    pose: str,
    source: str,
    seed: int,
    wanted: bool,
) -> tuple[Tensor | None, list[str]]:
    """A pose mask for every crop to redraw, uint8 (N, 1, H, W), and the picture it was taken from."""
    if not wanted:
        if pose:
            raise ConfigError(
                "This run's model redraws a person in the pose it has; --pose is for models 3 and variable."
            )
        return None, [""] * len(places)
    if pose == "own":
        return own.values[places], chosen.table.paths[places].tolist()
    b = getattr(method.config, "target_camera", -1)
    others = read(pose) if pose else table
    if others.splits.get("train"):
        others = others.select(split="train")  # poses of test crops must not reach a training set
    if b >= 0 and (others.camera == b).any():
        others = others.select(camera=b)
    store = CropStore(others, method.config.size, cache_bytes=0)
    found = masks_of(store, source)
    if not found.usable.any():
        raise DataError(
            f"{found.text(store)}, so no pose can be asked for. Give --pose DATASET with masks, or --pose own."
        )
    rows = numpy_generator(seed, "poses", 0).choice(np.flatnonzero(found.usable), len(places))
    return found.values[rows], others.paths[rows].tolist()


def described(table: CropTable, run: str | Path, method: Method, poses: list[str]) -> pd.DataFrame:
    """The rows of ``crops.csv``: what stays of each crop, and where the new one came from."""
    frame = table.frame
    kept = ["person", "sequence", "frame", "split", *[c for c in ("person_name",) if c in frame]]
    model = getattr(method.config, "model", "")
    return frame[kept].assign(
        domain=f"{table.name}-generated",
        source_path=frame["path"],
        source_camera=frame["camera"],
        method=method.name,
        model=str(model),
        run=str(run),
        pose_path=poses,
    )


def generated_camera(method: Method, table: CropTable) -> int:
    """The camera that the run imitates, or a number that the dataset does not use."""
    camera = int(getattr(method.config, "target_camera", -1))
    return camera if camera >= 0 else max(0, int(table.camera.max())) + 1


def spec_of(folder: Path) -> str:
    """``market1501:FOLDER`` where every split has pictures, otherwise ``csv:FOLDER/crops.csv``."""
    full = all(any((folder / split).iterdir()) for split in ("bounding_box_train", "query", "bounding_box_test"))
    return f"market1501:{folder}" if full else f"csv:{folder / 'crops.csv'}"
