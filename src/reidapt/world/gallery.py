"""The gallery: one self-contained page that shows the range of every factor, the places, the styles and the labels."""

from __future__ import annotations

import base64
import io
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from reidapt.errors import WorldError
from reidapt.world.cameras import FRAME, Camera
from reidapt.world.factors import FACTORS, Choice
from reidapt.world.layout import MODALITIES, Arguments, check_target, plan
from reidapt.world.overlays import draw_joints, grey_depth, paint_parts, tint_mask, toned
from reidapt.world.page import Figure, Section, render_page
from reidapt.world.scenes import SCENES
from reidapt.world.streams import stream
from reidapt.world.strips import COUNT, SWEEPS, Theatre, caption, item, one, settings, strip
from reidapt.world.studio import Studio
from reidapt.world.styles import STYLES, Style, find_style

Progress = Callable[[int, int, str], None]
LEVELS = {"camera": "a camera", "person": "a person", "outfit": "an outfit", "crop": "a crop"}
STRIPS = "engine"
"""Style of the strips: its clean pictures show a factor best."""


def factor_figures(theatre: Theatre, name: str) -> list[Figure]:
    """The strip of a factor, each picture with the parameters that differ along it."""
    pictures = strip(theatre, name)
    names = list(SWEEPS[name][0]) if name in SWEEPS else list(FACTORS[name].parameters)
    columns = [picture.columns() for picture in pictures]
    varied = [n for n in names if len({str(row.get(n)) for row in columns}) > 1]
    quality = (lambda picture: picture.crop.jpeg_quality) if name == "jpeg" else (lambda picture: 90)
    return [Figure(encoded(picture.rgb, quality(picture)), caption(picture, varied)) for picture in pictures]


def encoded(rgb: np.ndarray, quality: int = 90) -> str:
    """A picture (H, W, 3) uint8 as a data address."""
    from PIL import Image

    buffer = io.BytesIO()
    Image.fromarray(rgb).save(buffer, "JPEG", quality=quality)
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode()


def frame_figure(studio: Studio, camera: Camera) -> Figure:
    """A camera's empty frame, at a third of its size."""
    frame = studio.renderer.frames[studio.renderer.slots[camera.key]].numpy()[..., :3]
    small = frame.reshape(FRAME[0] // 3, 3, FRAME[1] // 3, 3, 3).mean(axis=(1, 3))
    return Figure(encoded(toned(small), 85), camera.place, wide=True)


def place_figures(theatre: Theatre) -> list[Figure]:
    """The empty frame of every named scene."""
    figures = []
    for place in SCENES:
        studio = theatre.studio(Choice(frozenset(FACTORS) - {"scene"}, settings("scene", {"place": place})))
        figures.append(frame_figure(studio, studio.cameras[0]))
    return figures


def style_figures(style: Style, seed: int, size: tuple[int, int], count: int = 64) -> list[Figure]:
    """Random crops of a style: eight people, eight cameras."""
    studio = Studio(style, Arguments(COUNT, COUNT, 2, seed, size, train_fraction=1.0))
    for camera in studio.cameras:
        studio.renderer.draw_backdrop(camera)
    figures = []
    for index in range(COUNT):
        items = plan(studio.arguments, style.name, index)
        chosen = stream(seed, style.name, "gallery", index).permutation(len(items))[: count // COUNT]
        for picture in studio.pictures(studio.dressed(index), [items[k] for k in chosen]):
            figures.append(Figure(encoded(picture.rgb, 88)))
    return figures


def label_figures(theatre: Theatre) -> list[Figure]:
    """Pictures with their mask, body parts, joints and depth."""
    studio = theatre.studio(Choice(), 3, 0.4)
    figures = []
    for person in range(3):
        picture = one(studio, person, 0, item(1 + person, person), ("mask", "parts", "depth", "joints"))
        labels = picture.labels
        figures += [
            Figure(encoded(picture.rgb), "picture"),
            Figure(encoded(tint_mask(picture.rgb, picture.mask)), "mask"),
        ]
        if labels.parts is not None:
            figures.append(Figure(encoded(paint_parts(picture.rgb, labels.parts[0])), "parts"))
        if labels.joints is not None and labels.seen is not None:
            figures.append(Figure(encoded(draw_joints(picture.rgb, labels.joints[0], labels.seen[0])), "joints"))
        if labels.depth is not None:
            figures.append(Figure(encoded(grey_depth(labels.depth[0])), "depth"))
    return figures


def modality_figures(theatre: Theatre) -> list[Figure]:
    """The same three people in every modality that can be drawn."""
    studio = theatre.studio(Choice(), 2)
    figures = []
    for person in range(3):
        for modality in MODALITIES:
            try:
                picture = one(studio, person, 0, item(1 + person % 2, person, modality))
            except WorldError:
                continue
            figures.append(Figure(encoded(picture.rgb), modality))
    return figures


def tracklet_figures(theatre: Theatre) -> list[Figure]:
    """Two walks through a camera's view, picture after picture."""
    studio = theatre.studio(Choice(), 2, 0.3)
    figures = []
    for camera in (1, 2):
        frames = [item(camera, 0, "colour", camera, step) for step in range(studio.arguments.frames)]
        for picture in studio.pictures(studio.dressed(camera), frames):
            figures.append(Figure(encoded(picture.rgb), f"walk {camera}, picture {picture.item.step + 1}"))
    return figures


def write_gallery(
    out: str | Path,
    *,
    styles: Sequence[str] = (),
    factors: Sequence[str] = (),
    seed: int = 0,
    size: tuple[int, int] = (128, 64),
    progress: Progress | None = None,
) -> Path:
    """Write `out/gallery.html`: one page without other files, and return its path.

    Args:
        out: folder to write; it must not exist or be empty. styles: those whose crops are shown (default: all).
        factors: those whose strips are shown (default: all). seed: of the people. size: (height, width) of a crop.
        progress: called as progress(done, total, what).

    Raises:
        WorldError: an unknown style or factor, a folder in use, or anny or warp not installed.
    """
    out = Path(out)
    chosen = [find_style(name) for name in styles] or list(STYLES.values())
    Choice(frozenset(factors)).check()
    check_target(out)
    names = [name for level in LEVELS for name in FACTORS if FACTORS[name].level == level]
    names = [name for name in names if not factors or name in factors]
    report = progress or (lambda done, total, what: None)
    total, done = len(names) + len(chosen) + 4, 0
    style = STYLES[STRIPS]
    report(0, total, "loading bodies and kernels")
    first = Studio(style, Arguments(2, 1, 2, seed, size))
    theatre = Theatre(style, seed, size, first.world)
    sections: list[Section] = []

    def add(group: str, title: str, about: str, draw: Callable[[], list[Figure]]) -> None:
        nonlocal done
        report(done, total, title)
        sections.append(Section(group, title, about, draw()))
        done += 1

    for one_style in chosen:
        about = one_style.description
        add("Styles", one_style.name, about, lambda style=one_style: style_figures(style, seed, size))  # type: ignore[misc]
    add("Places", "scenes", "the empty view of a camera in every named scene", lambda: place_figures(theatre))
    add("Pictures", "modalities", "the same people, the same labels", lambda: modality_figures(theatre))
    add("Pictures", "labels", "what is written beside a picture", lambda: label_figures(theatre))
    add("Pictures", "tracklets", "people who walk through a camera's view", lambda: tracklet_figures(theatre))
    for name in names:
        factor = FACTORS[name]
        add(f"Factors of {LEVELS[factor.level]}", name, factor.about, lambda name=name: factor_figures(theatre, name))  # type: ignore[misc]
    page = render_page("reidapt: what the world draws", sections)
    try:
        out.mkdir(parents=True, exist_ok=True)
        path = out / "gallery.html"
        path.write_text(page, encoding="utf-8")
    except OSError as error:
        raise WorldError(f"The gallery could not be written to {out}: {error}.") from error
    report(total, total, "done")
    return path
