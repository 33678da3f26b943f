"""Pictures of a retrieval result: ranked lists with green and red frames, CMC curves, score histograms."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from reidapt.errors import DataError
from reidapt.evaluation.result import RetrievalResult

if TYPE_CHECKING:
    from reidapt.evaluation.trials import TrialsResult

RIGHT, WRONG, QUERY = (34, 153, 84), (203, 45, 45), (70, 90, 110)
PAPER, INK, FAINT = (255, 255, 255), (30, 34, 38), (120, 126, 132)
CELL = (80, 160)
FRAME, GAP, CAPTION, HEADING = 5, 8, 18, 26

PathLike = str | os.PathLike[str]


def ranked_lists(
    result: RetrievalResult,
    query_paths: Sequence[PathLike],
    gallery_paths: Sequence[PathLike],
    out_png: PathLike,
    queries: Sequence[int] | None = None,
    k: int = 10,
) -> Path:
    """Draw a row for each query: the query at the left, then its first `k` gallery pictures.

    A match has a green frame, another person a red one; the score stands below with a tick or a cross.

    Args:
        result: as `rank` gives it, or loaded with lists of at least `k`.
        query_paths: (Q,) picture files of the queries.
        gallery_paths: (G,) picture files of the gallery.
        out_png: where to write.
        queries: rows to draw; by default eight spread from the best average precision to the worst (`example_queries`).
        k: pictures a row.

    Returns:
        `out_png` as a path.

    Raises:
        DataError: a picture can't be read, or the paths don't fit the result.
    """
    return ranked_lists_compare({"": result}, query_paths, gallery_paths, out_png, queries, k)


def ranked_lists_compare(
    results: Mapping[str, RetrievalResult],
    query_paths: Sequence[PathLike],
    gallery_paths: Sequence[PathLike],
    out_png: PathLike,
    queries: Sequence[int] | None = None,
    k: int = 10,
) -> Path:
    """Ranked lists of the same queries side by side under each result's name, such as "before" and "after".

    The arguments are those of `ranked_lists`; all results must be about the same queries and gallery. By default the
    queries are chosen by the last result.
    """
    if not results:
        raise DataError("there is no result to draw ranked lists of.")
    for name, result in results.items():
        found = (result.settings["queries"], result.settings["gallery"])
        if found != (len(query_paths), len(gallery_paths)):
            raise DataError(
                f"the result {name!r} is about {found[0]} queries and {found[1]} gallery pictures, but the paths of "
                f"{len(query_paths)} and {len(gallery_paths)} were given; expected the tables that were evaluated."
            )
    chosen = list(queries) if queries is not None else example_queries(list(results.values())[-1])
    panels = {name: result.lists(k) for name, result in results.items()}
    width = min(k, len(gallery_paths))
    cell = (CELL[0] + GAP, CELL[1] + CAPTION + GAP)
    heading = HEADING if any(panels) else 0
    panel_width = width * cell[0] + 2 * GAP
    size = (cell[0] + GAP + len(panels) * panel_width, heading + max(1, len(chosen)) * cell[1] + GAP)
    sheet = Image.new("RGB", size, PAPER)
    draw = ImageDraw.Draw(sheet)
    font = ImageFont.load_default(13)
    for row, query in enumerate(chosen):
        y = heading + GAP + row * cell[1]
        _paste(sheet, query_paths[query], (GAP, y), QUERY)
        _caption(draw, font, "query", (GAP, y), FAINT)
        for panel, lists in enumerate(panels.values()):
            x0 = cell[0] + 2 * GAP + panel * panel_width
            for place, picture in enumerate(lists.indices[query][:width]):
                if picture < 0:
                    break
                x = x0 + place * cell[0]
                right = bool(lists.correct[query, place])
                _paste(sheet, gallery_paths[picture], (x, y), RIGHT if right else WRONG)
                mark = "✓" if right else "✗"
                _caption(draw, font, f"{lists.scores[query, place]:.2f}", (x, y), RIGHT if right else WRONG, mark)
    for panel, name in enumerate(panels):
        x0 = cell[0] + GAP + panel * panel_width
        if name:
            draw.text((x0 + GAP, GAP), name, INK, ImageFont.load_default(16))
        draw.line([(x0, GAP), (x0, size[1] - GAP)], (215, 218, 222), 1)
    return _write(sheet, out_png)


def example_queries(result: RetrievalResult, count: int = 8) -> list[int]:
    """Queries with a match, evenly spread from the highest average precision to the lowest; no pick by hand."""
    precision = result.average_precision
    order = np.argsort(-precision, kind="stable")
    order = order[: int((~np.isnan(precision)).sum())]
    if not len(order):
        return []
    places = np.linspace(0, len(order) - 1, min(count, len(order))).round().astype(int)
    return [int(query) for query in order[places]]


def plot_cmc(
    results: Mapping[str, RetrievalResult | TrialsResult],
    out_png: PathLike,
    max_rank: int = 20,
    each: Mapping[str, Sequence[RetrievalResult]] | None = None,
) -> Path:
    """CMC curves of one or more named results, in percent over rank, as a PNG file.

    The curves in `each`, such as the trials behind a mean, are drawn thin below them.
    """
    figure, axes = _axes()
    for trials in (each or {}).values():
        for trial in trials:
            axes.plot(
                np.arange(1, len(trial.cmc[:max_rank]) + 1), 100 * trial.cmc[:max_rank], color="0.75", linewidth=0.7
            )
    for name, result in results.items():
        curve = 100 * result.cmc[:max_rank]
        axes.plot(
            np.arange(1, len(curve) + 1), curve, marker="o", markersize=3, label=f"{name}  (mAP {100 * result.mAP:.1f})"
        )
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set(xlabel="rank", ylabel="queries with a match so far [%]", ylim=(0, 102))
    axes.legend(loc="lower right", frameon=False)
    return _save(figure, out_png)


def score_histogram(result: RetrievalResult, out_png: PathLike, k: int = 50) -> Path:
    """Scores of matches and of other people within the first `k` of every ranked list, as a PNG file."""
    lists = result.lists(k)
    shown = lists.indices >= 0
    scores, correct = lists.scores[shown], lists.correct[shown]
    figure, axes = _axes()
    if len(scores):
        bins = np.linspace(scores.min(), scores.max() + 1e-6, 51)
        for mask, colour, name in ((~correct, WRONG, "other people"), (correct, RIGHT, "matches")):
            shade = "#{:02x}{:02x}{:02x}".format(*colour)
            axes.hist(scores[mask], bins, color=shade, alpha=0.65, label=f"{name} ({int(mask.sum()):,})")
        axes.legend(frameon=False)
    name = "cosine similarity" if result.settings["metric"] == "cosine" else "minus Euclidean distance"
    axes.set(xlabel=name, ylabel=f"pictures in the first {lists.indices.shape[1]}")
    return _save(figure, out_png)


def plot_sweep(
    curves: Mapping[str, Mapping[int, Sequence[float]]], x_label: str, y_label: str, out_png: PathLike
) -> Path:
    """Named curves over a swept option: mean of each point's values, with their standard deviation where there are two."""
    figure, axes = _axes()
    for name, points in curves.items():
        values = [np.asarray(found, float) for found in points.values()]
        spread = [v.std(ddof=1) if len(v) > 1 else 0.0 for v in values]
        axes.errorbar(list(points), [v.mean() for v in values], spread, marker="o", markersize=4, capsize=3, label=name)
    axes.set(xlabel=x_label, ylabel=y_label)
    axes.legend(frameon=False)
    return _save(figure, out_png)


def explained_lists(
    result: RetrievalResult,
    queries: Sequence[int],
    pictures: Mapping[tuple[int, int], tuple[Image.Image, Image.Image]],
    out_png: PathLike,
    k: int = 5,
) -> Path:
    """Ranked lists with activation maps: for each query a line of pictures and one of the same under their maps.

    Args:
        result: as `rank` gives it.
        queries: rows to draw.
        pictures: (query, place) -> the picture and its overlay; place −1 is the query itself, 0 its first rank.
        out_png: where to write.
        k: pictures a row.
    """
    lists = result.lists(k)
    width = min(k, lists.indices.shape[1])
    cell = (CELL[0] + GAP, CELL[1] + GAP)
    line = 2 * cell[1] + CAPTION
    sheet = Image.new("RGB", (GAP + (width + 1) * cell[0] + GAP, len(queries) * line + GAP), PAPER)
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(13)
    for row, query in enumerate(queries):
        y = GAP + row * line
        for place in range(-1, width):
            if place >= 0 and lists.indices[query][place] < 0:
                break
            right = place >= 0 and bool(lists.correct[query, place])
            colour = QUERY if place < 0 else RIGHT if right else WRONG
            x = GAP + (place + 1) * cell[0] + (GAP if place >= 0 else 0)
            for part, picture in enumerate(pictures[query, place]):
                _paste(sheet, picture, (x, y + part * (CELL[1] + GAP // 2)), colour)
            text, mark = ("query", "") if place < 0 else (f"{lists.scores[query, place]:.2f}", "✓" if right else "✗")
            below = (x, y + CELL[1] + GAP // 2)
            _caption(draw, font, text, below, FAINT if place < 0 else colour, mark)
    return _write(sheet, out_png)


def _paste(
    sheet: Image.Image, shown: PathLike | Image.Image, corner: tuple[int, int], colour: tuple[int, int, int]
) -> None:
    """A picture or the file of one, fitted into CELL without distortion, in a coloured frame."""
    if isinstance(shown, Image.Image):
        picture = shown
    else:
        try:
            with Image.open(shown) as file:
                picture = file.convert("RGB")
        except OSError as error:
            raise DataError(f"the picture {shown} can't be read for the ranked lists: {error}.") from error
    inner = (CELL[0] - 2 * FRAME, CELL[1] - 2 * FRAME)
    scale = min(inner[0] / picture.width, inner[1] / picture.height)
    size = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    picture = picture.resize(size, Image.Resampling.BICUBIC)
    cell = Image.new("RGB", CELL, colour)
    cell.paste((236, 238, 240), (FRAME, FRAME, CELL[0] - FRAME, CELL[1] - FRAME))
    cell.paste(picture, ((CELL[0] - size[0]) // 2, (CELL[1] - size[1]) // 2))
    sheet.paste(cell, corner)


def _caption(
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    text: str,
    corner: tuple[int, int],
    colour: tuple[int, int, int],
    mark: str = "",
) -> None:
    """Text below a picture; `mark` says right or wrong to those who don't tell green from red."""
    x, y = corner[0], corner[1] + CELL[1]
    draw.text((x + CELL[0] / 2, y + CAPTION / 2), text, colour, font, anchor="mm")
    if mark == "✓":
        draw.line([(x + 6, y + 9), (x + 9, y + 13), (x + 15, y + 5)], colour, 2)
    elif mark == "✗":
        draw.line([(x + 6, y + 5), (x + 14, y + 13)], colour, 2)
        draw.line([(x + 14, y + 5), (x + 6, y + 13)], colour, 2)


def _axes():  # type: ignore[no-untyped-def]
    """A small figure that needs no display and touches no global state of matplotlib."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(alpha=0.25)
    return figure, axes


def _save(figure, out_png: PathLike) -> Path:  # type: ignore[no-untyped-def]
    figure.canvas.draw()
    return _write(Image.fromarray(np.asarray(figure.canvas.buffer_rgba())).convert("RGB"), out_png)


def _write(picture: Image.Image, out_png: PathLike) -> Path:
    """Write a PNG beside its place and move it there, so that no half picture is ever seen."""
    target = Path(out_png)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        picture.save(temporary, "PNG", optimize=True)
        os.replace(temporary, target)
    finally:
        temporary.unlink(missing_ok=True)
    return target
