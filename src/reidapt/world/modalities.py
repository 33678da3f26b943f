"""The modalities beside colour: near infrared, thermal and sketch; what their cameras and artists are like.

The person, the pose and the identity are those of the colour picture; only what is recorded differs.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np

from reidapt.world.artists import artist_of, hand_row
from reidapt.world.cameras import FRAME, Camera, air_row
from reidapt.world.culling import TILE, tile_lists
from reidapt.world.props import SURFACES
from reidapt.world.streams import between, stream
from reidapt.world.weather import air_rows

if TYPE_CHECKING:
    from reidapt.world.crops import Crop
    from reidapt.world.render import Renderer

LEAST_TAP = 0.002
"""Weight of a tap of the blur below which `develop` leaves it out."""
THERMAL_HEIGHT = 128
"""Rows of a thermal crop as its sensor saw it."""
BAND_COLUMNS = 12
"""Columns of the band table; see `bands.BAND`."""
LAMP_LEVEL = 0.85
"""Light on a facing surface that a camera with a lamp exposes for; 1 leaves white cloth just short of white."""
FOLLOWED = 0.9
"""How much of the lamp's fading with distance and angle its camera makes up for: an exponent, 1 = all."""

# per surface: near-infrared reflectance of its two materials, their spread between things, and °C above the air
SURFACE_BANDS: dict[str, tuple[float, float, float, float]] = {
    "plain": (0.46, 0.40, 0.30, 0.5),
    "brick": (0.46, 0.52, 0.20, 1.5),
    "windows": (0.44, 0.10, 0.20, 1.0),
    "tiles": (0.44, 0.34, 0.20, 0.0),
    "planks": (0.52, 0.40, 0.15, 0.5),
    "foliage": (0.74, 0.60, 0.12, -0.5),
    "glass": (0.08, 0.40, 0.20, -2.0),
    "poster": (0.52, 0.60, 0.15, 0.5),
    "shutter": (0.42, 0.34, 0.20, 0.0),
    "asphalt": (0.20, 0.24, 0.20, 1.5),
    "paving": (0.36, 0.32, 0.20, 1.0),
    "grass": (0.66, 0.55, 0.12, -1.0),
    "terrazzo": (0.50, 0.42, 0.15, 0.0),
    "car": (0.34, 0.10, 0.60, 2.0),
    "door": (0.46, 0.30, 0.25, 0.3),
    "panels": (0.50, 0.40, 0.20, 0.0),
    "shop": (0.40, 0.40, 0.20, 1.5),
    "lamp": (0.60, 0.60, 0.10, 6.0),
    "daylight": (0.50, 0.40, 0.10, -2.0),
    "concrete": (0.34, 0.30, 0.20, 0.5),
    "plaster": (0.50, 0.44, 0.25, 0.8),
    "metal": (0.46, 0.36, 0.30, -1.0),
    "sign": (0.30, 0.55, 0.30, 1.0),
    "goods": (0.45, 0.40, 0.20, 0.0),
    "bark": (0.42, 0.36, 0.20, 0.0),
    "treads": (0.36, 0.28, 0.20, 0.0),
    "board": (0.12, 0.50, 0.20, 2.5),
}


def camera_stream(camera: Camera, what: str) -> np.random.Generator:
    """Draws that belong to one fixed camera."""
    return stream(camera.number, camera.place, round(1000 * camera.focal), what)


def infrared_light(camera: Camera) -> str:
    """`lamp` (a lamp beside the lens, always at night) or `day` (daylight or room light)."""
    if camera.light.daytime in ("dusk", "night"):
        return "lamp"
    return "lamp" if camera_stream(camera, "infrared").random() < 0.65 else "day"


def air_temperature(camera: Camera) -> float:
    """°C at a camera's place."""
    rng = camera_stream(camera, "air")
    if camera.light.snow > 0.0:
        return between(rng, (-6.0, 1.0))
    return between(rng, (19.0, 24.0)) if camera.scene.indoor else between(rng, (4.0, 24.0))


def vignetting(camera: Camera) -> float:
    """Share of light that is missing in the corners of a camera's frame."""
    return between(camera_stream(camera, "vignetting"), (0.03, 0.35))


def band_row(camera: Camera, modality: str) -> np.ndarray:
    """(BAND_COLUMNS,) what the kernels of `bands` know of a camera; the ends of the gain are set by `Bands`."""
    row = np.zeros(BAND_COLUMNS)
    row[0] = 1.0 if modality == "thermal" else 0.0
    rng = camera_stream(camera, "lamp")
    level = between(rng, (0.8, 1.35))
    if infrared_light(camera) == "lamp":
        row[1] = 1.35 * level * (camera.distance**2 + camera.position[2] ** 2)
        row[2], row[4] = between(rng, (5.0, 22.0)), between(rng, (0.005, 0.03))
    else:
        sun, sky = float(camera.sun_colour.mean()), float(camera.sky_colour.mean())
        share = sun / (sun + sky)
        row[3], row[4] = level * 1.05 * share, level * 0.75 * (1.0 - share) + 0.10
    row[5] = air_temperature(camera)
    row[6], row[7] = row[5] - 6.0, 35.0
    row[8] = row[5] - 22.0
    row[9] = 0.0 if camera.scene.indoor else 5.0 * float(np.clip(camera.sun_colour.mean() - 0.3, 0.0, 1.0))
    return row


def lamp_gain(crop: Crop) -> float:
    """Factor by which a camera with a lamp exposes a person anew; 1 by daylight.

    A lamp's light fades with the square of the distance and off its axis; without an automatic gain whoever comes near
    would be white and whoever stands far off black.
    """
    camera, row = crop.camera, band_row(crop.camera, "infrared")
    if row[1] == 0.0:
        return 1.0
    chest = np.array([*crop.feet.mean(axis=0), 1.2]) - camera.position
    away = float(np.linalg.norm(chest))
    off = 1.0 + row[2] * (1.0 - float(camera.rotation[2] @ chest) / away)
    light = row[1] / (away * off) ** 2 + row[4]
    return float(np.clip(LAMP_LEVEL / light, 0.1, 10.0)) ** FOLLOWED


def surface_table() -> np.ndarray:
    """(surfaces, 4) float32 of `SURFACE_BANDS`; a surface that is not listed is taken for a plain wall."""
    return np.array([SURFACE_BANDS.get(name, SURFACE_BANDS["plain"]) for name in SURFACES], np.float32)


def blur_taps(blur: float, step: int = 1, least: float = 0.0) -> np.ndarray:
    """(5,) weights of the lens' blur, `blur` in half pixels, for taps that are `step` of them apart, those above `least`."""
    taps = np.exp(-0.5 * ((step * np.arange(5) + 0.5) / blur) ** 2)
    taps[0] *= 0.5 * (1 + step) / step  # the two in the middle are neighbours
    taps = np.where(0.5 * taps / taps.sum() > least, taps, 0.0)
    return 0.5 * taps / taps.sum()


def sensor_row(crop: Crop, given: np.ndarray, height: int) -> np.ndarray:
    """The crop's row of the sensor table for its own modality, from the row of its colour picture `height` pixels high."""
    row, camera = given.copy(), crop.camera
    fixed = camera_stream(camera, crop.modality)
    if crop.modality == "colour":
        # soft pictures are sharpened by the camera, noisy ones have noise in their colour
        row[17] = between(fixed, (0.0, 1.1)) * float(np.clip((camera.blur - 0.7) / 0.7, 0.0, 1.0))
        row[18] = 0.7 * row[8] * between(fixed, (0.3, 1.0))
        return row
    rng = stream(crop.noise_seed, crop.modality)
    if crop.modality == "infrared":
        row[0] = row[0] * 1.1 + 0.3
        gain = lamp_gain(crop)
        row[1:4] = gain * between(fixed, (0.85, 1.2)) * (1.0 + 0.06 * float(np.clip(rng.standard_normal(), -2, 2)))
        row[5], row[6] = between(fixed, (1.0, 1.35)), between(fixed, (1.1, 1.4))
        row[7] = between(fixed, (0.0, 0.05))
        noise = (0.008, 0.022) if infrared_light(camera) == "lamp" else (0.004, 0.010)
        row[8] = between(fixed, noise) * float(np.clip(gain**0.5, 0.7, 1.6))
        row[16], row[17] = 1.0, between(fixed, (0.0, 0.8))
        row[9:14] = blur_taps(row[0])
    else:
        # thermal sensors have few pixels: a larger picture is an enlarged one
        row[0] = between(fixed, (1.7, 2.6)) * between(rng, (0.95, 1.05)) * height / THERMAL_HEIGHT
        row[19] = max(1, round(height / THERMAL_HEIGHT))
        row[1:4] = 1.0 + 0.04 * float(np.clip(rng.standard_normal(), -2, 2))
        row[7], row[8] = between(fixed, (0.03, 0.10)), between(fixed, (0.008, 0.016))
        row[16], row[17] = 2.0, between(fixed, (0.0, 0.5))
        row[9:14] = blur_taps(row[0], int(row[19]), LEAST_TAP)
    return row


def sensor_table(crops: Sequence[Crop], rows: np.ndarray, height: int) -> np.ndarray:
    """`rows` (C, columns) of colour pictures, `height` pixels high, as those of the crops' own modalities."""
    return np.stack([sensor_row(crop, row, height) for crop, row in zip(crops, rows)])


def band_air_rows(crops: Sequence[Crop], bands: np.ndarray) -> np.ndarray | None:
    """(C, 9) rows of `airborne.veil` for crops with these rows of the band table; None where the air is clear for all.

    Near infrared sees the haze of visible light, and lamps beside the lens light it and what falls close by. Thermal
    radiation passes thin haze; the air and the drops in it show their own temperature.
    """
    lights = [crop.camera.light for crop in crops]
    rows = air_rows(lights, [crop.noise_seed for crop in crops])
    if rows is None:
        return None
    for row, light, band, crop in zip(rows, lights, bands, crops):
        row[7] = 1.0
        if crop.modality == "thermal":
            low, high = band[6:8]
            cold = 2.0 * light.rain  # drops come from above, where the air is colder
            air = float(np.clip((band[5] - low) / (high - low), 0.02, 1.0))
            row[0:3], row[3] = air, 0.5 * row[3]
            row[8] = float(np.clip((band[5] - cold - low) / (high - low), 0.0, 1.0)) / air
        else:
            lamp = band[1] / (crop.camera.distance**2 + crop.camera.position[2] ** 2)
            row[0:3] = 0.75 * band[4] + 0.3 * band[3] + 0.30 * lamp
            row[8] = (1.05 * band[4] + 0.8 * band[3] + 1.3 * lamp) / row[0]
    return rows


def modality_columns(modality: str, camera: Camera, noise_seed: int) -> dict[str, object]:
    """What is particular to a crop's modality, as columns of `crops.csv`."""
    return {
        "infrared_light": infrared_light(camera) if modality == "infrared" else "",
        "air_temperature": round(air_temperature(camera), 1) if modality == "thermal" else "",
        "artist": artist_of(noise_seed) if modality == "sketch" else "",
    }


@dataclass
class Bands:
    """Draws what is not colour; frames beyond the visible are drawn when first needed. Safe to use from threads."""

    renderer: Renderer
    frames: Any = field(init=False, default=None)
    ends: dict[tuple[int, int], tuple[float, float]] = field(init=False, default_factory=dict)
    lock: Any = field(init=False, default_factory=threading.RLock)

    def array(self, values: np.ndarray, dtype: Any) -> Any:
        return self.renderer.warp.array(values, dtype=dtype, device=self.renderer.device)

    def kernels(self, name: str) -> Any:
        """The kernel module `bands`, `bandframes` or `sketch`, compiled when it is first needed."""
        with self.lock:
            module = import_module(f"reidapt.world.{name}")
            self.renderer.warp.load_module(module, device=self.renderer.device)
            return module

    def prepare(self, camera: Camera) -> tuple[float, float]:
        """Draw a camera's empty frame in near infrared and temperature, once; returns the ends of the thermal gain."""
        render = self.renderer
        with self.lock:
            if self.frames is None:
                shape = (len(render.cameras), *FRAME)
                self.frames = render.warp.zeros(shape, dtype=render.warp.vec4, device=render.device)
            if camera.key not in self.ends:
                frame = self.frames[render.slots[camera.key]]
                if camera.photograph is None:
                    self._draw(camera, frame)
                else:
                    frame.assign(photograph_bands(camera))
                degrees = frame.numpy()[::4, ::4, 1]
                degrees = degrees[degrees > air_temperature(camera) - 12.0]  # the sky does not set the gain
                low, high = np.percentile(degrees, [2.0, 98.0]) if degrees.size else (15.0, 25.0)
                self.ends[camera.key] = float(low) - 2.5, max(36.0, float(high) + 1.0)
            return self.ends[camera.key]

    def _draw(self, camera: Camera, frame: Any) -> None:
        wp = self.renderer.warp
        prims = camera.scene.primitives()
        tiles, _, _ = tile_lists(prims.astype(float), camera.rotation, camera.position, camera.focal, FRAME, 0.0)
        view = np.concatenate(
            [camera.rotation.reshape(-1), camera.position, [camera.focal, FRAME[1] / 2, FRAME[0] / 2]]
        )
        wp.launch(
            self.kernels("bandframes").draw_band_frame,
            dim=FRAME,
            inputs=[
                self.array(prims, wp.float32),
                self.array(air_row(camera), wp.float32),
                self.array(view, wp.float32),
                self.array(tiles.starts, wp.int32),
                self.array(tiles.items, wp.int32),
                *TILE,
                -(-FRAME[1] // TILE[1]),
                self.array(surface_table(), wp.float32),
                self.array(band_row(camera, "infrared")[None], wp.float32),
                frame,
            ],
            device=self.renderer.device,
        )

    def picture(self, stage: Any, crops: Sequence[Crop], size: tuple[int, int]) -> Any:
        """Values and coverage (C, 2H, 2W) vec4 of infrared or thermal crops."""
        render, wp = self.renderer, self.renderer.warp
        rows = np.stack([band_row(crop.camera, crop.modality) for crop in crops])
        for row, crop in zip(rows, crops):
            row[6:8] = self.prepare(crop.camera)
        height, width = size
        image = wp.empty((len(crops), 2 * height, 2 * width), dtype=wp.vec4, device=render.device)
        wp.launch(
            self.kernels("bands").shade_band,
            dim=(len(crops), height, render.parts(width)),
            inputs=[stage, self.frames, *FRAME, self.array(rows, wp.float32), render.chunk, image],
            device=render.device,
        )
        render.veil(image, stage.keys, stage.view, band_air_rows(crops, rows), self.frames)
        return image

    def draw_sketch(self, stage: Any, crops: Sequence[Crop], size: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        """RGB (C, H, W, 3) and mask (C, H, W) uint8 of sketches."""
        wp, device, sketch = self.renderer.warp, self.renderer.device, self.kernels("sketch")
        count, (height, width), tile = len(crops), size, int(sketch.TILE)
        hand = self.array(np.stack([hand_row(crop) for crop in crops]), wp.float32)
        seeds = self.array(np.array([crop.noise_seed for crop in crops]), wp.int32)
        traced = wp.empty((count, 2 * height, 2 * width), dtype=wp.vec4, device=device)
        tiles = wp.empty((count, -(-2 * height // tile), -(-2 * width // tile)), dtype=wp.uint8, device=device)
        rgb = wp.empty((count, height, width, 3), dtype=wp.uint8, device=device)
        mask = wp.empty((count, height, width), dtype=wp.uint8, device=device)
        wp.launch(sketch.trace, dim=mask.shape, inputs=[stage, traced], device=device)
        wp.launch(sketch.mark_tiles, dim=tiles.shape, inputs=[traced, tiles], device=device)
        wp.launch(sketch.pencil, dim=mask.shape, inputs=[traced, tiles, hand, seeds, rgb, mask], device=device)
        return rgb.numpy(), mask.numpy()


def photograph_bands(camera: Camera) -> np.ndarray:
    """(540, 960, 4) near-infrared light, °C and depth of a camera with a photograph, guessed from its grey levels."""
    from reidapt.world.photographs import photograph_frame

    frame = photograph_frame(camera)
    grey = np.clip(frame[..., :3].mean(axis=2), 0.0, 1.0)
    light = grey if infrared_light(camera) == "day" else 0.35 * grey
    warm = air_temperature(camera) + 5.0 * (grey - 0.4)
    return np.stack([light, warm, np.zeros_like(grey), frame[..., 3]], axis=2).astype(np.float32)
