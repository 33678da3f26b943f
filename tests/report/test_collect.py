"""Reports of run folders: right where they are complete, honest where something is absent or damaged."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reidapt.errors import RunError
from reidapt.report import collect, write_report
from reidapt.report.curves import decimate, running_mean
from reidapt.report.maps import choose, neighbours, project
from reidapt.report.page import render
from reidapt.report.pictures import encode
from reidapt.report.settings import flatten

from .fake_run import write_crops, write_run
from .test_page import Outline, cells


def report_of(runs: Path, **options):
    options = {"direct": runs / "direct", "oracle": runs / "oracle", "projection": "pca"} | options
    return collect(runs / "adapted", **options)


def test_the_page_states_the_figures_of_the_evaluations(runs: Path) -> None:
    page = render(report_of(runs))
    Outline(page)
    saved = [json.loads((runs / r / "evaluations/winter.json").read_text()) for r in ("direct", "adapted", "oracle")]
    for key, name in (("rank1", "Rank-1"), ("rank5", "Rank-5"), ("mAP", "mAP"), ("mINP", "mINP")):
        assert [float(v) for v in cells(page)[name][:3]] == pytest.approx([s[key] for s in saved], abs=0.0501)
    text = "".join(Outline(page).text)
    assert "reidapt train cluster-teacher --source world:summer --target world:winter" in text
    assert "labelled source summer (2,880 crops of 120 persons from 6 cameras)" in page
    assert "target winter (2,880 crops from 6 cameras)" in page
    assert "48 queries, 2 skipped for want of a match" in page or "28 queries, 2 skipped for want of a match" in page
    for kind in ("Contact sheet of source", "loss/triplet", "CMC", "Ranked lists", "77aa0c", "4f2c9a1b7de0835561ac"):
        assert kind in page


def test_cmc_curves_are_those_saved(runs: Path) -> None:
    chart = report_of(runs).cmc
    for series in chart.series:
        cmc = np.load(runs / series.role / "evaluations/winter.npz")["cmc"]
        assert series.y == pytest.approx(100 * cmc[:20])
        assert series.x == tuple(range(1, 21))


def test_ranked_lists_are_the_saved_ones_and_the_outcomes_are_true(runs: Path) -> None:
    report = report_of(runs, queries_per_group=3, hits=7)
    saved = {role: np.load(runs / role / "evaluations/winter.npz") for role in ("direct", "adapted", "oracle")}
    change = 100 * (saved["adapted"]["average_precision"] - saved["direct"]["average_precision"])
    counts = {"better": (change > 1).sum(), "worse": (change < -1).sum(), "same": (abs(change) <= 1).sum()}
    assert f"{counts['better']} better and {counts['worse']} worse" in report.ranked.rule
    shown = [query.outcome for query in report.ranked.queries]
    assert {kind: shown.count(kind) for kind in counts} == {k: min(3, c) for k, c in counts.items()}
    for query in report.ranked.queries:
        person, camera = map(int, re.findall(r"\d+", query.caption))
        before, after, _ = (row.average_precision for row in query.rows)
        assert query.outcome == ("better" if after > before + 1 else "worse" if after < before - 1 else "same")
        for row in query.rows:
            arrays = saved[row.role]
            mine = (arrays["query_person"] == person) & (arrays["query_camera"] == camera)
            candidates = [list(arrays["correct"][i][:7]) for i in np.flatnonzero(mine)]
            assert [hit.correct for hit in row.hits] in candidates


def test_the_same_seed_draws_the_same_queries_and_another_seed_others(runs: Path) -> None:
    one, again, other = (report_of(runs, projection=None, seed=s).ranked for s in (0, 0, 1))
    assert one == again
    assert one != other


def test_junk_padding_is_not_shown(runs: Path) -> None:
    path = runs / "adapted/evaluations/winter.npz"
    arrays = dict(np.load(path))
    arrays["top"][:, 4:] = -1
    np.savez(path, **arrays)
    ranked = collect(runs / "adapted", projection=None).ranked
    assert {len(row.hits) for query in ranked.queries for row in query.rows} == {4}


def test_queries_are_matched_by_path_not_by_row(runs: Path) -> None:
    before = report_of(runs, projection=None).ranked
    path = runs / "direct/evaluations/winter.npz"
    arrays = dict(np.load(path))
    order = np.random.default_rng(3).permutation(len(arrays["query_paths"]))
    for key in ("top", "correct", "scores", "average_precision", "query_paths", "query_person", "query_camera"):
        arrays[key] = arrays[key][order]
    np.savez(path, **arrays)
    assert report_of(runs, projection=None).ranked == before


def test_without_an_evaluation_the_page_says_what_to_run(runs: Path) -> None:
    for file in (runs / "adapted/evaluations").iterdir():
        file.unlink()
    report = collect(runs / "adapted", projection="pca")
    assert report.scores == ()
    assert any(f"run `reidapt evaluate {runs / 'adapted'} DATA`" in text for text in report.missing)
    assert "No evaluation yet" in render(report)


@pytest.mark.parametrize(
    ("part", "content", "said"),
    [
        ("config.yaml", b"a: [1", "adapted/config.yaml cannot be read"),
        ("environment.json", b"{", "adapted/environment.json cannot be read"),
        ("data.json", b"[1]", "adapted/data.json holds no named values"),
        ("metrics.jsonl", b'{"step": 1, "loss": 2}\n{"step": 2, "lo', "1 of 2 lines cannot be read"),
        ("metrics.jsonl", b"\xff\xfe\x00\x01", "1 of 1 lines cannot be read"),
        ("evaluations/winter.npz", b"PK\x03\x04 torn", "evaluations/winter.npz cannot be read"),
        ("evaluations/winter.npz", b"", "evaluations/winter.npz cannot be read"),
        ("evaluations/winter.json", b'{"rank1": ', "evaluations/winter.json cannot be read"),
        ("samples/target.png", b"\x89PNG torn", "samples/target.png is not a readable picture"),
        ("config.yaml", None, "adapted/config.yaml does not exist"),
        ("metrics.jsonl", None, "there are no training curves"),
        ("samples/target.png", None, "no contact sheet of the target"),
        ("evaluations/winter.npz", None, "ranked lists and maps need it"),
    ],
)
def test_damaged_or_absent_parts_are_named(runs: Path, part: str, content: bytes | None, said: str) -> None:
    path = runs / "adapted" / part
    path.unlink() if content is None else path.write_bytes(content)
    report = report_of(runs)
    assert any(said in text for text in report.missing), report.missing
    Outline(render(report))


@pytest.mark.parametrize(
    ("key", "damage"),
    [
        ("query_paths", lambda a: a[:-1]),
        ("correct", lambda a: a[:, :-1]),
        ("top", lambda a: a + 10_000),
        ("gallery_person", lambda a: a[1:]),
    ],
)
def test_arrays_that_contradict_each_other_are_left_out(runs: Path, key: str, damage) -> None:
    path = runs / "adapted/evaluations/winter.npz"
    arrays = dict(np.load(path))
    np.savez(path, **(arrays | {key: damage(arrays[key])}))
    report = collect(runs / "adapted", projection="pca")
    assert any("contradicts itself" in text and key in text for text in report.missing)
    assert report.ranked is None
    assert report.cmc is not None


def test_lost_pictures_are_counted_and_stand_as_placeholders(runs: Path) -> None:
    path = runs / "adapted/evaluations/winter.npz"
    arrays = dict(np.load(path))
    arrays["gallery_paths"] = np.array([p.replace("crops", "moved") for p in arrays["gallery_paths"]])
    np.savez(path, **arrays)
    report = collect(runs / "adapted", projection=None)
    assert any("pictures of the ranked lists cannot be read" in text for text in report.missing)
    assert "not found" in render(report)


def test_scores_of_different_targets_are_called_not_comparable(runs: Path) -> None:
    path = runs / "direct/evaluations/winter.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"dataset": "spring", "ap": "trapezoid"}))
    cautions = report_of(runs).cautions
    assert any("differ in dataset (Direct transfer: spring, Adapted: winter" in text for text in cautions)
    assert any("differ in ap" in text for text in cautions)
    assert cautions[0] in render(report_of(runs))


def test_settings_that_differ_are_marked(runs: Path) -> None:
    table = report_of(runs).settings
    assert {table.rows[i][0] for i in table.marked} == {"method", "source", "target", "epochs"}
    assert table.columns == ("Setting", "Direct transfer", "Adapted", "Oracle")


def test_data_are_listed_once_with_their_uses(runs: Path) -> None:
    rows = {row[0]: row[1:5] for row in report_of(runs).data.rows}
    assert rows["summer"] == ("source of Direct transfer; source of Adapted", "2,880", "120", "6")
    assert len(report_of(runs).data.rows) == 3


def test_flatten_keeps_order_and_every_leaf() -> None:
    nested = {"b": {"c": 1, "a": [1, 2]}, "a": None, "l": [{"x": True}, {"x": 0.1}], "e": {}}
    expected = {"b.c": "1", "b.a": "1, 2", "a": "none", "l[0].x": "yes", "l[1].x": "0.1", "e": "none"}
    assert list(flatten(nested).items()) == list(expected.items())


def test_a_run_alone_without_target(runs: Path) -> None:
    report = collect(runs / "direct", projection="pca")
    assert [score.role for score in report.scores] == ["run"]
    assert "without a target" in report.question
    assert {query.outcome for query in report.ranked.queries} == {"single"}
    Outline(render(report))


def test_names_with_markup_stay_text(runs: Path) -> None:
    (runs / "adapted/data.json").write_text(json.dumps({"source": {"name": "<img src=x onerror=1>", "rows": 3}}))
    config = runs / "adapted/config.yaml"
    config.write_text(config.read_text() + "note: '</script><script>人'\n", encoding="utf-8")
    page = render(report_of(runs))
    tags = Outline(page).tags
    assert sum(tag == "script" for tag, _ in tags) == 1
    assert not any("onerror" in attrs for _, attrs in tags)


def test_metrics_with_nan_and_thousands_of_steps(runs: Path) -> None:
    lines = []
    for step in range(20_000):
        value = {777: "NaN", 778: "Infinity", 5000: "91.5"}.get(step, f"{1 / (1 + step):.6f}")
        lines.append(f'{{"step": {step}, "loss": {value}, "text": "words", "flag": true}}')
    (runs / "adapted/metrics.jsonl").write_text("\n".join(lines))
    (chart,) = collect(runs / "adapted", projection=None).curves
    (series,) = chart.series
    assert len(series.x) < 400
    assert (series.x[0], series.x[-1]) == (0, 19_999)
    assert max(y for y in series.y if np.isfinite(y)) == 91.5
    assert any(not np.isfinite(y) for y in series.y)
    assert "2 values are not finite" in chart.note
    Outline(render(collect(runs / "adapted", projection=None)))


def test_decimation_keeps_ends_and_extremes() -> None:
    y = np.random.default_rng(0).normal(size=5000)
    kept = decimate(y.tolist(), limit=100)
    assert kept == sorted(set(kept))
    assert len(kept) <= 110
    assert {0, 4999, int(y.argmin()), int(y.argmax())} <= set(kept)
    assert decimate([1.0, 2.0]) == [0, 1]


def test_running_mean_equals_plain_loops() -> None:
    y = np.random.default_rng(1).normal(size=101)
    y[[3, 50]] = np.nan
    got = running_mean(y.tolist(), share=0.1)
    for i in range(101):
        window = [v for v in y[max(0, i - 5) : i + 6] if np.isfinite(v)]
        assert np.isnan(got[i]) if np.isnan(y[i]) else got[i] == pytest.approx(np.mean(window))


def test_maps_show_the_same_pictures_and_neither_junk_nor_coloured_distractors(runs: Path) -> None:
    report = report_of(runs)
    assert [chart.title for chart in report.maps] == ["Direct transfer", "Adapted", "Oracle"]
    kinds = [[(p.group, p.mark) for p in chart.points] for chart in report.maps]
    assert kinds[0] == kinds[1] == kinds[2]
    person, camera = np.repeat([-1, 0, 1, 2, 3], 6), np.tile([1, 1, 2, 2, 3, 3], 5)
    rows, persons = choose(person, camera, seed=0)
    assert set(persons) == {1, 2, 3}
    assert set(person[rows]) == {0, 1, 2, 3}


def test_projection_is_repeatable_and_separates_what_is_apart() -> None:
    features = np.concatenate([np.eye(8)[:1] + 0.01 * np.random.default_rng(0).normal(size=(20, 8)), np.zeros((20, 8))])
    for method in ("pca", "tsne"):
        one, two = (project(features, method, seed=0) for _ in range(2))
        assert np.array_equal(one, two)
        gap = np.linalg.norm(one[:20].mean(0) - one[20:].mean(0))
        assert gap > np.linalg.norm(one[:20] - one[:20].mean(0), axis=1).max()


def test_neighbour_shares_equal_plain_loops() -> None:
    random = np.random.default_rng(2)
    features, person, camera = random.normal(size=(30, 5)), random.integers(0, 4, 30), random.integers(0, 3, 30)
    hits = np.zeros(2)
    for i in range(30):
        cosine = [-2 if j == i else features[i] @ features[j] / np.linalg.norm(features[j]) for j in range(30)]
        j = int(np.argmax(cosine))
        hits += (person[i] == person[j], camera[i] == camera[j])
    expected = (round(100 * h / 30) for h in hits)
    assert [int(n) for n in re.findall(r"(\d+) %", neighbours(features, person, camera))] == list(expected)


def test_pictures_fit_their_budget() -> None:
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (512, 256, 3), dtype=np.uint8))
    picture = encode(noise, "noise", (96, 128), 4000)
    assert len(picture.data) <= 4000
    assert picture.height <= 128
    assert picture.width / picture.height == pytest.approx(0.5, abs=0.02)


def test_the_report_is_written_whole_into_the_run(runs: Path) -> None:
    path = write_report(runs / "adapted", direct=runs / "direct", oracle=runs / "oracle", projection="pca")
    assert path == runs / "adapted/report.html"
    assert path.read_text(encoding="utf-8").endswith("</html>\n")
    assert path.stat().st_size < 3_000_000
    assert [p.name for p in path.parent.iterdir() if "report" in p.name] == ["report.html"]


def test_the_page_stays_small_with_pictures_that_do_not_compress(tmp_path: Path) -> None:
    random = np.random.default_rng(0)

    def noise(height: int, width: int) -> Image.Image:
        return Image.fromarray(random.integers(0, 256, (height, width, 3), dtype=np.uint8))

    crops = write_crops(tmp_path / "crops", persons=12)
    for path in crops[0]:
        noise(256, 128).save(path, quality=95)
    runs = [write_run(tmp_path, role, crops) for role in ("direct", "adapted", "oracle")]
    for name in ("source", "target", "translated", "pairs", "more"):
        noise(600, 1600).save(runs[1] / f"samples/{name}.png")
    path = write_report(runs[1], direct=runs[0], oracle=runs[2], projection="pca")
    assert 1_000_000 < path.stat().st_size < 3_000_000


def test_a_failed_write_keeps_the_old_page(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = runs / "adapted/report.html"
    old.write_text("old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    with pytest.raises(RunError, match="No space left"):
        write_report(runs / "adapted", projection=None)
    assert old.read_text() == "old"
    assert [p.name for p in old.parent.iterdir() if "report" in p.name] == ["report.html"]


def test_folders_that_are_no_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="There is no run folder at"):
        collect(tmp_path / "absent")
    with pytest.raises(RunError, match="is not a run folder"):
        collect(tmp_path)
    assert list(tmp_path.iterdir()) == []
