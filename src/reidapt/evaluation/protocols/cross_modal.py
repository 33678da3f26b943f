"""RegDB, LLCM, PKU-Sketch and any two modalities: probes of one, galleries of the other."""

from __future__ import annotations

from typing import Literal

from reidapt.data.table import CropTable
from reidapt.errors import ConfigError
from reidapt.evaluation.protocols.base import Ranking, Test
from reidapt.evaluation.protocols.draws import groups_of, seeded
from reidapt.evaluation.result import RetrievalResult
from reidapt.evaluation.trials import TrialsResult
from reidapt.similarity.neighbours import Features


def regdb(
    table: CropTable,
    features: Features,
    how: Ranking | None = None,
    *,
    direction: Literal["auto", "visible-to-thermal", "thermal-to-visible"] = "auto",
) -> RetrievalResult:
    """One trial of RegDB: every test picture of one modality against every one of the other, no picture left out.

    The direction swaps query and gallery, never the branch of a network: features come from each picture's own
    modality.

    Args:
        table: test rows of one trial, modalities colour and thermal.
        features: (N, D).
        how: see `Ranking`.
        direction: which modality asks; "auto" is that of the table's query split.
    """
    test = Test(table, features)
    asked = _direction(test, direction, {"colour": "visible-to-thermal", "thermal": "thermal-to-visible"})
    colour = test.rows(test.tested() & (test.modality == "colour"), "visible test pictures (modality colour)")
    thermal = test.rows(test.tested() & (test.modality == "thermal"), "thermal test pictures")
    query, gallery = (colour, thermal) if asked == "visible-to-thermal" else (thermal, colour)
    return test.rank(query, gallery, how or Ranking(), same_camera=False, protocol="regdb", direction=asked)


def pku_sketch(table: CropTable, features: Features, how: Ranking | None = None) -> RetrievalResult:
    """One split of PKU-Sketch: each test sketch against the test photos of both cameras, no picture left out.

    Args:
        table: test rows of one split, modalities sketch and colour.
        features: (N, D).
        how: see `Ranking`.
    """
    test = Test(table, features)
    query = test.rows(test.tested() & (test.modality == "sketch"), "test sketches (modality sketch)")
    gallery = test.rows(test.tested() & (test.modality == "colour"), "test photos (modality colour)")
    return test.rank(query, gallery, how or Ranking(), same_camera=False, protocol="pku-sketch")


def llcm(
    table: CropTable,
    features: Features,
    how: Ranking | None = None,
    *,
    direction: Literal["auto", "infrared-to-visible", "visible-to-infrared"] = "auto",
    trials: int = 10,
) -> TrialsResult:
    """LLCM over ten galleries of one picture a person and camera, drawn as the authors' code draws them.

    Pictures of the query's person from the camera of the same number are left out; the CMC counts each identity once.

    Args:
        table: test rows, modalities infrared and colour.
        features: (N, D).
        how: see `Ranking`.
        direction: which modality asks; "auto" is that of the table's query split.
        trials: galleries; trial k is drawn with seed k - 1.
    """
    if trials < 1:
        raise ConfigError(f"trials is {trials}; LLCM has ten.")
    test = Test(table, features)
    asked = _direction(test, direction, {"infrared": "infrared-to-visible", "colour": "visible-to-infrared"})
    infrared = test.rows(test.tested() & (test.modality == "infrared"), "near-infrared test pictures")
    colour = test.rows(test.tested() & (test.modality == "colour"), "visible test pictures (modality colour)")
    query, whole = (infrared, colour) if asked == "infrared-to-visible" else (colour, infrared)
    groups = groups_of(whole, test.person, test.camera, table.paths)
    return TrialsResult.of(
        [
            test.rank(
                query,
                seeded(groups, 1, trial),
                how or Ranking(),
                cmc="identity",
                protocol="llcm",
                direction=asked,
                draws="seeded, Python's generator with the trial's number from 0",
                trial=trial + 1,
            )
            for trial in range(trials)
        ]
    )


def cross_modal(
    table: CropTable,
    features: Features,
    how: Ranking | None = None,
    *,
    probe: Literal["auto", "colour", "infrared", "thermal", "sketch"] = "auto",
    shots: int = 1,
    trials: int = 10,
) -> TrialsResult:
    """Any two modalities: every test picture of one against drawn pictures of the other, no picture left out.

    Our rule for data without one of its own, such as rendered worlds. The CMC counts each identity once.

    Args:
        table: test rows of colour and one other modality.
        features: (N, D).
        how: see `Ranking`.
        probe: the modality that asks; "auto" is the one that isn't colour.
        shots: gallery pictures of each person and camera; 0 takes all, which leaves one trial.
        trials: galleries; trial k is drawn with seed k - 1.
    """
    if trials < 1 or shots < 0:
        raise ConfigError(f"trials is {trials} and shots {shots}; expected at least 1 and 0.")
    test = Test(table, features)
    there = sorted(set(test.modality[test.tested()].tolist()))
    others = [kind for kind in there if kind != "colour"]
    if len(there) != 2 or len(others) != 1:
        raise ConfigError(
            f"the test pictures of {table.name!r} have the modalities {', '.join(there) or 'none'}; this protocol ranks "
            "colour against one other."
        )
    asked = others[0] if probe == "auto" else probe
    query = test.rows(test.tested() & (test.modality == asked), f"test pictures of the modality {asked}")
    whole = test.rows(test.tested() & (test.modality != asked), "test pictures of the other modality")
    groups = groups_of(whole, test.person, test.camera, table.paths)
    return TrialsResult.of(
        [
            test.rank(
                query,
                seeded(groups, shots, trial) if shots else whole,
                how or Ranking(),
                same_camera=False,
                cmc="identity",
                protocol="cross-modal",
                probe=asked,
                shots=shots or "all",
                draws="seeded, Python's generator with the trial's number from 0" if shots else "none",
                trial=trial + 1,
            )
            for trial in range(trials if shots else 1)
        ]
    )


def _direction(test: Test, direction: str, by_modality: dict[str, str]) -> str:
    """The direction asked for, or that of the query split's modality (the first one where that doesn't say)."""
    directions = list(by_modality.values())
    if direction not in ("auto", *directions):
        raise ConfigError(f"direction is {direction!r}; expected auto, {' or '.join(directions)}.")
    if direction != "auto":
        return direction
    asking = set(test.modality[test.split == "query"].tolist())
    return by_modality.get(asking.pop(), directions[0]) if len(asking) == 1 else directions[0]
