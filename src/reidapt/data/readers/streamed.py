"""The table of a streamed world: `stream:STYLE?people=500&cameras=6`, a source whose pictures are drawn while a network trains.

Persons, cameras and rows stay; the pictures are other ones in every epoch. A picture is a pure function of the spec, the
epoch and the row, so a resumed training sees those of an uninterrupted one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from reidapt.data.columns import nearest
from reidapt.data.table import CropTable
from reidapt.data.virtual import STREAM
from reidapt.errors import DataError

DEFAULTS: dict[str, float] = {
    "people": 500, "cameras": 6, "pictures": 4, "seed": 0, "occlusion": 0.1, "lookalikes": 0.0
}  # fmt: skip
"""Options of a stream, as of `reidapt world render`; `pictures` is how many a person has at every camera in an epoch."""
MOST_ROWS = 2_000_000


def resolve(style: str, given: Mapping[str, str]) -> dict[str, str]:
    """All options of a stream of this style, as text.

    Raises:
        DataError, WorldError: an unknown style or option, a value that cannot be rendered, too many rows.
    """
    options = {**DEFAULTS}
    for name, text in given.items():
        if name not in DEFAULTS:
            raise DataError(
                f"stream: has no option {name!r}; its options are {', '.join(DEFAULTS)}.{nearest(name, DEFAULTS)}"
            )
        try:
            options[name] = type(DEFAULTS[name])(text)
        except ValueError:
            kind = "a whole number" if isinstance(DEFAULTS[name], int) else "a number"
            raise DataError(f"stream: {name} = {text!r}; expected {kind}.") from None
    from reidapt.world.layout import Arguments
    from reidapt.world.styles import find_style

    find_style(style)
    values: dict[str, Any] = options
    Arguments(**values, layout="table", train_fraction=1.0).check()
    rows = int(options["people"] * options["cameras"] * options["pictures"])
    if rows > MOST_ROWS:
        raise DataError(
            f"stream:{style} would have {rows:,} crops an epoch; at most {MOST_ROWS:,} are possible. Take fewer people or "
            "pictures: an epoch is not the whole stream, every one brings new pictures."
        )
    return {name: str(value) for name, value in options.items()}


def read(style: str, options: Mapping[str, str]) -> CropTable:
    """The table of a stream: its rows are all in the split `train`, and nothing is drawn yet."""
    spec = f"{style}?" + "&".join(f"{name}={options[name]}" for name in DEFAULTS)
    people, cameras, pictures = (int(options[name]) for name in ("people", "cameras", "pictures"))
    person, camera, _ = np.indices((people, cameras, pictures)).reshape(3, -1)
    paths = [f"{STREAM}{spec}#{row}" for row in range(len(person))]
    frame = {"path": paths, "person": person + 1, "camera": camera + 1, "mask": paths, "domain": style}
    return CropTable(pd.DataFrame(frame), f"stream-{style}", "/")
