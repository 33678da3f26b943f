"""Draws crops: from people and sampled crops to pictures, masks and labels, a batch at a time, on the CPU or on CUDA."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reidapt.errors import WorldError
from reidapt.world.batch import Batch, gather
from reidapt.world.body import need
from reidapt.world.cameras import FRAME, Camera, empty_frame
from reidapt.world.crops import Crop
from reidapt.world.framing import cut_boxes, lowered, overhang, sensor_rows, source_heights
from reidapt.world.labels import Labels, locate_joints
from reidapt.world.mesh import Mesh
from reidapt.world.modalities import Bands, sensor_table
from reidapt.world.weather import air_rows

SUPERSAMPLING = 2
MAX_SIDE = 1024
"""Largest height or width of a crop."""


def load_kernels() -> tuple[Any, ...]:
    """warp and the kernel modules; a missing warp is a sentence."""
    warp = need("warp")
    from reidapt.world import airborne, backdrop, coverage, develop, kernels, selfshade, shading

    return warp, kernels, shading, selfshade, develop, backdrop, coverage, airborne


@dataclass
class Geometry:
    """What is known of a batch when every pixel has its triangle: the device's arrays, ready to be given colour."""

    batch: Batch
    size: tuple[int, int]
    actors: Any
    view: Any
    place: Any
    turned: Any
    screen: Any
    ground: Any
    vertices: Any
    triangles: Any
    materials: Any
    keys: Any
    boxes: np.ndarray
    bounds: np.ndarray
    sensor: np.ndarray


@dataclass
class Drawn:
    """The pictures of C crops and what belongs to them."""

    rgb: np.ndarray  # (C, H, W, 3) uint8
    mask: np.ndarray  # (C, H, W) uint8, coverage of the visible person
    boxes: np.ndarray  # (C, 4) left, top, width and height in frame pixels
    visible: np.ndarray  # (C,) visible pixels of the person / pixels if nothing hid or cut anything
    occluder: list[str]  # what hides most
    source_height: np.ndarray  # (C,) pixels
    labels: Labels = field(default_factory=Labels)


@dataclass
class Renderer:
    """Kernels, device and the empty frames of a style's cameras; one renderer may be used by several threads."""

    cameras: Sequence[Camera]
    size: tuple[int, int]
    box_jitter: float
    device: str = "cpu"
    samples: int = 1
    frames: Any = field(init=False)
    bands: Bands = field(init=False)

    def __post_init__(self) -> None:
        modules = load_kernels()
        self.warp, self.kernels, self.shading, self.selfshade = modules[:4]
        self.develop, self.backdrop, self.coverage, self.airborne = modules[4:]
        try:
            self.warp.get_device(self.device)
        except (ValueError, RuntimeError) as error:
            raise WorldError(f"There is no device {self.device!r} to render on here; use 'cpu' or 'cuda'.") from error
        for module in modules[1:]:
            self.warp.load_module(module, device=self.device)
        self.slots = {camera.key: slot for slot, camera in enumerate(self.cameras)}
        self.frames = self.warp.zeros((len(self.cameras) + 1, *FRAME), dtype=self.warp.vec4, device=self.device)
        self.frames[len(self.cameras)].fill_(self.warp.vec4(1.0, 1.0, 1.0, 1.0e5))  # behind a sketch is paper
        self.bands = Bands(self)

    def draw_backdrop(self, camera: Camera) -> None:
        """Draw a camera's empty frame; needed once before its crops are drawn."""
        frame = self.frames[self.slots[camera.key]]
        empty_frame(self.warp, self.backdrop, camera, frame, self.samples, self.device)

    def draw(self, crops: Sequence[Crop], meshes: Sequence[Mesh], labels: Collection[str] = ()) -> Drawn:
        """Pictures of `crops`, whose subjects are `meshes` (crops of one person share it).

        `labels` are those of `labels.LABELS` wanted beside the soft mask.
        """
        order: dict[str, list[int]] = {}
        for row, crop in enumerate(crops):
            order.setdefault(crop.modality, []).append(row)
        if len(order) == 1:
            return self._draw(crops, meshes, labels)
        rows = np.argsort(np.concatenate(list(order.values())), kind="stable")
        groups = [self._draw([crops[r] for r in of], [meshes[r] for r in of], labels) for of in order.values()]
        return Drawn(
            **{
                name: np.concatenate([getattr(group, name) for group in groups])[rows]
                for name in ("rgb", "mask", "boxes", "visible", "source_height")
            },
            occluder=[[name for group in groups for name in group.occluder][row] for row in rows],
            labels=Labels.joined([group.labels for group in groups], rows),
        )

    def _draw(self, crops: Sequence[Crop], meshes: Sequence[Mesh], labels: Collection[str]) -> Drawn:
        geometry = self.project(crops, meshes)
        visible, occluder = self.see(geometry)
        if crops[0].modality == "colour":
            rgb, mask = self.colour(geometry)
        else:
            rgb, mask = self.other_band(geometry, crops[0].modality)
        source = source_heights(crops, self.size[0])
        rgb = np.stack([lowered(picture, tall) for picture, tall in zip(rgb, source)])
        return Drawn(rgb, mask, geometry.boxes, visible, occluder, source, self.label(geometry, labels))

    def project(self, crops: Sequence[Crop], meshes: Sequence[Mesh]) -> Geometry:
        """Skin, cut out and rasterise a batch."""
        wp, k, device = self.warp, self.kernels, self.device
        batch = gather(crops, meshes, [self.slots.get(crop.camera.key, len(self.cameras)) for crop in crops])
        count, (tall, wide) = len(crops), (self.size[0] * SUPERSAMPLING, self.size[1] * SUPERSAMPLING)
        joined = batch.joined
        actors = self._array(batch.actors, wp.int32)
        triangles, materials = self._array(joined["triangles"], wp.vec3i), self._array(joined["materials"], wp.int32)
        vertices = self._array(joined["vertices"], wp.vec3)
        dim = (len(batch.actors), int(batch.actors[:, 1].max()))
        place, turned, screen, ground = (wp.empty(dim, dtype=wp.vec3, device=device) for _ in range(4))
        wp.launch(
            k.skin,
            dim=(dim[0], self.parts(dim[1])),
            inputs=[
                vertices,
                self._array(joined["normals"], wp.vec3),
                self._array(joined["bones"], wp.vec4i),
                self._array(joined["weights"], wp.vec4),
                actors,
                self._array(batch.transforms, wp.vec4),
                self._array(batch.view, wp.float32),
                self.chunk,
                place,
                turned,
                screen,
                ground,
            ],
            device=device,
        )
        found = wp.empty((count, 4), dtype=wp.float32, device=device)
        wp.launch(k.outline, dim=count, inputs=[screen, actors, found], device=device)
        bounds = found.numpy().astype(float)
        boxes = cut_boxes(crops, bounds, self.box_jitter)
        scale = np.stack([wide / boxes[:, 2], tall / boxes[:, 3]], axis=1)
        owner = batch.actors[:, 5]
        batch.view[:, 15:17], batch.view[:, 17:19] = boxes[owner, :2], scale[owner]
        view = self._array(batch.view, wp.float32)
        wp.launch(k.to_crop, dim=dim, inputs=[actors, view, screen, ground], device=device)
        keys = wp.zeros((count, tall, wide), dtype=wp.uint64, device=device)
        geometry = Geometry(
            batch, self.size, actors, view, place, turned, screen, ground, vertices, triangles, materials, keys, boxes,
            bounds, sensor_rows(crops, scale / SUPERSAMPLING),
        )  # fmt: skip
        self._rasterise(geometry, actors)
        return geometry

    def _rasterise(self, g: Geometry, actors: Any) -> None:
        dim = (len(g.batch.actors), self.parts(int(g.batch.actors[:, 3].max())))
        inputs = [g.screen, g.triangles, g.materials, actors, self.chunk, *g.keys.shape[1:], g.keys]
        self.warp.launch(self.kernels.rasterise, dim=dim, inputs=inputs, device=self.device)

    def see(self, g: Geometry) -> tuple[np.ndarray, list[str]]:
        """(C,) visible share of every subject, and what hides most; takes away bystanders who hide too much."""
        wp, count, (tall, wide) = self.warp, len(g.boxes), g.keys.shape[1:]
        crowded = g.batch.crowded
        shown = g.batch.actors[:count, 3] > 0
        ends = g.boxes[:, :2] + g.boxes[:, 2:]
        cut = ((g.bounds[:, :2] < g.boxes[:, :2]) | (g.bounds[:, 2:] > ends)).any(axis=1)
        whole, outside = np.zeros(count, int), np.zeros(count, int)
        mine, hidden = self._count(g).T
        asked = np.flatnonzero((crowded | cut) & shown)
        if len(asked):
            rows = np.stack([asked, crowded[asked]], axis=1).astype(np.int32)
            left, top, right, bottom = overhang(g.bounds[asked], g.boxes[asked], (tall, wide))
            shape = (len(asked), top + tall + bottom, left + wide + right)
            covered = wp.zeros(shape, dtype=wp.uint8, device=self.device)
            wp.launch(
                self.coverage.silhouette,
                dim=(len(asked), self.parts(int(g.batch.actors[asked, 3].max()))),
                inputs=[
                    g.screen, g.triangles, g.materials, g.actors, self._array(rows, wp.int32), self.chunk, tall,
                    wide, top, left, covered
                ],
                device=self.device,
            )  # fmt: skip
            found = covered.numpy()
            every = found.sum(axis=(1, 2), dtype=int)
            within = found[:, top : top + tall, left : left + wide].sum(axis=(1, 2), dtype=int)
            outside[asked], whole[asked] = every - within, within
        whole = np.where(crowded, whole, mine)  # pixels within the crop if nobody stood in the way
        full = np.maximum(whole + outside, 1)
        least = np.array([crop.least_visible for crop in g.batch.crops])
        few = crowded & shown & (mine - hidden < least * full) & (mine < whole)
        if few.any():
            self._send_away(g, few)
            mine, hidden = self._count(g).T
        losses = np.stack([np.full(count, 0.02) * full, whole - mine, hidden, outside])
        occluder = [("none", "person", "object", "frame")[k] for k in losses.argmax(axis=0)]
        return np.where(shown, (mine - hidden) / full, 0.0), occluder

    def _count(self, g: Geometry) -> np.ndarray:
        counts = self.warp.zeros((len(g.boxes), 2), dtype=self.warp.int32, device=self.device)
        inputs = [g.keys, g.view, self.frames, counts]
        self.warp.launch(self.coverage.count, dim=(len(g.boxes), self.size[0]), inputs=inputs, device=self.device)
        return counts.numpy().astype(int)

    def _send_away(self, g: Geometry, few: np.ndarray) -> None:
        """Draw the crops `few` (C,) again without their bystanders."""
        table, count = g.batch.actors, len(g.boxes)
        table[count:, 3][few[table[count:, 5]]] = 0
        for row in np.flatnonzero(few):
            g.keys[int(row)].zero_()
        again = table.copy()
        again[~(few[table[:, 5]] & (np.arange(len(table)) < count)), 3] = 0
        g.actors = self._array(table, self.warp.int32)
        self._rasterise(g, self._array(again, self.warp.int32))

    def colour(self, g: Geometry) -> tuple[np.ndarray, np.ndarray]:
        """RGB (C, H, W, 3) and mask (C, H, W) of a batch in visible light."""
        wp, (tall, wide) = self.warp, g.keys.shape[1:]
        image = wp.empty((len(g.boxes), tall, wide), dtype=wp.vec4, device=self.device)
        wp.launch(
            self.shading.shade,
            dim=(len(g.boxes), self.size[0], self.parts(self.size[1])),
            inputs=[self.stage(g), self.frames, *FRAME, self.chunk, image],
            device=self.device,
        )
        crops = g.batch.crops
        air = air_rows([crop.camera.light for crop in crops], [crop.noise_seed for crop in crops])
        self.veil(image, g.keys, g.view, air, self.frames)
        return self.developed(image, g)

    def other_band(self, g: Geometry, modality: str) -> tuple[np.ndarray, np.ndarray]:
        """RGB and mask of a batch in infrared, thermal or as a sketch."""
        if modality == "sketch":
            return self.bands.draw_sketch(self.stage(g), g.batch.crops, self.size)
        return self.developed(self.bands.picture(self.stage(g), g.batch.crops, self.size), g)

    def stage(self, g: Geometry) -> Any:
        """What the shading kernels know of a batch: its geometry and where light reaches it."""
        wp, (tall, wide), joined = self.warp, g.keys.shape[1:], g.batch.joined
        shadow = wp.zeros((len(g.boxes), tall // 2, wide // 2), dtype=wp.uint8, device=self.device)
        wp.launch(
            self.kernels.cast_shadow,
            dim=(len(g.batch.actors), self.parts(int(g.batch.actors[:, 3].max()))),
            inputs=[g.ground, g.triangles, g.actors, g.view, self.chunk, tall // 2, wide // 2, shadow],
            device=self.device,
        )
        stage = self.selfshade.Stage()
        stage.keys, stage.shadow, stage.place, stage.turned, stage.screen = g.keys, shadow, g.place, g.turned, g.screen
        stage.triangles, stage.materials, stage.vertices, stage.actors = g.triangles, g.materials, g.vertices, g.actors
        stage.uv, stage.light = self._array(joined["uv"], wp.vec2), self._array(joined["light"], wp.float32)
        stage.palette, stage.view = self._array(g.batch.palettes, wp.float32), g.view
        stage.reach = self.selfshade.reach(stage, self.chunk, self.device)
        return stage

    def developed(self, image: Any, g: Geometry) -> tuple[np.ndarray, np.ndarray]:
        """RGB and mask of supersampled light (C, 2H, 2W) as the crops' cameras record it."""
        wp, (height, width), count, device = self.warp, self.size, len(g.boxes), self.device
        table = sensor_table(g.batch.crops, g.sensor, height)
        sensor, curves = self._array(table, wp.float32), self._array(self.develop.tone_curves(table), wp.float32)
        seeds = self._array(np.array([crop.noise_seed for crop in g.batch.crops]), wp.int32)
        narrow = wp.empty((count, image.shape[1], width), dtype=wp.vec4, device=device)
        dim, chunk = (count, height, self.parts(width)), self.chunk
        across = (count, image.shape[1], self.parts(width))
        wp.launch(self.develop.blur_across, dim=across, inputs=[image, sensor, chunk, narrow], device=device)
        pixels = wp.empty((count, height, width), dtype=wp.vec4, device=device)
        wp.launch(self.develop.blur_down, dim=dim, inputs=[narrow, sensor, chunk, pixels], device=device)
        rgb = wp.empty((count, height, width, 3), dtype=wp.uint8, device=device)
        mask = wp.empty((count, height, width), dtype=wp.uint8, device=device)
        inputs = [pixels, sensor, curves, seeds, chunk, rgb, mask]
        wp.launch(self.develop.develop, dim=dim, inputs=inputs, device=device)
        return rgb.numpy(), mask.numpy()

    def veil(self, image: Any, keys: Any, view: Any, air: np.ndarray | None, frames: Any) -> None:
        """Haze, rain and snow before the pictures of a batch, where `air` has any (see `weather.air_rows`)."""
        if air is not None:
            inputs = [keys, view, self._array(air, self.warp.float32), frames, image]
            self.warp.launch(self.airborne.veil, dim=(len(air), *self.size), inputs=inputs, device=self.device)

    def label(self, g: Geometry, wanted: Collection[str]) -> Labels:
        """The labels of a batch beside the soft mask."""
        wp, (height, width), count = self.warp, self.size, len(g.boxes)
        labels = Labels()
        if "parts" in wanted or "depth" in wanted:
            part = wp.empty((count, height, width), dtype=wp.uint8, device=self.device)
            depth = wp.empty((count, height, width), dtype=wp.uint16, device=self.device)
            inputs = [
                g.keys,
                g.view,
                self.frames,
                g.actors,
                self._array(g.batch.joined["parts"], wp.int32),
                part,
                depth,
            ]
            wp.launch(self.coverage.label, dim=part.shape, inputs=inputs, device=self.device)
            labels.parts = part.numpy() if "parts" in wanted else None
            labels.depth = depth.numpy() if "depth" in wanted else None
        if "joints" in wanted:
            labels.joints, labels.places, labels.seen = locate_joints(g.batch.crops, g.boxes, self.size, g.keys.numpy())
        return labels

    @property
    def chunk(self) -> int:
        """Vertices, triangles or pixels of a row that a thread takes one after the other."""
        return 1024 if self.device == "cpu" else 1

    def parts(self, count: int) -> int:
        """Threads for `count` of them."""
        return max(1, -(-count // self.chunk))

    def _array(self, values: np.ndarray, dtype: Any) -> Any:
        return self.warp.array(values, dtype=dtype, device=self.device)
