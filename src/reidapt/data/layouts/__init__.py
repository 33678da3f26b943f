"""Writing a crops table in the layout of a published dataset: `write_layout(table, "mars", out)`."""

from __future__ import annotations

import difflib
import inspect
import logging
import os
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from reidapt.data.layouts.catalogue import LAYOUTS, LayoutInfo, find_layout, plan
from reidapt.data.layouts.crops import Crop, cameras, crops_of
from reidapt.data.layouts.folder import Folder, under_construction
from reidapt.data.table import CropTable
from reidapt.errors import DataError

__all__ = ["LAYOUTS", "LayoutInfo", "find_layout", "layout_options", "plan", "write_layout"]

log = logging.getLogger(__name__)


def write_layout(
    table: CropTable, layout: str, out: str | os.PathLike[str], *, options: Mapping[str, Any] | None = None
) -> Path:
    """Write a labelled table in the layout of a published dataset and return its folder.

    Pictures are linked (hard links) or copied, and encoded anew only where the layout demands another format. Persons,
    cameras, sequences, frames and tracklets keep their numbers wherever the layout's names can hold them. Masks go to
    `masks/`, beside the pictures' own tree. The same table and options give the same bytes; the folder appears only
    when it is complete. Crops that a layout has no place for (junk, pictures beyond its number per camera, a modality
    that a camera does not have) are left out, and a warning counts them.

    Args:
        table: what to write.
        layout: a name of `LAYOUTS`.
        out: folder to write; it must not exist or be empty.
        options: for all layouts `files` ("link" or "copy"), `masks` (default True) and `record` (also write a
            `crops.csv` with all columns, default False); and those of the layout, see `layout_options`.

    Raises:
        DataError: an unknown layout or option, a table without what the layout needs, a folder in use, a file that
            cannot be read. Nothing is left behind.
    """
    info = find_layout(layout)
    chosen = dict(options or {})
    how = str(chosen.pop("files", "link"))
    if how not in ("link", "copy"):
        raise DataError(f"the option files is 'link' or 'copy', found {how!r}.")
    masks, record = bool(chosen.pop("masks", True)), bool(chosen.pop("record", False))
    write = _writer(info, chosen)
    crops = _suited(info, crops_of(table))
    place = Path(os.path.abspath(out))
    with under_construction(place) as temporary:
        folder = Folder(temporary, how, masks)
        write(folder, crops, **chosen)
        if record:
            folder.record()
    left = len(crops) - len({crop.row for _, crop in folder.written})
    if left:
        log.warning("%s: %d of %d crops have no place in the %s layout", place, left, len(crops), info.title)
    return place


def layout_options(layout: str) -> dict[str, Any]:
    """Names and defaults of the options of one layout, besides `files`, `masks` and `record`."""
    function = _function(find_layout(layout))
    parameters = inspect.signature(function).parameters.values()
    return {p.name: p.default for p in parameters if p.kind is inspect.Parameter.KEYWORD_ONLY}


def _function(info: LayoutInfo) -> Callable[..., None]:
    module, function = info.writer.split(":")
    writer: Callable[..., None] = getattr(import_module(f"reidapt.data.layouts.{module}"), function)
    return writer


def _writer(info: LayoutInfo, options: Mapping[str, Any]) -> Callable[..., None]:
    """The layout's function, after its options are known to exist."""
    valid = [*layout_options(info.name), "files", "masks", "record"]
    for name in options:
        if name not in valid:
            near = difflib.get_close_matches(name, valid, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            raise DataError(f"the layout {info.name} has no option {name!r}.{hint} It has {', '.join(valid)}.")
    return _function(info)


def _suited(info: LayoutInfo, crops: list[Crop]) -> list[Crop]:
    """The crops of the layout's modalities, after checking that the table has what the layout needs."""
    need = f"the {info.title} layout needs"
    for what, wanted, there in (
        ("modality", info.modalities, {crop.modality for crop in crops}),
        ("split", info.splits, {crop.split for crop in crops}),
    ):
        missing = [value for value in wanted if value not in there]
        if missing:
            raise DataError(
                f"{need} crops of the {what} {' and '.join(missing)}, and the table has "
                f"{', '.join(sorted(there)) or 'none'}. A world made with plan({info.name!r}) fits."
            )
    seen = cameras(crops)
    if len(seen) < info.cameras:
        raise DataError(
            f"{need} at least {info.cameras} known cameras, and the table has {len(seen)}. "
            f"A world made with plan({info.name!r}) fits."
        )
    if info.tracklets and all(crop.tracklet < 0 for crop in crops):
        raise DataError(
            f"{need} tracklets, and no crop of the table has one. A world made with plan({info.name!r}) fits."
        )
    if info.cameras and any(crop.camera < 0 for crop in crops):
        row = next(crop for crop in crops if crop.camera < 0)
        raise DataError(f"{need} the camera of every crop, and row {row.row} ({row.path}) has none.")
    return crops
