"""`render_world`: a labelled world as image files, masks and tables, written whole or not at all."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from reidapt.errors import WorldError
from reidapt.world.body import BodyModel, load_body_model
from reidapt.world.cameras import Camera, sample_camera
from reidapt.world.crops import Crop, sample_crop
from reidapt.world.dressing import dress
from reidapt.world.layout import Item, check_arguments, check_target, market_items
from reidapt.world.people import Person, sample_person
from reidapt.world.render import Renderer
from reidapt.world.sheet import contact_sheet
from reidapt.world.styles import Style, find_style

VERSION = "1"
"""Of the pictures: raised whenever the same arguments give other bytes."""

Progress = Callable[[int, int, str], None]
"""Called as progress(done, total, what), from the thread that called `render_world`."""


@dataclass
class Studio:
    """What every worker shares: the body model, the renderer and the arguments."""

    style: Style
    seed: int
    model: BodyModel
    cameras: list[Camera]
    renderer: Renderer
    folder: Path
    batch_size: int

    def person(self, index: int) -> Person:
        return sample_person(self.seed, self.style.name, index, self.style.wardrobe)

    def render_person(self, index: int, items: list[Item], stop: threading.Event) -> list[dict[str, object]]:
        """Draw and write all files of one person; returns their table rows."""
        person = self.person(index)
        rest, mesh, soles = dress(self.model, person)
        rows: list[dict[str, object]] = []
        for start in range(0, len(items), self.batch_size):
            if stop.is_set():
                return rows
            batch = items[start : start + self.batch_size]
            crops = [
                sample_crop(
                    self.seed,
                    self.style,
                    self.cameras[item.camera - 1],
                    person,
                    rest,
                    soles,
                    self.model.parents,
                    item.picture,
                    item.kind,
                )
                for item in batch
            ]
            rgb, masks, boxes = self.renderer.draw(crops, [mesh] * len(crops))
            for item, crop, picture, mask, box in zip(batch, crops, rgb, masks, boxes):
                rows.append(self._write(item, person, crop, picture, mask, box))
        return rows

    def _write(
        self, item: Item, person: Person, crop: Crop, picture: np.ndarray, mask: np.ndarray, box: np.ndarray
    ) -> dict[str, object]:
        jpeg, png = encode(picture, crop.jpeg_quality), encode_mask(mask)
        path = f"{item.folder}/{item.name}"
        mask_path = f"masks/{item.folder}/{item.name[:-4]}.png"
        (self.folder / path).write_bytes(jpeg)
        (self.folder / mask_path).write_bytes(png)
        described = person.columns() if item.kind != "empty" else dict.fromkeys(person.columns(), "")
        return {
            "path": path,
            "person": item.person,
            "camera": item.camera,
            "sequence": item.sequence,
            "frame": item.frame,
            "tracklet": -1,
            "modality": "colour",
            "mask": mask_path,
            "split": item.split,
            "domain": self.style.name,
            **described,
            **crop.columns,
            "box_height": round(float(box[3]), 1),
            **crop.camera.columns(),
            "sha256": hashlib.sha256(jpeg + png).hexdigest(),
        }


def encode(picture: np.ndarray, quality: int) -> bytes:
    """JPEG bytes of an (H, W, 3) uint8 picture."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return buffer.getvalue()


def encode_mask(mask: np.ndarray) -> bytes:
    """PNG bytes of an (H, W) uint8 mask."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(mask).save(buffer, "PNG", compress_level=3)
    return buffer.getvalue()


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
    workers: int | None = None,
    batch_size: int | None = None,
    device: str = "cpu",
    sheet: str | Path | None = None,
    progress: Progress | None = None,
) -> Path:
    """Render a labelled world of synthetic adults and return its folder.

    Args:
        style: name of one of `STYLES`, or a `Style` of your own.
        people: identities, 2..9999; the first `train_fraction` of them are for training.
        cameras: fixed cameras of the style, from number 1.
        pictures: crops per person and camera.
        seed: which people and walks are drawn; cameras belong to the style and do not change with it.
        size: (height, width) of a crop in pixels.
        out: folder to write; it must not exist or be empty. It appears only when everything is written.
        layout: `market1501`: `bounding_box_train`, `query`, `bounding_box_test`, and masks under `masks/`.
        junk: partial crops (person −1) per test person. distractors: background crops (person 0) per test person.
        workers: threads (default: the CPU's cores, at most 8). batch_size: crops per kernel launch. Neither changes a
            byte of the result.
        device: `cpu` or `cuda`.
        sheet: also draw a contact sheet there.
        progress: called as progress(done, total, what).

    Writes `crops.csv` (one row per crop with every parameter) and `world.json` (arguments, counts, SHA-256 of files).

    Raises:
        WorldError: arguments that cannot be rendered, a folder that is in use, or anny or warp not installed.
    """
    chosen = find_style(style)
    out = Path(out)
    train_people = check_arguments(people, cameras, pictures, size, layout, train_fraction)
    for name, value in (("junk", junk), ("distractors", distractors)):
        if not 0 <= value <= 99:
            raise WorldError(f"{name} must be between 0 and 99 per test person, found {value}.")
    if workers is not None and workers < 1:
        raise WorldError(f"workers must be at least 1, found {workers}.")
    if batch_size is not None and batch_size < 1:
        raise WorldError(f"batch_size must be at least 1, found {batch_size}.")
    check_target(out)
    report = progress or (lambda done, total, what: None)
    groups = [
        market_items(i, cameras, pictures, train_people, seed, chosen.name, junk, distractors) for i in range(people)
    ]
    total = sum(len(group) for group in groups)
    report(0, total, "loading bodies (the first time on a machine takes about a minute)")
    model = load_body_model()
    report(0, total, "compiling kernels")
    fixed = [sample_camera(chosen, number) for number in range(1, cameras + 1)]
    renderer = Renderer(fixed, (int(size[0]), int(size[1])), chosen.box_jitter, device)
    threads = workers or min(8, os.cpu_count() or 1)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.partial")
    stop = threading.Event()
    try:
        for folder in ("bounding_box_train", "query", "bounding_box_test"):
            (temporary / folder).mkdir(parents=True)
            (temporary / "masks" / folder).mkdir(parents=True)
        studio = Studio(chosen, seed, model, fixed, renderer, temporary, batch_size or 32)
        rows: list[dict[str, object]] = []
        with threadpool_limits(1), ThreadPoolExecutor(threads) as pool:
            try:
                for done, _ in enumerate(pool.map(renderer.draw_backdrop, fixed), 1):
                    report(0, total, f"drawing places ({done}/{cameras})")
                futures = [pool.submit(studio.render_person, i, items, stop) for i, items in enumerate(groups)]
                for future in as_completed(futures):
                    rows += future.result()
                    report(len(rows), total, "rendering crops")
            except BaseException:
                stop.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        rows.sort(key=lambda row: str(row["path"]))
        write_tables(
            temporary,
            rows,
            chosen,
            determining(people, cameras, pictures, seed, size, layout, train_fraction, junk, distractors),
        )
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


def determining(
    people: int,
    cameras: int,
    pictures: int,
    seed: int,
    size: tuple[int, int],
    layout: str,
    train_fraction: float,
    junk: int,
    distractors: int,
) -> dict[str, object]:
    """The arguments that determine the bytes, for `world.json`."""
    return {
        "people": people,
        "cameras": cameras,
        "pictures": pictures,
        "seed": seed,
        "size": [int(s) for s in size],
        "layout": layout,
        "train_fraction": train_fraction,
        "junk": junk,
        "distractors": distractors,
    }


def write_tables(folder: Path, rows: list[dict[str, object]], style: Style, arguments: dict[str, object]) -> None:
    """`crops.csv` and `world.json`."""
    digest = hashlib.sha256()
    for row in rows:
        digest.update(f"{row['path']} {row['sha256']}\n".encode())
    names = [name for name in rows[0] if name != "sha256"]
    with (folder / "crops.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, extrasaction="ignore", lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    table = (folder / "crops.csv").read_bytes()
    digest.update(table)
    splits = {split: sum(row["split"] == split for row in rows) for split in ("train", "query", "gallery")}
    summary = {
        "style": style.name,
        "description": style.description,
        "version": VERSION,
        "arguments": arguments,
        "crops": len(rows),
        "splits": splits,
        "sha256": digest.hexdigest(),
    }
    (folder / "world.json").write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
