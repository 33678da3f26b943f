"""`render_world`: a labelled world as image files, labels and tables, written whole or not at all."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import groupby
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from reidapt.errors import WorldError
from reidapt.world.factors import Choice
from reidapt.world.files import write_picture, write_tables
from reidapt.world.labels import FOLDERS, check_labels, write_joints
from reidapt.world.layout import MARKET, Arguments, Item, check_target, folders, is_whole, plan
from reidapt.world.sheet import contact_sheet
from reidapt.world.studio import Studio
from reidapt.world.styles import Style, find_style

VERSION = "2"
"""Of the pictures: raised whenever the same arguments give other bytes."""

BATCH = 16
"""Crops per kernel launch: their buffers stay in the processor's cache."""

Progress = Callable[[int, int, str], None]
"""Called as progress(done, total, what), from the thread that called `render_world`."""

Row = tuple[dict[str, object], tuple[np.ndarray, ...]]


def render_world(
    style: str | Style,
    *,
    people: int,
    cameras: int,
    pictures: int,
    seed: int,
    size: tuple[int, int] = (128, 64),
    out: str | Path,
    layout: str = "market1501",
    train_fraction: float = 0.5,
    junk: int = 0,
    distractors: int = 0,
    modalities: Sequence[str] = ("colour",),
    camera_modalities: Sequence[str] = (),
    simultaneous: bool = False,
    one_side: bool = False,
    labels: Sequence[str] = ("mask",),
    tracklets: int = 0,
    frames: int = 8,
    occlusion: float = 0.2,
    outfits: int = 1,
    lookalikes: float = 0.0,
    backgrounds: str | Path = "",
    hold: Collection[str] = (),
    values: Mapping[str, object] | None = None,
    workers: int | None = None,
    batch_size: int | None = None,
    device: str = "cpu",
    sheet: str | Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Render a labelled world of synthetic adults and return its folder.

    Args:
        style: name of one of `STYLES`, or a `Style` of your own.
        people: identities, 2..9999 (`table`: 999999); the first `train_fraction` of them are for training.
        cameras: fixed cameras of the style, from number 1.
        pictures: crops per person, camera and modality; 1..99.
        seed: which people and walks are drawn; cameras belong to the style and do not change with it.
        size: (height, width) of a crop in pixels.
        out: folder to write; it must not exist or be empty. It appears only when everything is written.
        layout: `market1501`: `bounding_box_train`, `query`, `bounding_box_test`; `table`: a folder per person below
            `pictures/`. Both have the labels in folders of their own and everything else in `crops.csv`.
        junk: partial crops (person −1) per test person. distractors: background crops (person 0) per test person.
        modalities: `colour`, `infrared`, `thermal`, `sketch`: every camera films them all, each in pictures of its own.
        camera_modalities: instead, one modality per camera.
        simultaneous: every camera takes a picture in all `modalities` at the same moment: of one pose, in one place.
        one_side: a camera sees a person from the front alone, or from the back alone, within 25°; as in RegDB.
        labels: `mask` (soft, 0..255), `hard` (0 or 255), `parts` (row of `mesh.PARTS`, 0 elsewhere), `depth`
            (16-bit PNG, millimetres), `joints` (`joints.npz`, see `labels.write_joints`).
        tracklets: instead of single pictures, walks per person, camera and modality of `frames` pictures, 0.12 s apart.
        occlusion: share of the pictures in which somebody, something or the frame's border hides a part of the person.
        outfits: sets of clothes per person, each in recordings of its own.
        lookalikes: share of the people who dress like somebody else.
        backgrounds: folder of photographs that stand in for the style's scenes, the first by name for camera 1.
        hold: factors (names of `factors.FACTORS`) that have one value in the whole world.
        values: parameters (columns of `crops.csv`) that are set to a value.
        workers: threads (default: the CPU's cores, at most 8). batch_size: crops per kernel launch. Neither changes a
            byte of the result.
        device: `cpu` or `cuda`.
        sheet: also draw a contact sheet there.
        progress: called as progress(done, total, what).

    Writes `crops.csv` (one row per crop with every parameter) and `world.json` (arguments, counts, SHA-256 of files).

    Raises:
        WorldError: arguments that cannot be rendered, a folder that is in use, or anny or warp not installed.
    """
    chosen, out = find_style(style), Path(out)
    arguments = Arguments(
        people, cameras, pictures, seed, size, layout, train_fraction, junk, distractors, tuple(modalities),
        tuple(camera_modalities), simultaneous, one_side, tuple(labels), tracklets, frames, occlusion, outfits, lookalikes,
        str(backgrounds), Choice(frozenset(hold), dict(values or {})),
    ).check()  # fmt: skip
    for name, value in (("workers", workers), ("batch_size", batch_size)):
        if value is not None and (not is_whole(value) or value < 1):
            raise WorldError(f"{name} must be at least 1, found {value}.")
    check_target(out)
    report = progress or (lambda done, total, what: None)
    plans = [plan(arguments, chosen.name, index) for index in range(people)]
    total = sum(len(items) for items in plans)
    report(0, total, "loading bodies (the first time on a machine takes about a minute)")
    studio = Studio(chosen, arguments, device, batch_size or BATCH)
    report(0, total, "compiling kernels")
    _ = studio.renderer, studio.world
    temporary = out.with_name(f".{out.name}.{os.getpid()}.partial")
    try:
        layout_folders = MARKET.values() if arguments.layout == "market1501" else ()
        make_folders(temporary, plans, check_labels(labels), layout_folders)
        rows = draw_all(studio, plans, temporary, workers or min(8, os.cpu_count() or 1), report)
        rows.sort(key=lambda row: str(row[0]["path"]))
        if "joints" in labels:
            write_joints(temporary, [row for row, _ in rows], [joints for _, joints in rows])
        write_tables(temporary, [row for row, _ in rows], chosen, VERSION, arguments.as_dict())
        if out.exists():
            out.rmdir()
        else:
            out.parent.mkdir(parents=True, exist_ok=True)
        temporary.rename(out)
    except OSError as error:
        raise WorldError(f"The world could not be written to {out}: {error}. Nothing was left there.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    if sheet is not None:
        report(total, total, "drawing the contact sheet")
        contact_sheet(out, sheet)
    return out


def draw_all(studio: Studio, plans: Sequence[list[Item]], folder: Path, workers: int, report: Progress) -> list[Row]:
    """Draw the cameras' frames, then everybody, and write the files; returns the rows in any order."""
    rows: list[Row] = []
    total, stop = sum(len(items) for items in plans), threading.Event()
    with threadpool_limits(1), ThreadPoolExecutor(workers) as pool:
        try:
            for done, _ in enumerate(pool.map(studio.renderer.draw_backdrop, studio.cameras), 1):
                report(0, total, f"drawing places ({done}/{len(studio.cameras)})")
            futures = [pool.submit(draw_person, studio, i, items, folder, stop) for i, items in enumerate(plans)]
            for future in as_completed(futures):
                rows += future.result()
                report(len(rows), total, "rendering crops")
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise
    return rows


def draw_person(studio: Studio, index: int, items: list[Item], folder: Path, stop: threading.Event) -> list[Row]:
    """Draw and write all files of one person; returns their table rows."""
    rows: list[Row] = []
    labels = check_labels(studio.arguments.labels)
    for outfit, group in groupby(sorted(items, key=lambda item: item.outfit), key=lambda item: item.outfit):
        if stop.is_set():
            break
        for picture in studio.pictures(studio.dressed(index, outfit), list(group), labels):
            row = write_picture(folder, picture, labels, studio.style.name)
            rows.append((row, picture.labels.joint_rows()))
            if stop.is_set():
                break
    return rows


def make_folders(root: Path, plans: Sequence[list[Item]], labels: Sequence[str], always: Iterable[str]) -> None:
    """All folders that the pictures and their labels are written to, and those a layout has `always`."""
    for folder in sorted({*folders([item for items in plans for item in items]), *always}):
        for parent in (".", *(FOLDERS[name] for name in labels if name in FOLDERS)):
            (root / parent / folder).mkdir(parents=True, exist_ok=True)
