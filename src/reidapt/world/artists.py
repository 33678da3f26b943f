"""The artists who draw sketches: how each holds the pencil, and where they look from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from reidapt.world.cameras import Camera
from reidapt.world.props import Scene
from reidapt.world.streams import stream

if TYPE_CHECKING:
    from reidapt.world.crops import Crop


@dataclass(frozen=True)
class Artist:
    """A way of drawing: shares of the picture's height, strengths 0..1, and an angle in degrees."""

    line: float
    wobble: float
    drift: float
    double: float
    missing: float
    hatching: float
    angle: float
    spacing: float
    smudge: float
    patterns: float
    creases: float
    pencil: float
    paper: float
    cross: bool


ARTISTS = (
    Artist(0.0022, 0.004, 0.010, 0.0, 0.15, 0.45, 55.0, 0.013, 0.45, 0.40, 0.28, 0.78, 0.97, True),
    Artist(0.0032, 0.006, 0.016, 0.5, 0.25, 0.0, 40.0, 0.020, 0.80, 0.30, 0.25, 0.70, 0.93, False),
    Artist(0.0020, 0.003, 0.008, 0.0, 0.05, 0.0, 40.0, 0.020, 0.10, 0.50, 0.40, 0.85, 0.99, False),
    Artist(0.0038, 0.009, 0.022, 0.6, 0.35, 0.55, 120.0, 0.019, 0.25, 0.15, 0.10, 0.72, 0.90, False),
    Artist(0.0026, 0.005, 0.014, 0.3, 0.20, 0.50, 75.0, 0.011, 0.60, 0.45, 0.35, 0.85, 0.95, True),
)
"""The artists of every world, from careful outlines to quick hatching."""


def artist_of(noise_seed: int) -> int:
    """Which of `ARTISTS` draws the crop with this seed."""
    return int(stream(noise_seed, "artist").integers(len(ARTISTS)))


def hand_row(crop: Crop) -> np.ndarray:
    """(16,) the crop's row of the table of hands; see `sketch.HAND`."""
    artist = ARTISTS[artist_of(crop.noise_seed)]
    rng = stream(crop.noise_seed, "hand")

    def near(value: float, spread: float = 0.15) -> float:
        return value * (1.0 + spread * float(np.clip(rng.standard_normal(), -2, 2)))

    return np.array(
        [
            int(rng.integers(1, 2**20)),
            near(artist.line),
            near(artist.wobble),
            near(artist.drift),
            near(artist.double),
            min(near(artist.missing), 0.6),
            min(near(artist.hatching), 1.0),
            np.radians(artist.angle + 6.0 * rng.standard_normal()),
            near(artist.spacing, 0.08),
            near(artist.smudge),
            near(artist.patterns),
            near(artist.creases),
            min(near(artist.pencil, 0.05), 0.97),
            min(near(artist.paper, 0.015), 1.0),
            0.012,
            float(artist.cross),
        ]
    )


def easel(camera: Camera) -> Camera:
    """The view of a sketch: level, straight on, without a place around the person."""
    return replace(
        camera,
        sequence=0,
        scene=Scene(False),
        rotation=np.array([[1.0, 0.0, 0.0], [0.0, 0.0, -1.0], [0.0, 1.0, 0.0]]),
        position=np.array([0.0, 0.0, 1.0]),
        focal=2000.0,
        distance=10.0,
        pitch=0.0,
    )
