"""Fixed cameras: geometry, light, place and colour response, drawn once per style and camera number."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from reidapt.world.props import MARKS, SURFACES, Scene
from reidapt.world.scenes import SCENES
from reidapt.world.streams import between, stream
from reidapt.world.styles import Style

FRAME = (540, 960)
"""Height and width of a camera's frame in pixels."""


@dataclass(frozen=True)
class Camera:
    """One fixed camera; it is the same for every seed of a style, like a real network's camera."""

    number: int  # from 1
    place: str
    scene: Scene
    rotation: np.ndarray  # (3, 3) rows: right, down, forward
    position: np.ndarray  # (3,) metres
    focal: float  # pixels
    distance: float
    pitch: float  # degrees below the horizon
    sun: np.ndarray  # unit vector towards the light
    sun_colour: np.ndarray  # linear RGB
    sky_colour: np.ndarray
    bounce: float
    shadow: float  # 0..1
    gain: np.ndarray  # (3,)
    gamma: float
    contrast: float
    saturation: float
    black: float
    noise: float
    blur: float
    exposure: float
    haze: float

    @cached_property
    def primitives(self) -> np.ndarray:
        """(P, 24) float64 table of the scene."""
        return self.scene.primitives().astype(float)

    def first_hit(self, origin: np.ndarray, ray: np.ndarray) -> float:
        """Where `origin + t * ray` first enters something of the scene: t ≥ 0, infinite if nowhere; 0 from inside."""
        rows = self.primitives
        if len(rows) == 0:
            return float("inf")
        c, s = rows[:, 7], rows[:, 8]
        q = origin - rows[:, 1:4]
        start = np.stack([c * q[:, 0] + s * q[:, 1], -s * q[:, 0] + c * q[:, 1], q[:, 2]], -1)
        d = np.stack([c * ray[0] + s * ray[1], -s * ray[0] + c * ray[1], np.full(len(rows), ray[2])], -1)
        d = np.where(np.abs(d) < 1e-9, 1e-9, d)
        a, b = (-rows[:, 4:7] - start) / d, (rows[:, 4:7] - start) / d
        near, far = np.minimum(a, b).max(axis=1), np.maximum(a, b).min(axis=1)
        met = far > np.maximum(near, 0.0)
        return float(np.maximum(near[met], 0.0).min()) if met.any() else float("inf")

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
            "focal": round(self.focal, 1),
            "sun_elevation": round(float(np.degrees(np.arcsin(self.sun[2]))), 1),
            "gain_red": round(float(self.gain[0]), 3),
            "gain_blue": round(float(self.gain[2]), 3),
            "gamma": round(self.gamma, 3),
            "noise": round(self.noise, 4),
            "blur": round(self.blur, 2),
        }


def tint(warmth: float) -> np.ndarray:
    """Linear RGB of light with a mean of 1: −1 bluish .. +1 reddish."""
    colour = np.array([1.0 + 0.35 * warmth, 1.0 + 0.02 * warmth, 1.0 - 0.45 * warmth])
    return colour / colour.mean()


def sample_camera(style: Style, number: int) -> Camera:
    """Camera `number` (from 1) of a style."""
    rng = stream(0, style.name, "camera", number)
    place = style.scenes[(number - 1) % len(style.scenes)]
    scene = SCENES[place](stream(0, style.name, "scene", number))
    sensor = style.sensor
    height, distance = between(rng, style.camera_height), between(rng, style.distance)
    if scene.indoor:
        height = min(height, 2.85)
    pitch = np.arctan2(height - 1.0, distance) + np.radians(between(rng, (-1.0, 2.0)))
    roll = np.radians(style.roll * (2 * rng.random() - 1))
    right, down = np.array([1.0, 0.0, 0.0]), np.array([0.0, -np.sin(pitch), -np.cos(pitch)])
    forward = np.array([0.0, np.cos(pitch), -np.sin(pitch)])
    rotation = np.stack(
        [np.cos(roll) * right + np.sin(roll) * down, -np.sin(roll) * right + np.cos(roll) * down, forward]
    )
    focal = between(rng, style.person_pixels) * np.hypot(distance, height) / (1.75 * np.cos(pitch))
    elevation = np.radians(between(rng, style.sun_elevation))
    if scene.indoor:
        elevation = np.radians(between(rng, (62.0, 84.0)))
    azimuth = rng.random() * 2 * np.pi
    sun = np.array([np.cos(elevation) * np.sin(azimuth), -np.cos(elevation) * np.cos(azimuth), np.sin(elevation)])
    warmth = between(rng, style.sky_warmth)
    strength, ambient = between(rng, style.sun), between(rng, style.sky)
    if scene.indoor:
        strength, ambient = min(strength, 0.8), max(ambient, 0.75)
    gain = 1.0 + sensor.gain * (2 * rng.random(3) - 1)
    gain /= gain.mean()
    level = 0.9 / (0.62 * ambient + 0.45 * strength)  # the exposure control keeps a grey card near one tone
    return Camera(
        number=number,
        place=place,
        scene=scene,
        rotation=rotation,
        position=np.array([0.0, 0.0, height]),
        focal=float(focal),
        distance=distance,
        pitch=float(np.degrees(pitch)),
        sun=sun,
        sun_colour=strength * tint(warmth + (0.12 if not scene.indoor else 0.0)) * level,
        sky_colour=ambient * tint(warmth - (0.15 if not scene.indoor else 0.0)) * level,
        bounce=between(rng, (0.4, 0.65)) if not scene.indoor else between(rng, (0.5, 0.8)),
        shadow=float(np.clip(0.75 * strength / (strength + ambient * 0.8), 0.0, 0.8)) * (0.45 if scene.indoor else 1.0),
        gain=gain,
        gamma=between(rng, sensor.gamma),
        contrast=between(rng, sensor.contrast),
        saturation=between(rng, sensor.saturation),
        black=between(rng, sensor.black),
        noise=between(rng, sensor.noise),
        blur=between(rng, sensor.blur),
        exposure=between(rng, sensor.exposure),
        haze=style.haze,
    )


def air_row(camera: Camera) -> np.ndarray:
    """(1, 32) float32: light, sky and floor of the backdrop kernel."""
    scene = camera.scene
    row = np.zeros(32, np.float32)
    row[0:3], row[3:6], row[6:9], row[9] = camera.sun, camera.sun_colour, camera.sky_colour, camera.bounce
    row[10], row[11], row[12] = SURFACES.index(scene.floor), scene.floor_scale, scene.seed % 997
    row[13:16] = camera.sky_colour * 0.95
    row[16:19] = camera.sky_colour * np.array([0.55, 0.70, 0.95])
    row[19:22], row[22:25] = scene.floor_colour, scene.floor_second
    row[25], row[26] = MARKS.index(scene.mark), 0.0 if scene.indoor else 1.0
    row[27], row[28] = camera.haze, scene.floor_gloss
    turn = np.radians(scene.floor_turn)
    row[29], row[30] = np.cos(turn), np.sin(turn)
    return row[None]
