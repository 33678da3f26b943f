"""Contact sheets: a row per person, a column per camera."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from reidapt.errors import WorldError

GAP, LABEL = 3, 14


def contact_sheet(
    source: str | Path | Sequence[str | Path],
    out_png: str | Path,
    *,
    rows: int = 12,
    columns: int = 12,
    height: int = 128,
    split: str | None = None,
) -> Path:
    """Draw crops of a rendered folder, or of a list of picture files, on one PNG.

    From a folder that `render_world` wrote: a row per person, that person's pictures sorted by camera, the camera's
    number above a column. From a list: the pictures in their order, row by row.

    Args:
        source: a world's folder or picture paths. out_png: file to write.
        rows, columns: size of the sheet. height: pixels of a crop on the sheet.
        split: only `train`, `query` or `gallery`.

    Returns:
        The path of the PNG.
    """
    from PIL import Image, ImageDraw

    grid: list[list[tuple[Path, str]]]
    if isinstance(source, (str, Path)):
        grid = person_rows(Path(source), rows, columns, split)
    else:
        paths = [Path(path) for path in source]
        grid = [[(path, "") for path in paths[r * columns : (r + 1) * columns]] for r in range(rows)]
        grid = [row for row in grid if row]
    if not grid:
        raise WorldError(f"There are no pictures for a contact sheet in {source}.")
    pictures = [[Image.open(path).convert("RGB") for path, _ in row] for row in grid]
    wide = max(round(p.width * height / p.height) for row in pictures for p in row)
    most = max(len(row) for row in grid)
    labelled = any(label for row in grid for _, label in row)
    head = LABEL if labelled else 0
    sheet = Image.new("RGB", (most * (wide + GAP) + GAP, len(grid) * (height + GAP) + GAP + head), (24, 24, 26))
    draw = ImageDraw.Draw(sheet)
    for column in range(most):
        labels = {row[column][1] for row in grid if column < len(row)}
        if labelled and len(labels) == 1:
            draw.text((GAP + column * (wide + GAP) + 2, 1), labels.pop(), fill=(220, 220, 220))
    for r, row in enumerate(pictures):
        for c, picture in enumerate(row):
            place = (GAP + c * (wide + GAP), head + GAP + r * (height + GAP))
            sheet.paste(picture.resize((wide, height), Image.Resampling.BILINEAR), place)
    out_png = Path(out_png)
    out_png.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(out_png, "PNG")
    return out_png


def person_rows(folder: Path, rows: int, columns: int, split: str | None) -> list[list[tuple[Path, str]]]:
    """Per person (evenly spread over the ids): the same number of pictures of every camera, with camera labels."""
    table = folder / "crops.csv"
    if not table.is_file():
        raise WorldError(
            f"{folder} holds no crops.csv; a contact sheet needs a folder written by the world, or a list of files."
        )
    with table.open(encoding="utf-8") as file:
        crops = [
            row for row in csv.DictReader(file) if int(row["person"]) > 0 and (split is None or row["split"] == split)
        ]
    people: dict[int, dict[int, list[Path]]] = {}
    for crop in crops:
        people.setdefault(int(crop["person"]), {}).setdefault(int(crop["camera"]), []).append(folder / crop["path"])
    chosen = sorted(people)
    if len(chosen) > rows:
        chosen = [chosen[k * len(chosen) // rows] for k in range(rows)]
    result = []
    for person in chosen:
        cameras = people[person]
        each = max(1, columns // max(len(cameras), 1))
        row = [(path, f"camera {camera}") for camera in sorted(cameras) for path in sorted(cameras[camera])[:each]]
        result.append(row[:columns])
    return result
