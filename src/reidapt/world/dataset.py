"""`WorldDataset`: crops drawn while a network trains, new ones every epoch, without files."""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import torch
from threadpoolctl import threadpool_limits
from torch import Tensor

from reidapt.errors import WorldError
from reidapt.world.factors import Choice
from reidapt.world.layout import Arguments, Item
from reidapt.world.streams import stream
from reidapt.world.studio import Dressed, Picture, Studio
from reidapt.world.styles import Style, find_style

FIRST_STREAMED = 1_000
"""Number of the first streamed picture: none is also among the files of `render_world`, which have at most 99."""


BATCH = 16
"""Crops that are drawn together by a thread."""


def one_thread() -> threadpool_limits:
    """Matrix products of NumPy in one thread: small ones are slower in several. PyTorch is not touched."""
    return threadpool_limits(1, user_api="blas")


class WorldDataset:
    """A training set of synthetic people whose pictures are drawn when they are asked for.

    Row `i` is one person at one camera; which picture of the two it is depends on `epoch` (see `set_epoch`), so that no
    picture is seen twice. **A picture is a pure function of (style, seed, epoch, row)**: the order in which rows are asked
    for, batches and threads change nothing. `images` and `masks` are those of `reidapt.data.CropStore`.

    Args:
        style: name of one of `STYLES`, or a `Style` of your own.
        people, cameras, pictures: rows: `people × cameras × pictures`, persons numbered from 1.
        seed: which people. `occlusion`, `lookalikes`, `hold`, `values`: as of `render_world`.
        size: (H, W) in pixels.
        keep: dressed people that stay in memory (about 0.5 MB each); fewer than are in use at once costs time.
        workers: threads that draw; None leaves one core to the network that trains. They change no picture.

    Raises:
        WorldError: arguments that cannot be rendered, or anny or warp not installed.
    """

    def __init__(
        self,
        style: str | Style,
        *,
        people: int,
        cameras: int = 6,
        pictures: int = 4,
        seed: int = 0,
        size: tuple[int, int] = (128, 64),
        occlusion: float = 0.2,
        lookalikes: float = 0.0,
        hold: Collection[str] = (),
        values: Mapping[str, object] | None = None,
        device: str = "cpu",
        keep: int = 2_000,
        workers: int | None = None,
    ) -> None:
        arguments = Arguments(
            people, cameras, pictures, seed, size, "table", 1.0, occlusion=occlusion, lookalikes=lookalikes,
            choice=Choice(frozenset(hold), dict(values or {})),
        ).check()  # fmt: skip
        self.size, self.epoch, self.keep = (int(size[0]), int(size[1])), 0, keep
        self.studio = Studio(find_style(style), arguments, device)
        self.workers = workers or max(1, (os.cpu_count() or 2) - 1)
        with one_thread():
            for camera in self.studio.cameras:
                self.studio.renderer.draw_backdrop(camera)
        rows = np.indices((people, cameras, pictures)).reshape(3, -1)
        self._index, self._camera, self._picture = rows[0], rows[1] + 1, rows[2]
        self.person = self._index + 1
        """(N,) int64 identity of every row."""
        self.camera = self._camera
        """(N,) int64 camera of every row."""
        self._wardrobe: OrderedDict[int, Dressed] = OrderedDict()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self.person)

    def set_epoch(self, epoch: int) -> None:
        """Other pictures of the same people: those of `epoch`, from 0."""
        if epoch < 0:
            raise WorldError(f"an epoch is 0 or more, found {epoch}.")
        self.epoch = int(epoch)

    def images(self, indices: Sequence[int] | np.ndarray | Tensor) -> Tensor:
        """Pictures of these rows (B,), uint8 (B, 3, H, W) in 0..255 on the CPU."""
        return self.draw(indices)[0]

    def masks(self, indices: Sequence[int] | np.ndarray | Tensor, missing: int | None = None) -> Tensor:
        """Person masks of these rows (B,), uint8 (B, 1, H, W) in 0..255; `missing` is ignored, every row has a mask."""
        return self.draw(indices)[1]

    def draw(self, indices: Sequence[int] | np.ndarray | Tensor) -> tuple[Tensor, Tensor]:
        """Pictures (B, 3, H, W) and masks (B, 1, H, W) of these rows (B,), uint8, drawn once for both."""
        rows = np.asarray(indices, np.int64).reshape(-1)
        if len(rows) and not 0 <= rows.min() <= rows.max() < len(self):
            raise WorldError(f"rows {rows.min()}..{rows.max()} were asked for; there are rows 0..{len(self) - 1}.")
        images = torch.empty((len(rows), 3, *self.size), dtype=torch.uint8)
        masks = torch.empty((len(rows), 1, *self.size), dtype=torch.uint8)
        by_person = np.argsort(self._index[rows], kind="stable")
        parts = [by_person[start : start + BATCH] for start in range(0, len(rows), BATCH)]

        def fill(places: np.ndarray) -> None:
            rgb, mask = self._draw(rows[places])
            images[places] = torch.from_numpy(rgb).permute(0, 3, 1, 2)
            masks[places, 0] = torch.from_numpy(mask)

        with one_thread():
            if self.workers == 1 or len(parts) < 2:
                for part in parts:
                    fill(part)
            else:
                with ThreadPoolExecutor(min(self.workers, len(parts)), thread_name_prefix="reidapt-draw") as pool:
                    list(pool.map(fill, parts))
        return images, masks

    def _draw(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pictures (B, H, W, 3) and masks (B, H, W) of rows in the order of their persons, drawn together."""
        crops, meshes = [], []
        for index in dict.fromkeys(self._index[rows].tolist()):
            who = self._dressed(index)
            taken = self.studio.crops(who, [self.item(int(row)) for row in rows[self._index[rows] == index]])
            crops += taken
            meshes += [who.mesh] * len(taken)
        drawn = self.studio.renderer.draw(crops, meshes)
        return drawn.rgb, drawn.mask

    def __getitem__(self, row: int) -> dict[str, object]:
        """One picture: `image` (3, H, W) and `mask` (1, H, W) uint8, `person`, `camera`, and `parameters`."""
        if not 0 <= row < len(self):
            raise IndexError(f"row {row} was asked for; there are rows 0..{len(self) - 1}.")
        with one_thread():
            picture: Picture = next(self.studio.pictures(self._dressed(int(self._index[row])), [self.item(row)]))
        return {
            "image": torch.from_numpy(picture.rgb.copy()).permute(2, 0, 1),
            "mask": torch.from_numpy(picture.mask.copy())[None],
            "person": int(self.person[row]),
            "camera": int(self.camera[row]),
            "parameters": picture.columns(),
        }

    def batches(self, persons: int = 16, pictures: int = 4) -> Iterator[dict[str, Tensor]]:
        """One epoch of batches with `pictures` rows of each of `persons` people, and on to the next epoch.

        A batch has `image`, `mask`, `person` (B,) and `camera` (B,). People are shuffled; a rest too small for a batch is
        left out.
        """
        people = int(self.person.max())
        order = stream(self.studio.arguments.seed, self.studio.style.name, "epoch", self.epoch)
        shuffled = order.permutation(people)
        each = len(self) // people
        for start in range(0, people - persons + 1, persons):
            rows = np.concatenate(
                [
                    who * each + order.permutation(each)[np.arange(pictures) % each]
                    for who in shuffled[start : start + persons]
                ]
            )
            image, mask = self.draw(rows)
            yield {
                "image": image,
                "mask": mask,
                "person": torch.from_numpy(self.person[rows]),
                "camera": torch.from_numpy(self.camera[rows]),
            }
        self.set_epoch(self.epoch + 1)

    def item(self, row: int) -> Item:
        """What row `row` shows in this epoch."""
        number = FIRST_STREAMED + self.epoch * self.studio.arguments.pictures + int(self._picture[row])
        return Item("", "", int(self.person[row]), number, int(self._camera[row]), -1, number, "person", "train")

    def _dressed(self, index: int) -> Dressed:
        with self._lock:
            if index in self._wardrobe:
                self._wardrobe.move_to_end(index)
                return self._wardrobe[index]
        dressed = self.studio.dressed(index)
        with self._lock:
            self._wardrobe[index] = dressed
            while len(self._wardrobe) > self.keep:
                self._wardrobe.popitem(last=False)
        return dressed
