"""The video studies: what they train and measure, without a world."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from tests.tracklet_data import QUICK_VIDEO, write_tracklets

from reidapt.data import read
from reidapt.data.tracklets import Tracklets
from reidapt.errors import ConfigError
from reidapt.evaluation import rank
from reidapt.methods.video_mean_teacher import VideoMeanTeacherConfig
from reidapt.progress import Display
from reidapt.studies import STUDIES, video, video_qualitative
from reidapt.studies.study import Context, run_study


def test_every_variant_is_a_configuration_and_adds_to_mixed_batch_norm_what_it_says() -> None:
    for size in ("tiny", "full"):
        sizes = video.SIZES[size]
        for chosen in video.VARIANTS.values():
            VideoMeanTeacherConfig(**{**sizes["options"], **sizes["rest"], **chosen})
    base = video.VARIANTS["mixed BN"]
    for name in video.PARTS:
        assert {k for k, v in video.VARIANTS[name].items() if v != base[k]} == {f"{name}_weight"}
    assert {k for k, v in video.VARIANTS["all"].items() if v != base[k]} == {f"{p}_weight" for p in video.PARTS}
    assert {k for k, v in base.items() if v != video.ALONE[k]} == {"norm"}


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Contexts whose trainings take a second, on two drawn data sets."""
    sizes = {"options": {**QUICK_VIDEO, "steps": 1, "epochs": 1}, "start": {}, "rest": {}}
    monkeypatch.setattr(video, "SIZES", {"tiny": sizes})
    data = [f"csv:{write_tracklets(tmp_path / str(k), seed=k)}/crops.csv" for k in (1, 2)]
    return Context("tiny", range(1), data, tmp_path / "out", Display())


def test_the_table_trains_every_variant_once_and_measures_all_and_four_frames(tiny, monkeypatch) -> None:
    asked = []
    real = video.run_method

    def watched(name, progress, **options):
        asked.append(Path(options["out"]).name)
        return real(name, progress, **options)

    monkeypatch.setattr(video, "run_method", watched)
    monkeypatch.setattr(video, "VARIANTS", {k: video.VARIANTS[k] for k in ("direct", "all", "oracle")})
    folder, table = run_study(STUDIES["video-table"], tiny)
    (trained,) = (folder.parent / "video-runs").glob("tiny-*/seed-0")
    runs = sorted(p.name for p in trained.iterdir())
    target = "csv"
    assert runs == sorted(["source-start", "source-direct", f"source-to-{target}-all", f"source-to-{target}-oracle"])
    assert table.count("| direct |") == table.count("| all |") == table.count("| oracle |") == 2
    assert "SVReID → MARS" in table
    results = sorted(p.name for p in (trained / "source-direct" / "evaluations").glob("*.json"))
    assert results == [f"{target}-4-frames.json", f"{target}.json"]
    configs = {p.name: (p / "config.yaml").read_text() for p in trained.iterdir()}
    assert "target: ''" in configs["source-direct"]
    assert f"source: {tiny.data[1]}" in configs[f"source-to-{target}-oracle"]
    assert f"target: {tiny.data[1]}" in configs[f"source-to-{target}-all"]


def test_cross_has_every_ordered_pair(tiny) -> None:
    rows = list(STUDIES["video-cross"].rows(tiny))
    assert len(rows) == 4 - 2  # two sources; the role named source is nobody's target
    assert {row.name for row in rows} == {"direct", "all"}
    with pytest.raises(ConfigError, match="at least one target"):
        list(STUDIES["video-table"].rows(Context("tiny", range(1), tiny.data[:1], tiny.out, Display())))
    with pytest.raises(ConfigError, match="leave --data out"):
        list(STUDIES["video-qualitative"].rows(tiny))


def test_figures_of_some_queries_equal_a_ranking_of_these_alone() -> None:
    generator = np.random.default_rng(0)
    query, gallery = (generator.standard_normal((n, 8)).astype(np.float32) for n in (12, 30))
    person = {"query_person": 1 + np.arange(12) % 4, "gallery_person": 1 + np.arange(30) % 5}
    camera = {"query_camera": np.zeros(12, int), "gallery_camera": np.ones(30, int)}
    chosen = np.array([1, 4, 6, 7, 11])
    whole = rank(query, gallery, **person, **camera)
    part = {k: v[chosen] if k.startswith("query") else v for k, v in {**person, **camera}.items()}
    alone = rank(query[chosen], gallery, **part).summary()
    found = video_qualitative.figures_of(whole, chosen)
    assert found == pytest.approx({name: alone[name] for name in ("rank1", "rank5", "rank10", "mAP", "mINP")})


def test_the_darkest_queries_are_chosen(tmp_path) -> None:
    table = read(f"csv:{write_tracklets(tmp_path / 'd')}/crops.csv")
    chosen = video_qualitative.chosen_queries(table, video_qualitative.dark)
    query = table.select(split="query")
    values = [video_qualitative.dark(query, rows) for rows in Tracklets.of(query).rows]
    assert len(chosen) == round(0.25 * len(values))
    assert set(chosen) == set(np.argsort(values)[-len(chosen) :])
    assert len(video_qualitative.chosen_queries(table, None)) == len(values)
    assert video_qualitative.busy_background(query, Tracklets.of(query).rows[0]) > 0


def test_ranked_lists_are_drawn_once_both_are_there(tiny, tmp_path, monkeypatch) -> None:
    specs = {"source": tiny.data[0], "dark": tiny.data[1]}
    monkeypatch.setattr(video_qualitative, "specs_of", lambda context: specs)
    monkeypatch.setattr(video_qualitative, "CONDITIONS", {"light": ("dark", "auto", video_qualitative.dark)})
    context = Context("tiny", range(1), [], tmp_path / "q", Display())
    rows = list(STUDIES["video-qualitative"].rows(context))
    assert [(row.name, row.target) for row in rows] == [("direct", "light"), ("all", "light")]
    assert set(rows[0].run()) == {"rank1", "rank5", "rank10", "mAP", "mINP", "minutes"}
    picture = tmp_path / "q" / "figures" / "light-seed-0.png"
    assert not picture.exists()
    rows[1].run()
    assert picture.exists()
