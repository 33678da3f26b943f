"""Render a world straight into a dataset's layout, or render a benchmark world: what `reidapt world render` does."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal

from reidapt.data.layouts import find_layout, plan, write_layout
from reidapt.data.spec import read
from reidapt.errors import WorldError
from reidapt.world import contact_sheet, render_world
from reidapt.world.benchmarks import find_plan
from reidapt.world.layout import LAYOUTS as OWN_LAYOUTS
from reidapt.world.layout import check_target

DEFAULTS = {"people": 100, "cameras": 6, "pictures": 4, "seed": 0}
"""Of a world in one of its own layouts."""


def plain(given: Mapping[str, Any]) -> bool:
    """Whether these arguments of `render_world` ask for single colour pictures of people in one outfit."""
    modalities = {*given.get("modalities", ("colour",)), *given.get("camera_modalities", ())}
    return modalities == {"colour"} and not given.get("tracklets") and given.get("outfits", 1) == 1


def render_dataset(
    out: str | Path,
    *,
    style: str | None = None,
    bench: str = "",
    layout: str = "",
    published: bool = False,
    workers: int | None = None,
    sheet: str | Path | None = None,
    progress: Callable[[int, int, str], None] | None = None,
    **given: Any,
) -> Path:
    """Render people into `out` and return it.

    Args:
        out: folder to write; it must not exist or be empty.
        style: a domain style; not together with `bench`.
        bench: a benchmark world such as `bench-colour/tiny/forecourt`, whose plan decides everything.
        layout: a layout of the world itself (`market1501`, `table`) or of any published dataset. By default `market1501`
            for colour pictures in one outfit, `table` for everything else.
        published: people, cameras and pictures as many as the layout's dataset has, instead of a few.
        workers: threads; they do not change the pictures.
        sheet: also draw a contact sheet there.
        progress: called as progress(done, total, what).
        given: arguments of `render_world`; they win over the layout's plan.

    Raises:
        WorldError: style and benchmark both or neither, or what cannot be rendered.
        DataError: the layout is unknown, or cannot hold what was asked for.
    """
    out = Path(out)
    check_target(out)
    if bench:
        if style or given:
            more = ", ".join(sorted([*given, *(["style"] if style else [])]))
            raise WorldError(f"The benchmark world {bench!r} is the same for everybody; leave out: {more}.")
        benchmark = find_plan(bench)
        style, given = benchmark.style, benchmark.arguments()
    if not style:
        raise WorldError(
            "Say what is rendered: a style, e.g. --style plaza, or a benchmark world, e.g. --bench bench-colour/tiny/forecourt."
        )
    if not layout:
        layout = "market1501" if plain(given) else "table"
    if layout in OWN_LAYOUTS:
        return render_world(
            style, **{**DEFAULTS, **given}, workers=workers, out=out, layout=layout, sheet=sheet, progress=progress
        )
    info = find_layout(layout)
    scale: Literal["test", "published"] = "published" if published else "test"
    arguments = given if bench else {"seed": 0, **plan(layout, scale), **given}
    table = out.with_name(f".{out.name}.{os.getpid()}.table")
    try:
        render_world(style, **arguments, workers=workers, out=table, layout="table", progress=progress)
        write_layout(
            read(f"csv:{table / 'crops.csv'}"),
            layout,
            out,
            options={"record": True, **(info.options if published else {})},
        )
    finally:
        shutil.rmtree(table, ignore_errors=True)
    if sheet is not None:
        contact_sheet(out, sheet)
    return out
