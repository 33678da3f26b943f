"""Draws crops: from people and sampled crops to RGB and mask bytes, a batch at a time, on the CPU or on CUDA."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from reidapt.errors import WorldError
from reidapt.world.body import need
from reidapt.world.cameras import FRAME, Camera, air_row
from reidapt.world.crops import Crop, crop_box
from reidapt.world.mesh import Mesh
from reidapt.world.modalities import Bands, sensor_row, vignetting

SUPERSAMPLING = 2
VIEW_COLUMNS = 41
MAX_SIDE = 1024
"""Largest height or width of a crop."""


def load_kernels() -> tuple[Any, ...]:
    """warp and the five kernel modules; a missing warp is a sentence."""
    warp = need("warp")
    from reidapt.world import backdrop, develop, kernels, selfshade, shading

    return warp, kernels, shading, develop, backdrop, selfshade


def view_row(crop: Crop, camera_slot: int) -> np.ndarray:
    """The crop's row of the kernels' view table (the box follows when the person's outline is known)."""
    camera = crop.camera
    row = np.zeros(VIEW_COLUMNS)
    row[0:9] = camera.rotation.reshape(-1)
    row[9:12] = camera.position
    row[12], row[13], row[14] = camera.focal, FRAME[1] / 2, FRAME[0] / 2
    row[15:19] = 0.0, 0.0, 1.0, 1.0
    row[19:22], row[22:25], row[25:28] = camera.sun, camera.sun_colour, camera.sky_colour
    row[28], row[29], row[30] = camera.bounce, crop.fold_shift, camera_slot
    row[31] = camera.shadow * crop.sun_visible
    row[32:36] = crop.feet.reshape(-1)
    row[36], row[37], row[38], row[39] = 0.27, 0.50, crop.sun_visible, 1.0
    row[40] = vignetting(camera)
    return row


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
        self.warp, self.kernels, self.shading, self.develop, self.backdrop, self.selfshade = load_kernels()
        try:
            self.warp.get_device(self.device)
        except (ValueError, RuntimeError) as error:
            raise WorldError(f"There is no device {self.device!r} to render on here; use 'cpu' or 'cuda'.") from error
        for module in (self.kernels, self.shading, self.develop, self.backdrop, self.selfshade):
            self.warp.load_module(module, device=self.device)
        self.slots = {camera.number: slot for slot, camera in enumerate(self.cameras)}
        self.frames = self.warp.zeros((len(self.cameras), *FRAME), dtype=self.warp.vec4, device=self.device)
        self.bands = Bands(self)

    def draw_backdrop(self, camera: Camera) -> None:
        """Ray cast a camera's empty frame; needed once before its crops are drawn."""
        wp = self.warp
        prims = camera.scene.primitives()
        view = np.concatenate(
            [camera.rotation.reshape(-1), camera.position, [camera.focal, FRAME[1] / 2, FRAME[0] / 2]]
        )
        wp.launch(
            self.backdrop.draw_backdrop,
            dim=FRAME,
            inputs=[
                self.array(prims, wp.float32),
                len(prims),
                self.array(air_row(camera), wp.float32),
                self.array(view, wp.float32),
                self.samples,
                self.frames[self.slots[camera.number]],
            ],
            device=self.device,
        )

    def array(self, values: np.ndarray, dtype: Any) -> Any:
        return self.warp.array(values, dtype=dtype, device=self.device)

    def draw(self, crops: Sequence[Crop], meshes: Sequence[Mesh]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """RGB (C, H, W, 3) uint8, mask (C, H, W) uint8 and boxes (C, 4) in frame pixels of `crops`.

        `meshes` has one mesh per crop; consecutive crops of one person share it. A modality is drawn at a time.
        """
        count, (height, width) = len(crops), self.size
        rgb = np.empty((count, height, width, 3), np.uint8)
        mask, boxes = np.empty((count, height, width), np.uint8), np.empty((count, 4))
        for modality in sorted({crop.modality for crop in crops}):
            rows = [row for row, crop in enumerate(crops) if crop.modality == modality]
            rgb[rows], mask[rows], boxes[rows] = self._draw([crops[r] for r in rows], [meshes[r] for r in rows])
        return rgb, mask, boxes

    def _draw(self, crops: Sequence[Crop], meshes: Sequence[Mesh]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """`draw` for crops of one modality."""
        wp, k = self.warp, self.kernels
        count, (height, width) = len(crops), self.size
        tall, wide = height * SUPERSAMPLING, width * SUPERSAMPLING
        unique: list[Mesh] = []
        table = np.zeros((count, 5), np.int32)
        first_vertex = first_triangle = 0
        for row, (crop, mesh) in enumerate(zip(crops, meshes)):
            if not unique or mesh is not unique[-1]:
                if unique:
                    first_vertex += len(unique[-1].vertices)
                    first_triangle += len(unique[-1].triangles)
                unique.append(mesh)
            shown = 0 if crop.box_kind == "empty" else len(mesh.triangles)
            table[row] = first_vertex, len(mesh.vertices), first_triangle, shown, len(unique) - 1
        joined = {
            name: np.concatenate([getattr(mesh, name) for mesh in unique])
            for name in ("vertices", "normals", "uv", "light", "bones", "weights", "triangles", "materials")
        }
        view = np.stack([view_row(crop, self.slots[crop.camera.number]) for crop in crops])
        most_vertices, most_triangles = int(table[:, 1].max()), max(int(table[:, 3].max()), 1)
        device = self.device
        crops_array = self.array(table, wp.int32)
        triangles = self.array(joined["triangles"], wp.int32)
        materials = self.array(joined["materials"], wp.int32)
        vertices = self.array(joined["vertices"], wp.vec3)
        place = wp.empty((count, most_vertices), dtype=wp.vec3, device=device)
        turned, screen, ground = (wp.empty_like(place) for _ in range(3))
        bones = np.stack([crop.transforms.reshape(-1, 12) for crop in crops])
        wp.launch(
            k.skin,
            dim=(count, most_vertices),
            inputs=[
                vertices,
                self.array(joined["normals"], wp.vec3),
                self.array(joined["bones"], wp.int32),
                self.array(joined["weights"], wp.float32),
                crops_array,
                self.array(bones, wp.float32),
                self.array(view, wp.float32),
                place,
                turned,
                screen,
                ground,
            ],
            device=device,
        )
        bounds = wp.empty((count, 4), dtype=wp.float32, device=device)
        wp.launch(k.outline, dim=count, inputs=[screen, crops_array, bounds], device=device)
        boxes = np.stack(
            [
                crop_box(b, crop.box_noise, self.box_jitter, crop.box_kind)
                for b, crop in zip(bounds.numpy().astype(float), crops)
            ]
        )
        view[:, 15:17] = boxes[:, :2]
        view[:, 17], view[:, 18] = wide / boxes[:, 2], tall / boxes[:, 3]
        view_array = self.array(view, wp.float32)
        wp.launch(
            k.to_crop, dim=(count, most_vertices), inputs=[crops_array, view_array, screen, ground], device=device
        )
        keys = wp.full((count, tall, wide), 0xFFFFFFFFFFFFFFFF, dtype=wp.uint64, device=device)
        shadow = wp.zeros((count, tall // 2, wide // 2), dtype=wp.uint8, device=device)
        dim = (count, most_triangles)
        wp.launch(
            k.rasterise, dim=dim, inputs=[screen, triangles, materials, crops_array, tall, wide, keys], device=device
        )
        wp.launch(
            k.cast_shadow,
            dim=dim,
            inputs=[ground, triangles, crops_array, view_array, tall // 2, wide // 2, shadow],
            device=device,
        )
        drawn = self.shading.Drawn()
        drawn.keys, drawn.shadow, drawn.place, drawn.turned, drawn.screen = keys, shadow, place, turned, screen
        drawn.triangles, drawn.materials, drawn.vertices, drawn.crops = triangles, materials, vertices, crops_array
        drawn.uv, drawn.light = self.array(joined["uv"], wp.vec2), self.array(joined["light"], wp.float32)
        drawn.palette = self.array(np.stack([mesh.palette for mesh in unique]), wp.float32)
        drawn.view = view_array
        drawn.reach = self.selfshade.reach(self, drawn, most_vertices)
        modality = crops[0].modality
        if modality == "sketch":
            return (*self.bands.draw_sketch(drawn, crops, self.size), boxes)
        if modality == "colour":
            image = wp.empty((count, tall, wide), dtype=wp.vec4, device=device)
            wp.launch(
                self.shading.shade,
                dim=(count, height, width),
                inputs=[drawn, self.frames, FRAME[0], FRAME[1], image],
                device=device,
            )
        else:
            image = self.bands.picture(drawn, crops, self.size)
        sensor = self.array(np.stack([sensor_row(crop) for crop in crops]), wp.float32)
        seeds = self.array(np.array([crop.noise_seed for crop in crops]), wp.int32)
        narrow = wp.empty((count, tall, width), dtype=wp.vec4, device=device)
        wp.launch(self.develop.blur_across, dim=narrow.shape, inputs=[image, sensor, narrow], device=device)
        pixels = wp.empty((count, height, width), dtype=wp.vec4, device=device)
        wp.launch(self.develop.blur_down, dim=pixels.shape, inputs=[narrow, sensor, pixels], device=device)
        rgb = wp.empty((count, height, width, 3), dtype=wp.uint8, device=device)
        mask = wp.empty((count, height, width), dtype=wp.uint8, device=device)
        wp.launch(self.develop.develop, dim=mask.shape, inputs=[pixels, sensor, seeds, rgb, mask], device=device)
        return rgb.numpy(), mask.numpy(), boxes
