"""Explain a run: ranked lists with activation maps, and the correlation of its levels across modalities."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from reidapt.data import CropStore, CropTable, normalise, read
from reidapt.errors import ConfigError
from reidapt.evaluation import RetrievalResult, TrialsResult
from reidapt.evaluation.activation import activation_maps, overlay
from reidapt.evaluation.correlation import Correlation, cross_modal_correlation, plot_correlation
from reidapt.evaluation.embedding import evaluating, modality_codes
from reidapt.evaluation.figures import example_queries, explained_lists
from reidapt.evaluation.protocols import protocol
from reidapt.progress import ProgressCallback
from reidapt.training.checkpoint import load
from reidapt.training.device import torch_device
from reidapt.training.evaluate import Options, evaluate, own_spec
from reidapt.training.run import write_json


def explain_run(
    run: str | Path,
    dataset: str,
    out: Path,
    *,
    queries: int = 6,
    k: int = 5,
    protocol_name: str = "auto",
    device: str = "auto",
    progress: ProgressCallback | None = None,
) -> dict[str, Path]:
    """Draw what a run looks at when it ranks a dataset's test pictures.

    Args:
        run: run folder or checkpoint of any method that ranks.
        dataset: dataset with query and gallery.
        out: folder of ``ranked-lists.png`` and, for a method with levels and test pictures of two modalities,
            ``correlation.png`` and ``correlation.json``.
        queries: lists drawn, spread from the best average precision to the worst.
        k: gallery pictures in each.
        protocol_name: as for an evaluation; of several trials the first is drawn.

    Returns:
        What was written, by name.

    Raises:
        ConfigError: a protocol of tracklets, or a trial the run was not trained on.
    """
    if queries < 1 or k < 1:
        raise ConfigError(f"{queries} queries and {k} pictures a list were asked for; both must be 1 or more.")
    method = load(run).to(torch_device(device))
    spec = own_spec(method, dataset, run)
    table = read(spec)
    chosen = protocol(protocol_name, spec, table)
    if chosen.tracklets:
        raise ConfigError(f"The protocol {chosen.name} ranks tracklets; activation maps are drawn of single pictures.")
    found, _ = evaluate(method, table, options=Options(protocol_name), chosen=chosen, progress=progress, dataset=spec)
    result = found.trials[0] if isinstance(found, TrialsResult) else found
    test = table.select(split=["query", "gallery"])
    rows = example_queries(result, queries)
    pictures = explained_pictures(method, test, result, rows, k)
    written = {"ranked lists": explained_lists(result, rows, pictures, out / "ranked-lists.png", k)}
    if hasattr(method, "level_features") and len(set(test.column("modality").tolist())) == 2:
        levels = level_correlation(method, test)
        written["correlation"] = plot_correlation({method.name: levels}, out / "correlation.png")
        write_json(out / "correlation.json", {name: vars(value) for name, value in levels.items()})
    return written


def explained_pictures(
    method: Any, test: CropTable, result: RetrievalResult, queries: list[int], k: int
) -> dict[tuple[int, int], tuple[Image.Image, Image.Image]]:
    """Pictures and overlays of some ranked lists, keyed as `explained_lists` wants them.

    A gallery picture's map is that of its similarity to the query; the query's is that of its similarity to the first
    picture of its list.
    """
    assert result.query_rows is not None
    assert result.gallery_rows is not None
    lists, made = result.lists(k), {}
    for query in queries:
        listed = [int(i) for i in lists.indices[query] if i >= 0]
        store = CropStore(test.take([result.query_rows[query], *result.gallery_rows[listed]]), method.config.size)
        shown = store.images(range(len(store)))
        place = next(method.parameters()).device
        images, codes = normalise(shown).to(place), modality_codes(store).to(place)
        embedder = functools.partial(method.embed, modality=codes) if method.takes_modality else method.embed
        with evaluating(method), torch.no_grad():
            features = embedder(images)
        towards = torch.cat([features[1:2] if listed else features[:1], features[:1].expand(len(listed), -1)])
        heat = activation_maps(embedder, images, towards, method)
        for place_in_list, (picture, warmth) in enumerate(zip(shown, heat), -1):
            plain = Image.fromarray(picture.permute(1, 2, 0).numpy())
            made[query, place_in_list] = (plain, overlay(picture, warmth))
    return made


def level_correlation(method: Any, table: CropTable, batch_size: int = 256, seed: int = 0) -> Mapping[str, Correlation]:
    """Correlation across modalities of every level of a method with ``level_features``, over a table's pictures."""
    store = CropStore(table, method.config.size)
    place, codes = next(method.parameters()).device, modality_codes(store)
    parts: dict[str, list[Tensor]] = {}
    with evaluating(method), torch.inference_mode():
        for rows in torch.arange(len(store)).split(batch_size):
            images = normalise(store.images(rows)).to(place)
            for name, features in method.level_features(images, codes[rows].to(place)).items():
                parts.setdefault(name, []).append(features.float().cpu())
    levels = {name: torch.cat(features) for name, features in parts.items()}
    return cross_modal_correlation(levels, table.person, np.asarray(table.column("modality")), seed=seed)
