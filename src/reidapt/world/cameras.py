"""Fixed cameras: geometry, place and colour response, drawn once per style and number, and their light by recording."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from reidapt.world.culling import SUN_CELLS, TILE, sun_lists, tile_lists
from reidapt.world.factors import EVERYTHING, Choice, Draws, declare
from reidapt.world.props import MARKS, SURFACES, Scene
from reidapt.world.scenes import SCENES
from reidapt.world.setting import word
from reidapt.world.streams import between
from reidapt.world.styles import Style
from reidapt.world.weather import Light, light_at, sample_light

FRAME = (540, 960)
"""Height and width of a camera's frame in pixels."""

SCENE = declare("scene", "camera", "what the place is and how it is furnished", "place")
GEOMETRY = declare(
    "geometry",
    "camera",
    "height, pitch, distance and focal length of the camera",
    "camera_height",
    "camera_pitch",
    "camera_distance",
    "focal",
)
WHITE_BALANCE = declare(
    "white_balance", "camera", "gains of the colour channels", "gain_red", "gain_green", "gain_blue"
)
TONE = declare(
    "tone",
    "camera",
    "gamma, contrast, saturation, black level and exposure",
    "gamma",
    "contrast",
    "saturation",
    "black",
    "exposure",
)
TONES = (
    ("gamma", 0.2, 5.0),
    ("contrast", 0.1, 4.0),
    ("saturation", 0.0, 3.0),
    ("black", 0.0, 0.6),
    ("exposure", 0.05, 10.0),
)
"""Parameters of the tone, and the least and greatest value each can be set to."""
SENSOR_NOISE = declare("sensor_noise", "camera", "noise of the camera's sensor", "noise")
SENSOR_BLUR = declare("sensor_blur", "camera", "blur of the camera's lens and scaling", "blur")


@dataclass(frozen=True)
class Camera:
    """One fixed camera in one recording; it is the same for every seed of a style, like a real network's camera."""

    number: int  # from 1
    sequence: int  # from 1: another time of day or weather at the same camera
    place: str
    scene: Scene
    light: Light
    rotation: np.ndarray  # (3, 3) rows: right, down, forward
    position: np.ndarray  # (3,) metres
    focal: float  # pixels
    distance: float  # metres to the middle of the walkway
    pitch: float  # degrees below the horizon
    gain: np.ndarray  # (3,)
    gamma: float
    contrast: float
    saturation: float
    black: float
    sensor_noise: float  # by day
    blur: float
    exposure: float
    style: Style = field(repr=False)
    choice: Choice = field(repr=False)
    photograph: Path | None = None
    notes: dict[str, np.ndarray] = field(default_factory=dict, repr=False, compare=False)
    """What other modules work out once about this camera's place and geometry; shared by its recordings."""

    def at(self, sequence: int) -> Camera:
        """This camera in another recording: the same place, geometry and colour response in other light."""
        if sequence == self.sequence:
            return self
        middle = np.array([0.0, self.distance])
        light = sample_light(self.style, self.number, sequence, self.scene, self.choice, middle)
        return replace(self, sequence=sequence, light=light)

    @property
    def key(self) -> tuple[int, int]:
        """What tells an empty frame from the others: camera and recording."""
        return self.number, self.sequence

    @property
    def sun_colour(self) -> np.ndarray:
        """Linear RGB of the sun, or in its absence of the lamps in the middle of the walkway."""
        return light_at(self.light, np.array([0.0, self.distance]))[1]

    @property
    def sky_colour(self) -> np.ndarray:
        """Linear RGB of the light from everywhere."""
        return self.light.sky_colour

    @property
    def bounce(self) -> float:
        """Share of the sky's light that comes from below."""
        return self.light.bounce

    @property
    def shadow(self) -> float:
        """Darkness of cast shadows, 0..1."""
        return self.light.shadow

    @property
    def noise(self) -> float:
        """Standard deviation of the noise in this recording, share of white."""
        return self.sensor_noise * self.light.grain

    def light_at(self, place: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Direction, direct light and sky light (3,) each on a person who stands at `place` (2,) metres."""
        return light_at(self.light, place)

    @cached_property
    def primitives(self) -> np.ndarray:
        """(P, 24) float64 table of the scene."""
        return self.scene.primitives().astype(float)

    def project(self, points: np.ndarray) -> np.ndarray:
        """Frame column, frame row and depth (N, 3) of world points (N, 3)."""
        local = (np.atleast_2d(points) - self.position) @ self.rotation.T
        z = np.maximum(local[:, 2], 1e-3)
        centre = np.array([FRAME[1] / 2, FRAME[0] / 2])
        return np.concatenate([centre + self.focal * local[:, :2] / z[:, None], z[:, None]], axis=1)

    def columns(self) -> dict[str, object]:
        """The camera's parameters as columns of `crops.csv`."""
        return {
            "place": self.place,
            "camera_height": round(float(self.position[2]), 2),
            "camera_pitch": round(self.pitch, 1),
            "camera_distance": round(self.distance, 2),
            "focal": round(self.focal, 1),
            **self.light.columns,
            "gain_red": round(float(self.gain[0]), 3),
            "gain_green": round(float(self.gain[1]), 3),
            "gain_blue": round(float(self.gain[2]), 3),
            "gamma": round(self.gamma, 3),
            "contrast": round(self.contrast, 3),
            "saturation": round(self.saturation, 3),
            "black": round(self.black, 3),
            "exposure": round(self.exposure, 3),
            "noise": round(self.noise, 4),
            "blur": round(self.blur, 2),
        }


def sample_camera(
    style: Style,
    number: int,
    choice: Choice = EVERYTHING,
    *,
    sequence: int = 1,
    backgrounds: Sequence[Path] = (),
) -> Camera:
    """Camera `number` (from 1) of a style in recording `sequence` (from 1).

    `backgrounds` are photographs to stand in for the scene: camera k has photograph k, and again from the first.

    Raises:
        WorldError: a place, weather or daytime set to an unknown name, or a photograph that cannot be read.
    """
    draws = Draws(choice, (0, style.name, "camera"), (number,))
    held = SCENE in choice.hold
    place = word(draws, "place", style.scenes[0 if held else (number - 1) % len(style.scenes)], SCENES)
    photograph = None
    if backgrounds:
        from reidapt.world.photographs import empty_scene

        photograph = backgrounds[0 if held else (number - 1) % len(backgrounds)]
        place, scene = "photograph", empty_scene(photograph)
    else:
        scene = SCENES[place](draws(SCENE))
    rng = draws(GEOMETRY)
    height = draws.number("camera_height", between(rng, style.camera_height), (0.5, 20.0))
    distance = draws.number("camera_distance", between(rng, style.distance), (3.0, 40.0))
    distance = min(distance, 0.85 * scene.reach)
    if scene.indoor:
        height = min(height, 2.85)
    pitch = np.arctan2(height - 1.0, distance) + np.radians(between(rng, (-1.0, 2.0)))
    pitch = np.radians(draws.number("camera_pitch", float(np.degrees(pitch)), (-20.0, 80.0)))
    roll = np.radians(style.roll * (2 * rng.random() - 1))
    focal = between(rng, style.person_pixels) * np.hypot(distance, height) / (1.75 * np.cos(pitch))
    focal = draws.number("focal", float(focal), (50.0, 10_000.0))
    right, down = np.array([1.0, 0.0, 0.0]), np.array([0.0, -np.sin(pitch), -np.cos(pitch)])
    forward = np.array([0.0, np.cos(pitch), -np.sin(pitch)])
    rotation = np.stack(
        [np.cos(roll) * right + np.sin(roll) * down, -np.sin(roll) * right + np.cos(roll) * down, forward]
    )
    sensor = style.sensor
    gain = 1.0 + sensor.gain * (2 * draws(WHITE_BALANCE).random(3) - 1)
    gain /= gain.mean()
    gain = np.array(
        [draws.number(f"gain_{name}", float(g), (0.05, 20.0)) for name, g in zip(("red", "green", "blue"), gain)]
    )
    rng = draws(TONE)
    tone: dict[str, Any] = {
        name: draws.number(name, between(rng, getattr(sensor, name)), (low, high)) for name, low, high in TONES
    }
    camera = Camera(
        number=number,
        sequence=sequence,
        place=place,
        scene=scene,
        light=sample_light(style, number, sequence, scene, choice, np.array([0.0, distance])),
        rotation=rotation,
        position=np.array([0.0, 0.0, height]),
        focal=focal,
        distance=distance,
        pitch=float(np.degrees(pitch)),
        gain=gain,
        sensor_noise=draws.number("noise", between(draws(SENSOR_NOISE), sensor.noise), (0.0, 0.5)),
        blur=draws.number("blur", between(draws(SENSOR_BLUR), sensor.blur), (0.1, 8.0)),
        style=style,
        choice=choice,
        photograph=photograph,
        **tone,
    )
    return camera


def air_row(camera: Camera) -> np.ndarray:
    """(1, 128) float32: light, sky, floor, weather and lamps of the backdrop kernel; the sun's grid follows."""
    scene, light = camera.scene, camera.light
    row = np.zeros(128, np.float32)
    row[0:3], row[3:6], row[6:9], row[9] = light.sun, light.sun_colour, light.sky_colour, light.bounce
    row[10], row[11], row[12] = SURFACES.index(scene.floor), scene.floor_scale, scene.seed % 997
    row[13:16], row[16:19] = light.sky_colour * 0.95, light.zenith
    row[19:22], row[22:25] = scene.floor_colour, scene.floor_second
    row[25], row[26] = MARKS.index(scene.mark), 0.0 if scene.indoor else 1.0
    row[27], row[28] = light.haze, scene.floor_gloss
    turn = np.radians(scene.floor_turn)
    row[29], row[30] = np.cos(turn), np.sin(turn)
    row[31], row[32], row[33], row[34], row[35] = len(light.lamps), light.lights, light.wet, light.snow, light.clouds
    row[46:49], row[49] = light.air, light.daylight
    row[64 : 64 + light.lamps.size] = light.lamps.reshape(-1)
    return row[None]


def empty_frame(warp: Any, backdrop: Any, camera: Camera, frame: Any, samples: int, device: str) -> None:
    """Draw the empty view of a camera into `frame`, a warp array (540, 960) of vec4: linear RGB, depth in metres.

    The depth lies along the optical axis and is negative on the floor. `warp` and `backdrop` are the loaded modules.
    """
    if camera.photograph is not None:
        from reidapt.world.photographs import photograph_frame

        frame.assign(photograph_frame(camera))
        return
    prims = camera.scene.primitives()
    rows = prims.astype(float)
    wobble = backdrop.WOBBLE if camera.scene.floor_gloss or camera.light.wet else 0.0
    tiles = tile_lists(rows, camera.rotation, camera.position, camera.focal, FRAME, wobble)
    shade, grid = sun_lists(rows, camera.light.sun)
    air = air_row(camera)
    air[0, 36:46] = grid
    view = np.concatenate([camera.rotation.reshape(-1), camera.position, [camera.focal, FRAME[1] / 2, FRAME[0] / 2]])
    lists = [part for one in (*tiles, shade) for part in (one.starts, one.items)]
    warp.launch(
        backdrop.draw_backdrop,
        dim=FRAME,
        inputs=[
            warp.array(prims, dtype=warp.float32, device=device),
            warp.array(air, dtype=warp.float32, device=device),
            warp.array(view, dtype=warp.float32, device=device),
            *(warp.array(part, dtype=warp.int32, device=device) for part in lists),
            SUN_CELLS,
            *TILE,
            -(-FRAME[1] // TILE[1]),
            samples,
            frame,
        ],
        device=device,
    )
