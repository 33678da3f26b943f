"""Saving, loading, printing and drawing of retrieval results."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reidapt.errors import DataError, RunError
from reidapt.evaluation import RetrievalResult, TrialsResult, figures, rank


@pytest.fixture
def result() -> RetrievalResult:
    rng = np.random.default_rng(0)
    query, gallery = rng.standard_normal((12, 8)), rng.standard_normal((60, 8))
    person = rng.integers(-1, 6, 60)
    return rank(
        query.astype(np.float32),
        gallery.astype(np.float32),
        query_person=rng.integers(1, 7, 12),
        query_camera=rng.integers(1, 4, 12),
        gallery_person=person,
        gallery_camera=rng.integers(1, 4, 60),
        record={"feature": "bn", "flip": True},
    )


def test_summary_is_plain_json_in_percent(result: RetrievalResult) -> None:
    summary = json.loads(json.dumps(result.summary()))
    assert summary["mAP"] == pytest.approx(100 * np.nanmean(result.average_precision))
    assert summary["mINP"] == pytest.approx(100 * np.nanmean(result.inverse_penalty))
    seen = result.first_match > 0
    for k in (1, 5, 10):
        assert summary[f"rank{k}"] == pytest.approx(100 * np.mean(result.first_match[seen] <= k))
    assert summary["feature"] == "bn"
    assert summary["flip"] is True
    assert summary["reranking"] is False
    assert summary["skipped_queries"] == np.sum(~seen) > 0


def test_prints_figures_and_what_influenced_them(result: RetrievalResult) -> None:
    text = str(result)
    assert f"{result.summary()['mAP']:.1f}" in text
    assert "flip" in text
    assert "step AP" in text


def test_survives_saving(result: RetrievalResult, tmp_path: Path) -> None:
    path = result.save(tmp_path / "evaluations" / "target", lists=20)
    assert sorted(p.name for p in path.parent.iterdir()) == ["target.json", "target.npz"]
    loaded = RetrievalResult.load(path)
    assert loaded.summary() == result.summary()
    np.testing.assert_array_equal(loaded.average_precision, result.average_precision)
    np.testing.assert_array_equal(loaded.cmc, result.cmc)
    np.testing.assert_array_equal(loaded.top(20), result.top(20))
    np.testing.assert_array_equal(loaded.correct(7), result.correct(7))
    assert loaded.top(7).shape == (12, 7)
    with pytest.raises(RunError, match="holds 20"):
        loaded.top(21)
    assert str(loaded) == str(result)


def test_embeddings_on_request_recompute_the_result(result: RetrievalResult, tmp_path: Path) -> None:
    with np.load(result.save(tmp_path / "plain").with_suffix(".npz")) as file:
        assert "query" not in file.files
    with np.load(result.save(tmp_path / "full", embeddings=True).with_suffix(".npz")) as file:
        score = file["query"] @ file["gallery"].T
        assert (score.shape, file["query"].dtype) == ((12, 60), np.float32)


def test_failed_saving_leaves_the_old_result(
    result: RetrievalResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = result.save(tmp_path / "target")
    before = {p.name: p.read_bytes() for p in tmp_path.iterdir()}

    def full(*_args: object, **_options: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez_compressed", full)
    with pytest.raises(RunError, match="No space left"):
        result.save(path)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == before


def test_refuses_missing_and_damaged_files(result: RetrievalResult, tmp_path: Path) -> None:
    with pytest.raises(RunError, match="no evaluation at"):
        RetrievalResult.load(tmp_path / "nothing")
    path = result.save(tmp_path / "target")
    arrays = path.with_suffix(".npz").read_bytes()
    path.with_suffix(".npz").write_bytes(arrays[: len(arrays) // 2])
    with pytest.raises(RunError, match="isn't a result"):
        RetrievalResult.load(path)
    path.with_suffix(".npz").write_bytes(arrays)
    for text in ("[1]", "{", "{}", '{"format": 99}'):
        path.write_text(text)
        with pytest.raises(RunError):
            RetrievalResult.load(path)


@pytest.fixture
def pictures(tmp_path: Path) -> tuple[list[Path], list[Path]]:
    def make(name: str, grey: int) -> Path:
        path = tmp_path / f"{name}.png"
        Image.new("RGB", (64, 128), (grey, grey, grey)).save(path)
        return path

    return [make(f"q{i}", 10 * i) for i in range(12)], [make(f"g{i}", 4 * i) for i in range(60)]


def test_ranked_lists_show_the_right_pictures_in_the_right_frames(
    result: RetrievalResult, pictures: tuple[list[Path], list[Path]], tmp_path: Path
) -> None:
    out = figures.ranked_lists(result, *pictures, tmp_path / "lists.png", queries=[3, 0], k=5)
    sheet = np.asarray(Image.open(out).convert("RGB"))
    step = figures.CELL[0] + figures.GAP
    for row, query in enumerate((3, 0)):
        y = figures.GAP + row * (figures.CELL[1] + figures.CAPTION + figures.GAP)
        middle = y + figures.CELL[1] // 2
        assert sheet[middle, figures.GAP + figures.CELL[0] // 2].tolist() == [10 * query] * 3
        for place in range(5):
            x = step + 2 * figures.GAP + place * step
            expected = figures.RIGHT if result.correct(5)[query, place] else figures.WRONG
            assert tuple(sheet[y + 1, x + 1]) == expected
            assert sheet[middle, x + figures.CELL[0] // 2].tolist() == [4 * result.top(5)[query, place]] * 3


def test_comparison_is_wider_and_refuses_other_tables(
    result: RetrievalResult, pictures: tuple[list[Path], list[Path]], tmp_path: Path
) -> None:
    one = Image.open(figures.ranked_lists(result, *pictures, tmp_path / "one.png", k=4)).width
    both = {"before": result, "after": result}
    two = Image.open(figures.ranked_lists_compare(both, *pictures, tmp_path / "two.png", k=4)).width
    assert two - one == 4 * (figures.CELL[0] + figures.GAP) + 2 * figures.GAP
    with pytest.raises(DataError, match="59"):
        figures.ranked_lists(result, pictures[0], pictures[1][:-1], tmp_path / "no.png")
    pictures[1][int(result.top(1)[0, 0])].write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"g\d+\.png"):
        figures.ranked_lists(result, *pictures, tmp_path / "no.png", queries=[0])
    assert not (tmp_path / "no.png").exists()


def test_example_queries_span_best_to_worst(result: RetrievalResult) -> None:
    chosen = figures.example_queries(result, 4)
    precision = result.average_precision[chosen]
    assert precision[0] == np.nanmax(result.average_precision)
    assert precision[-1] == np.nanmin(result.average_precision)
    assert (np.diff(precision) <= 0).all()
    assert len(set(chosen)) == 4


def test_plots_are_written(result: RetrievalResult, tmp_path: Path) -> None:
    trials = TrialsResult.of([result, result])
    for path in (
        result.plot_cmc(tmp_path / "cmc.png"),
        result.plot_scores(tmp_path / "h.png"),
        trials.plot_cmc(tmp_path / "trials.png"),
    ):
        picture = np.asarray(Image.open(path).convert("RGB"))
        assert picture.std() > 5
