"""SYSU-MM01 (Wu et al., ICCV 2017): infrared probes, galleries of one or ten colour pictures a person and camera."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import numpy as np

from reidapt.data.table import CropTable
from reidapt.errors import ConfigError
from reidapt.evaluation.protocols.base import Ranking, Test
from reidapt.evaluation.protocols.draws import Permutation, find_permutation, groups_of, permuted, seeded
from reidapt.evaluation.trials import TrialsResult
from reidapt.similarity.neighbours import Features

INFRARED = (3, 6)
COLOUR = {"all": (1, 2, 4, 5), "indoor": (1, 2)}
SAME_PLACE = (3, 2)
"""Infrared camera 3 and colour camera 2 stand in one place: its probes never see that camera's pictures."""


def sysu_mm01(
    table: CropTable,
    features: Features,
    how: Ranking | None = None,
    *,
    search: Literal["all", "indoor"] = "all",
    shots: int = 1,
    draws: Literal["auto", "published", "seeded"] = "auto",
    permutation: str = "",
    trials: int = 10,
) -> TrialsResult:
    """All-search or indoor-search, single-shot or multi-shot, over ten galleries.

    Queries are all pictures of cameras 3 and 6. The gallery holds `shots` pictures of each person and camera out of
    cameras 1, 2, 4, 5 (all) or 1, 2 (indoor). Queries of camera 3 leave out every picture of camera 2. The CMC counts
    each identity once; mAP and mINP use the whole list.

    Args:
        table: test rows with their published camera numbers.
        features: (N, D).
        how: see `Ranking`.
        search: "all" or "indoor".
        shots: 1 (single-shot) or 10 (multi-shot) pictures of each person and camera.
        draws: "published", from `rand_perm_cam.mat`; "seeded", trial k drawn with seed k as AGW does; "auto" takes the
            published ones where the file is there. One result never mixes them, and says which.
        permutation: path of `rand_perm_cam.mat`; by default it is looked for in the dataset's folder.
        trials: galleries, at most ten where they are the published ones.

    Raises:
        DataError: no pictures of these cameras, or permutations that don't fit them.
        ConfigError: an option that isn't one of the protocol's.
    """
    if search not in COLOUR:
        raise ConfigError(f"search is {search!r}; SYSU-MM01 has all and indoor.")
    if draws not in ("auto", "published", "seeded"):
        raise ConfigError(f"draws is {draws!r}; expected auto, published or seeded.")
    if shots < 1 or trials < 1:
        raise ConfigError(f"shots is {shots} and trials {trials}; SYSU-MM01 has 1 or 10 shots and ten trials.")
    test = Test(table, features)
    query = test.rows(test.tested() & np.isin(test.camera, INFRARED), "test pictures of the infrared cameras 3 and 6")
    colour = test.rows(
        test.tested() & np.isin(test.camera, COLOUR[search]),
        f"test pictures of the colour cameras {', '.join(map(str, COLOUR[search]))}",
    )
    groups = groups_of(colour, test.person, test.camera, table.paths)
    place = Path(permutation) if permutation else find_permutation(table.root)
    published = draws == "published" or (draws == "auto" and place is not None)
    order = Permutation(place or table.root / "rand_perm_cam.mat") if published else None
    results = []
    for trial in range(trials):
        gallery = permuted(groups, shots, trial, order) if order else seeded(groups, shots, trial)
        blind = (test.camera[query] == SAME_PLACE[0])[:, None] & (test.camera[gallery] == SAME_PLACE[1])[None, :]
        results.append(
            test.rank(
                query,
                gallery,
                how or Ranking(),
                same_camera=False,
                left_out=blind,
                cmc="identity",
                protocol="sysu-mm01",
                search=search,
                shots=shots,
                draws="rand_perm_cam.mat" if order else "seeded, Python's generator with the trial's number from 0",
                not_seen="camera 2 by queries of camera 3",
                trial=trial + 1,
            )
        )
    return TrialsResult.of(results)
