"""Who is on each picture and which camera took it: the pairs that match, those left out, each identity once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor

from reidapt.errors import DataError
from reidapt.evaluation.counting import Picks
from reidapt.evaluation.scoring import Scorer

JUNK, DISTRACTOR, UNKNOWN = -1, 0, -1


@dataclass(frozen=True)
class Identities:
    """Who is on each picture and which camera took it, checked."""

    query_person: np.ndarray
    gallery_person: np.ndarray
    query_camera: np.ndarray
    gallery_camera: np.ndarray

    @classmethod
    def checked(
        cls,
        query_person: ArrayLike,
        gallery_person: ArrayLike,
        query_camera: ArrayLike | None,
        gallery_camera: ArrayLike | None,
        queries: int,
        pictures: int,
    ) -> Identities:
        """Columns as int64 arrays of the right lengths; DataError on others, and on junk or distractor queries."""
        columns = cls(
            _column(query_person, queries, "query_person"),
            _column(gallery_person, pictures, "gallery_person"),
            _column(query_camera, queries, "query_camera"),
            _column(gallery_camera, pictures, "gallery_camera"),
        )
        wrong = np.flatnonzero(columns.query_person <= 0)
        if len(wrong):
            raise DataError(
                f"{len(wrong)} of {queries} queries have person 0 (distractor) or below (junk), the first is query "
                f"{wrong[0]} with person {columns.query_person[wrong[0]]}; a query needs an identity of 1 or above. "
                "Leave these rows out of the queries, or number the people from 1."
            )
        odd = np.flatnonzero(columns.gallery_person < JUNK)
        if len(odd):
            raise DataError(
                f"gallery_person {columns.gallery_person[odd[0]]} at picture {odd[0]}; expected an identity of 1 or "
                "above, 0 for a distractor or -1 for junk."
            )
        return columns

    @property
    def junk(self) -> np.ndarray:
        """Gallery indices of junk pictures."""
        return np.flatnonzero(self.gallery_person == JUNK)

    @property
    def camera_rule(self) -> str:
        """Whether pictures of the query's own camera could be left out: "on", "off" or "where known"."""
        unknown = [camera == UNKNOWN for camera in (self.query_camera, self.gallery_camera)]
        if not (unknown[0].any() or unknown[1].any()):
            return "on"
        return "off" if unknown[0].all() or unknown[1].all() else "where known"

    def split(self, same_camera: bool = True, left_out: Picks | None = None) -> tuple[Picks, Picks]:
        """For each query its matches, and the gallery pictures to be left out, whoever they show.

        Args:
            same_camera: leave out pictures of the query's person *and* camera.
            left_out: further pictures to leave out.
        """
        order = np.argsort(self.gallery_person, kind="stable")
        ordered = self.gallery_person[order]
        start = np.searchsorted(ordered, self.query_person, side="left")
        count = np.searchsorted(ordered, self.query_person, side="right") - start
        query = np.repeat(np.arange(len(count)), count)
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        picture = order[np.repeat(start, count) + within]
        camera = self.query_camera[query]
        same = (camera == self.gallery_camera[picture]) & (camera != UNKNOWN) & same_camera
        if left_out is None:
            return (
                Picks.from_pairs(query[~same], picture[~same], len(count)),
                Picks.from_pairs(query[same], picture[same], len(count)),
            )
        pictures = max(1, len(self.gallery_person))
        cell = query * pictures + picture
        out = np.union1d(cell[same], left_out.cells_of_all(pictures))
        match = np.setdiff1d(cell, out, assume_unique=True)
        match.sort()
        return (
            Picks.from_pairs(match // pictures, match % pictures, len(count)),
            Picks.from_pairs(out // pictures, out % pictures, len(count)),
        )


def _column(values: ArrayLike | None, length: int, name: str) -> np.ndarray:
    if values is None:
        return np.full(length, UNKNOWN, np.int64)
    column = values.detach().cpu().numpy() if isinstance(values, torch.Tensor) else np.asarray(values)
    if column.shape != (length,) or not np.issubdtype(column.dtype, np.integer):
        raise DataError(
            f"{name} has shape {column.shape} and type {column.dtype}; expected {length} whole numbers, one for each "
            "row of the features."
        )
    return column.astype(np.int64, copy=False)


def identity_ranks(scorer: Scorer, people: Identities, left_out: Picks) -> np.ndarray:
    """Rank (Q,) of each query's person where every identity stands once, at its best picture; -1 without a match.

    As in the SYSU-MM01 protocol. Every distractor is an identity of its own. Of identities whose best pictures have
    equal scores the one of the lowest gallery index comes first.
    """
    person = people.gallery_person.copy()
    alone = person == DISTRACTOR
    person[alone] = person.max(initial=0) + 1 + np.arange(np.count_nonzero(alone))
    names, group = np.unique(person, return_inverse=True)
    place = np.searchsorted(names, people.query_person)
    known = (place < len(names)) & (names[np.minimum(place, len(names) - 1)] == people.query_person)
    ranks = np.full(scorer.queries, -1, np.int64)
    device = scorer.device
    of_picture = torch.from_numpy(group).to(device)
    junk = torch.from_numpy(people.junk).to(device)
    for start, block in scorer.blocks():
        stop = start + len(block)
        scorer.finish(block, start)
        block[:, junk] = -torch.inf
        rows, columns = (torch.from_numpy(a).to(device) for a in left_out.cells(start, stop))
        block[rows, columns] = -torch.inf
        own = torch.from_numpy(np.where(known, place, 0)[start:stop]).to(device)
        found = _place_of(block, of_picture, len(names), own).cpu().numpy()
        ranks[start:stop] = np.where(known[start:stop], found, -1)
    return ranks


def _place_of(scores: Tensor, group: Tensor, groups: int, own: Tensor) -> Tensor:
    """Place (B,) from 1 of group `own` (B,) when the groups of scores (B, G) are ordered by their best; -1 if -inf."""
    wide = group.expand_as(scores)
    best = torch.full((len(scores), groups), -torch.inf, device=scores.device).scatter_reduce(1, wide, scores, "amax")
    mine = best.gather(1, own[:, None])
    level = best == mine
    above = (best > mine).sum(1)
    if bool((level.sum(1) > 1).any()):
        index = torch.arange(scores.shape[1], device=scores.device).expand_as(scores)
        index = torch.where(scores == best.gather(1, wide), index, scores.shape[1])
        first = torch.full((len(scores), groups), scores.shape[1], device=scores.device)
        first = first.scatter_reduce(1, wide, index, "amin")
        above = above + (level & (first < first.gather(1, own[:, None]))).sum(1)
    return torch.where(torch.isfinite(mine[:, 0]), above + 1, -1)
