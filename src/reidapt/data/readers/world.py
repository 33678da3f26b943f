"""Rendered worlds: a folder that `reidapt world render` wrote, or a benchmark world, rendered when it is first read."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from reidapt.data.readers import tabular
from reidapt.data.table import CropTable
from reidapt.errors import DataError, WorldError

log = logging.getLogger(__name__)


def cache() -> Path:
    """Where benchmark worlds are kept: `$REIDAPT_WORLDS`, or `reidapt/worlds` in the user's cache folder."""
    given = os.environ.get("REIDAPT_WORLDS")
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(os.path.abspath(given or Path(base) / "reidapt" / "worlds"))


def place(text: str) -> Path:
    """The folder that `world:TEXT` stands for: TEXT itself where it exists, else a benchmark world's in the cache.

    Raises:
        DataError: neither a folder nor the name of a benchmark world.
    """
    path = Path(os.path.abspath(os.path.expanduser(text)))
    if path.exists():
        return path
    from reidapt.world.benchmarks import BENCHMARKS, find_plan

    try:
        find_plan(text)
    except WorldError as error:
        raise DataError(f"world:{text} is no folder. {error}") from None
    name = text.strip("/").split("/")
    if len(name) == 2:  # the role may be left out where there is one, which is then called so
        name.append("world")
    return cache() / f"{name[0]}-v{BENCHMARKS[name[0]].version}" / Path(*name[1:])


def ensure(folder: Path, progress: Callable[[int, int, str], None] | None = None) -> None:
    """Render the benchmark world of a folder in the cache, unless it is there.

    Of several processes that want it one renders; the others wait for it.

    Raises:
        WorldError: it cannot be rendered.
    """
    if (folder / "crops.csv").exists() or not folder.is_relative_to(cache()):
        return
    from reidapt.data.rendered import render_dataset

    bench, *rest = folder.relative_to(cache()).parts
    name = "/".join([bench.rpartition("-v")[0], *rest])
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.with_name(f".{folder.name}.lock")):
        if not (folder / "crops.csv").exists():
            log.info("rendering %s into %s, once", name, folder)
            render_dataset(folder, bench=name, progress=progress)


def read(folder: Path) -> CropTable:
    """The table of a rendered world; a benchmark world that is not in the cache is rendered first.

    Raises:
        DataError: no `crops.csv` in the folder.
        WorldError: it has to be rendered, but cannot be.
    """
    ensure(folder)
    table = folder / "crops.csv"
    if not table.is_file():
        raise DataError(
            f"{folder} holds no crops.csv; world:DIR is a folder that 'reidapt world render' wrote, or a benchmark world "
            "such as world:bench-colour/tiny/forecourt."
        )
    return tabular.read_csv(table)
