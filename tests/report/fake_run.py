"""Writes run folders with drawn people and made-up embeddings, as docs/design.md lays a run folder out."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import yaml
from PIL import Image, ImageDraw

QUALITY = {"direct": 0.36, "adapted": 0.44, "oracle": 0.72}
"""Strength of the person's signal in the made-up embeddings; a camera's is 0.35."""


def draw_person(person: int, camera: int, take: int, size: tuple[int, int] = (64, 128)) -> Image.Image:
    """A figure with head, shirt and trousers: colours by person, background and light by camera."""
    own, place = np.random.default_rng(person), np.random.default_rng(1000 + camera)
    moment = np.random.default_rng((person, camera, take))
    light = 0.6 + 0.5 * place.random()

    def tint(colour: np.ndarray) -> tuple[int, ...]:
        return tuple(int(v) for v in np.clip(colour * light, 0, 255))

    ground = 90 + 110 * place.random(3)
    image = Image.new("RGB", size, tint(ground))
    pen = ImageDraw.Draw(image)
    w, h = size
    pen.rectangle((0, h * 0.8, w, h), fill=tint(ground * 0.7))
    x = w * (0.5 + 0.1 * (moment.random() - 0.5))
    broad = w * (0.2 + 0.08 * own.random())
    shirt, trousers, skin = (
        255 * own.random(3),
        255 * own.random(3),
        np.array([225, 180, 150]) * (0.5 + own.random() / 2),
    )
    stride = w * 0.16 * moment.random()
    for side in (-1, 1):
        pen.line((x, h * 0.55, x + side * (stride + 4), h * 0.93), fill=tint(trousers), width=int(broad * 0.75))
        pen.line((x + side * broad, h * 0.25, x + side * (broad + 4), h * 0.52), fill=tint(shirt * 0.85), width=7)
    pen.rounded_rectangle((x - broad, h * 0.21, x + broad, h * 0.57), 6, fill=tint(shirt))
    pen.ellipse((x - w * 0.12, h * 0.05, x + w * 0.12, h * 0.2), fill=tint(skin))
    return image


def write_crops(
    folder: Path, persons: int = 24, cameras: int = 4, takes: int = 2
) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Crops of every person in every camera; paths, persons and cameras in one order."""
    folder.mkdir(parents=True, exist_ok=True)
    paths, ids, cams = [], [], []
    for person in range(1, persons + 1):
        for camera in range(1, cameras + 1):
            for take in range(takes):
                path = folder / f"{person:04d}_c{camera}_{take}.jpg"
                draw_person(person, camera, take).save(path, quality=88)
                paths.append(str(path))
                ids.append(person)
                cams.append(camera)
    return paths, np.array(ids), np.array(cams)


def write_sheet(path: Path, first: int = 1) -> None:
    """A contact sheet of drawn people, 12 wide and 4 high."""
    sheet = Image.new("RGB", (12 * 68, 4 * 132), "white")
    for row in range(4):
        for column in range(12):
            sheet.paste(draw_person(first + column, row + first, 0), (column * 68 + 2, row * 132 + 2))
    path.parent.mkdir(parents=True, exist_ok=True)
    sheet.save(path)


def rank_arrays(
    paths: list[str], person: np.ndarray, camera: np.ndarray, quality: float, keep: int = 20, seed: int = 0
) -> dict[str, np.ndarray]:
    """Made-up embeddings (person signal against camera signal) ranked by the Market rule with plain loops."""
    random = np.random.default_rng(seed)
    by_person, by_camera = random.normal(size=(person.max() + 1, 32)), random.normal(size=(camera.max() + 1, 32))
    features = quality * by_person[person] + 0.35 * by_camera[camera] + 0.45 * random.normal(size=(len(paths), 32))
    features = (features / np.linalg.norm(features, axis=1, keepdims=True)).astype(np.float32)
    is_query = np.array([path.endswith("_0.jpg") and (i // 2) % 2 == 0 for i, path in enumerate(paths)])
    q, g = np.flatnonzero(is_query), np.flatnonzero(~is_query)
    top, correct = np.full((len(q), keep), -1), np.zeros((len(q), keep), bool)
    scores, precision, cmc = np.zeros((len(q), keep), np.float32), np.zeros(len(q)), np.zeros(50)
    penalty = np.zeros(len(q))
    for row, i in enumerate(q):
        order = [j for j in np.argsort(-(features[g] @ features[i]), kind="stable")]
        order = [j for j in order if not (person[g[j]] == person[i] and camera[g[j]] == camera[i])]
        match = np.array([person[g[j]] == person[i] for j in order])
        top[row, : len(order[:keep])], correct[row, : len(order[:keep])] = order[:keep], match[:keep]
        scores[row, : len(order[:keep])] = (features[g] @ features[i])[order[:keep]]
        places = np.flatnonzero(match)
        precision[row] = np.mean((np.arange(len(places)) + 1) / (places + 1))
        penalty[row] = len(places) / (places[-1] + 1)
        cmc += np.arange(50) >= places[0]
    names = np.array(paths)
    return {
        "cmc": cmc / len(q), "top": top, "correct": correct, "scores": scores, "average_precision": precision,
        "inverse_penalty": penalty,
        "query_paths": names[q], "gallery_paths": names[g],
        "query_features": features[q], "gallery_features": features[g],
        "query_person": person[q], "query_camera": camera[q], "gallery_person": person[g], "gallery_camera": camera[g],
    }  # fmt: skip


def write_run(root: Path, role: str, crops: tuple[list[str], np.ndarray, np.ndarray], **changes: Any) -> Path:
    """A complete run folder `root/role`; `changes` replace settings of its configuration."""
    run = root / role
    (run / "evaluations").mkdir(parents=True)
    config = {
        "method": "cluster-teacher" if role == "adapted" else "source-only",
        "source": "world:winter" if role == "oracle" else "world:summer",
        "target": "world:winter" if role == "adapted" else None,
        "model": {"backbone": "resnet10t", "size": [96, 48], "neck": "bnneck"},
        "optimiser": {"name": "adam", "lr": 3.5e-4, "weight_decay": 5e-4, "warmup": 10},
        "losses": {"triplet": {"margin": 0.3}, "label_smoothing": 0.1},
        "sampler": {"persons": 16, "pictures": 4},
        "epochs": {"direct": 12, "adapted": 20, "oracle": 12}[role],
        "seed": 0,
    }
    config.update(changes)
    (run / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")
    environment = {
        "started": "2026-03-02 10:14", "command": ["reidapt", "train", config["method"], "--source", config["source"]],
        "commit": "4f2c9a1b7de0835561ac", "python": "3.12.4", "machine": "2 cores, 8 GB, no GPU",
        "versions": {"torch": "2.11.0", "timm": "1.0.12", "reidapt": "0.1.0"},
    }  # fmt: skip
    if role == "adapted":
        environment["command"] += ["--target", str(config["target"]), "--model.backbone", "resnet10t"]
    (run / "environment.json").write_text(json.dumps(environment), encoding="utf-8")
    name = "winter" if role == "oracle" else "summer"
    data = {"source": {"name": name, "rows": 2880, "persons": 120, "cameras": 6, "sha256": "9b0d41" + "e3" * 29}}
    if role == "adapted":
        data["target"] = {"name": "winter", "rows": 2880, "persons": None, "cameras": 6, "sha256": "77aa" + "0c" * 30}
    (run / "data.json").write_text(json.dumps(data), encoding="utf-8")
    write_metrics(run / "metrics.jsonl", role)
    arrays = rank_arrays(*crops, quality=QUALITY[role], seed=len(config["method"]))
    queries, gallery = len(arrays["query_paths"]), len(arrays["gallery_paths"])
    summary = {f"rank{k}": 100 * float(arrays["cmc"][k - 1]) for k in (1, 5, 10)}
    summary |= {"mAP": 100 * arrays["average_precision"].mean(), "mINP": 100 * arrays["inverse_penalty"].mean()}
    summary |= {"queries": queries, "skipped_queries": 2, "gallery": gallery, "junk": 7, "ties_at_rank1": 0}
    summary |= {"ap": "step", "dataset": "winter"}
    (run / "evaluations" / "winter.json").write_text(json.dumps(summary), encoding="utf-8")
    np.savez_compressed(run / "evaluations" / "winter.npz", **arrays)
    write_sheet(run / "samples" / "source.png")
    if role == "adapted":
        write_sheet(run / "samples" / "target.png", first=40)
    return run


def write_metrics(path: Path, role: str, steps: int = 600) -> None:
    """Falling losses with noise, a warm-up schedule, and clusters that converge where the run clusters."""
    random = np.random.default_rng(["direct", "adapted", "oracle"].index(role))
    level = {"direct": 1.0, "adapted": 0.8, "oracle": 1.15}[role]
    lines = []
    for step in range(0, steps, 2):
        fall = math.exp(-step / 160)
        noise = level * (1 + 0.12 * random.normal())
        row = {"step": step, "epoch": step // 50, "seconds": step * 0.45, "lr": 3.5e-4 * min(1, (step + 10) / 100)}
        row |= {"loss/identity": (0.9 + 4.2 * fall) * noise, "loss/triplet": (0.05 + 1.1 * fall) * noise}
        if role == "adapted":
            row["loss/consistency"] = (0.3 + 0.6 * fall) * noise
            if step % 50 == 0:
                row |= {"clusters": int(120 + 180 * fall), "outliers": 0.1 + 0.5 * fall}
        lines.append(json.dumps(row))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
