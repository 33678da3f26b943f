"""Photographs of a user's folder as backdrops: a camera's frame cut from a picture, its floor guessed from the camera."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from reidapt.errors import WorldError
from reidapt.world.props import Scene

if TYPE_CHECKING:
    from reidapt.world.cameras import Camera

SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp", ".tif", ".tiff")
FLOOR = 1.8
"""People stand up to 1.3 times the walkway's distance from the camera; beyond this factor the picture is no floor."""


def find_photographs(folder: str | Path) -> list[Path]:
    """The pictures of `folder`, sorted by name, each one read once to see that it can be used.

    Raises:
        WorldError: no such folder, no picture in it, or a picture that cannot be read; the sentence names the file.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise WorldError(f"There is no folder of photographs {folder}; give a folder that holds JPEG or PNG pictures.")
    paths = sorted(path for path in folder.iterdir() if path.is_file() and path.suffix.lower() in SUFFIXES)
    if not paths:
        raise WorldError(
            f"The folder {folder} holds no photographs ({', '.join(SUFFIXES)}); backgrounds needs at least one."
        )
    for path in paths:
        open_photograph(path, (8, 8))
    return paths


def open_photograph(path: Path, size: tuple[int, int]) -> np.ndarray:
    """(H, W, 3) uint8: the middle of a photograph, scaled to fill `size` (height, width) and upright.

    Raises:
        WorldError: the file cannot be read as a picture.
    """
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path) as picture:
                picture.draft("RGB", (size[1] * 2, size[0] * 2))
                upright = ImageOps.exif_transpose(picture).convert("RGB")
                fitted = ImageOps.fit(upright, (size[1], size[0]), Image.Resampling.LANCZOS)
    except (
        OSError,
        ValueError,
        SyntaxError,
        EOFError,
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    ) as error:
        raise WorldError(
            f"The photograph {path} cannot be read ({error}); replace it, or take it out of the folder of backgrounds."
        ) from error
    return np.asarray(fitted)


def empty_scene(path: Path) -> Scene:
    """The scene of a photograph: a floor without things on it, under the light of an open place."""
    scene = Scene(False)
    scene.seed = 1 + sum(path.name.encode()) % 900
    return scene


def linear(display: np.ndarray) -> np.ndarray:
    """Linear light of display values 0..1: the inverse of a neutral camera's tone curve (`develop.tone`)."""
    s = np.asarray(display, float) ** 2.2
    b = 1.0 - 0.55 * s
    return 3.0 * (np.sqrt(b * b + 2.0 * s / 3.0) - b)


def photograph_frame(camera: Camera) -> np.ndarray:
    """(540, 960, 4) float32 of a camera with a photograph: linear RGB, and depth along the optical axis in metres.

    Where the camera's geometry puts the floor of its walkway the depth is negative; beyond, everything is far away.
    """
    from reidapt.world.cameras import FRAME

    if camera.photograph is None:
        raise WorldError(f"Camera {camera.number} has no photograph.")
    picture = linear(open_photograph(camera.photograph, FRAME) / 255.0)
    light = camera.light.exposure
    rows, columns = np.mgrid[0 : FRAME[0], 0 : FRAME[1]] + 0.5
    across, down = (columns - FRAME[1] / 2) / camera.focal, (rows - FRAME[0] / 2) / camera.focal
    ray = across[..., None] * camera.rotation[0] + down[..., None] * camera.rotation[1] + camera.rotation[2]
    depth = np.where(ray[..., 2] < -1e-4, camera.position[2] / np.maximum(-ray[..., 2], 1e-4), 1e4)
    floor = depth * ray[..., 1] < FLOOR * camera.distance
    depth = np.where(floor, -depth, 1e4)
    return np.concatenate([picture * light, depth[..., None]], axis=2).astype(np.float32)
