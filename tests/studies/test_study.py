"""Studies: the summary against numpy, finished rows are kept, published figures stand beside ours."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest

from reidapt.errors import ConfigError, RunError
from reidapt.progress import Display
from reidapt.studies.setting import gap_closed
from reidapt.studies.study import Context, Row, Study, read_rows, run_study, summarise

VALUES = {"direct": [30.0, 34.0, 32.0], "adapted": [60.0, 66.0, 57.0], "oracle": [90.0, 92.0, 91.0]}


def study(calls, fail_at=None):
    def rows(context):
        for seed in context.seeds:
            for name, values in VALUES.items():

                def run(name=name, values=values, seed=seed):
                    if len(calls) == fail_at:
                        raise KeyboardInterrupt
                    calls.append((name, seed))
                    metrics = dict.fromkeys(("rank5", "rank10", "mINP"), 0.0)
                    return {**metrics, "rank1": values[seed], "mAP": values[seed] / 2, "minutes": 1.5}

                yield Row(name, "there", seed, run)

    published = [{"name": "paper", "target": "there", "rank1": 88.0, "mAP": 73.8}]
    return Study("test-study", "A test.", rows, lambda context: {"a": 1}, published)


def context(out, **changes):
    return Context(**{"size": "tiny", "seeds": range(3), "data": [], "out": out, "display": Display(), **changes})


def test_summary_equals_numpy(tmp_path):
    folder, table = run_study(study([]), context(tmp_path))
    content = json.loads((folder / "results.json").read_text())
    assert set(content) >= {"study", "commit", "machine", "data", "rows", "summary", "published"}
    assert len(content["rows"]) == 9
    lines = {line["name"]: line for line in content["summary"]}
    for name, values in VALUES.items():
        assert lines[name]["rank1_mean"] == pytest.approx(np.mean(values), abs=1e-3)
        assert lines[name]["rank1_std"] == pytest.approx(np.std(values, ddof=1), abs=1e-3)
    assert lines["adapted"]["gap_closed_rank1"] == pytest.approx(100 * (61 - 32) / (91 - 32), abs=0.06)
    assert "61.0 ± 4.6" in table
    assert "*paper (published)*" in table
    assert "88.0" in table


def test_finished_rows_are_kept_and_not_run_again(tmp_path):
    calls = []
    with pytest.raises(KeyboardInterrupt):
        run_study(study(calls, fail_at=4), context(tmp_path))
    assert len(json.loads((tmp_path / "results.json").read_text())["rows"]) == 4
    run_study(study(calls), context(tmp_path))
    assert sorted(calls) == sorted((name, seed) for name in VALUES for seed in range(3))


def test_rows_stand_in_the_studys_order_whichever_was_finished_first(tmp_path):
    run_study(study([]), context(tmp_path))
    kept = [json.loads(line) for line in (tmp_path / "rows.jsonl").read_text().splitlines()]
    later = [row for row in kept if row["name"] != "direct"]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in later))
    folder, table = run_study(study([]), context(tmp_path))
    assert [line.split(" | ")[0] for line in table.splitlines()[2:5]] == [f"| {name}" for name in VALUES]
    assert [row["name"] for row in json.loads((folder / "results.json").read_text())["rows"]] == 3 * list(VALUES)


def test_rows_of_another_run_count_as_finished_if_its_question_and_data_are_the_same(tmp_path):
    first, _ = run_study(study([]), context(tmp_path / "first", seeds=[0]))
    calls = []
    folder, _ = run_study(study(calls), context(tmp_path / "second", known=first / "results.json"))
    assert sorted(calls) == sorted((name, seed) for name in VALUES for seed in (1, 2))
    rows = json.loads((folder / "results.json").read_text())["rows"]
    assert len(rows) == 9
    assert [r for r in rows if r["seed"] == 0] == json.loads((first / "results.json").read_text())["rows"]
    other = replace(study([]), describe_data=lambda context: {"a": 2})
    with pytest.raises(ConfigError, match="of another data than"):
        run_study(other, context(tmp_path / "third", known=first / "results.json"))
    (tmp_path / "torn.json").write_text('{"study": ')
    with pytest.raises(ConfigError, match="cannot be read as the results"):
        run_study(study([]), context(tmp_path / "fourth", known=tmp_path / "torn.json"))


def test_rows_of_some_targets_alone(tmp_path):
    def rows(context):
        for target in ("here", "far there"):
            yield Row("direct", target, 0, lambda: dict.fromkeys(("rank1", "rank5", "mAP", "mINP", "minutes"), 1.0))

    folder, _ = run_study(replace(study([]), rows=rows), context(tmp_path, only="there"))
    assert [row["target"] for row in read_rows(folder / "rows.jsonl").values()] == ["far there"]
    with pytest.raises(ConfigError, match="'nowhere', which is part of no target's name"):
        run_study(replace(study([]), rows=rows), context(tmp_path, only="nowhere"))


def test_parts_of_a_study_come_together_where_their_data_agree(tmp_path, monkeypatch):
    def part(target, machine, values, known=None):
        monkeypatch.setattr("reidapt.studies.study.machine", lambda: machine)

        def rows(context):
            yield Row("direct", target, 0, lambda: dict.fromkeys(("rank1", "rank5", "mAP", "mINP", "minutes"), 1.0))

        some = replace(study([]), rows=rows, describe_data=lambda context: {target: values})
        return run_study(some, context(tmp_path / machine, known=known))[0] / "results.json"

    first = part("here", "abacus", 1)
    both = json.loads(part("there", "loom", 2, known=first).read_text())
    assert both["data"] == {"here": 1, "there": 2}
    assert both["machine"] == "abacus; loom"
    assert [(r["target"], r["machine"]) for r in both["rows"]] == [("here", "abacus"), ("there", "loom")]
    again = json.loads(part("there", "loom", 2).read_text())  # without --rows the folder keeps what it took over
    assert (again["data"], len(again["rows"])) == ({"here": 1, "there": 2}, 2)
    with pytest.raises(ConfigError, match=r"other data \(there\)"):
        part("there", "loom", 3)


def test_renderings_of_one_benchmark_version_come_together_and_all_are_named(tmp_path):
    def part(folder, seed, digest, version="bench-thermal 7", known=None, persons=3):
        def rows(context):
            yield Row("direct", "world", seed, lambda: dict.fromkeys(("rank1", "rank5", "mAP", "mINP", "minutes"), 1.0))

        world = {"persons": persons, "sha256": digest, **({"benchmark": version} if version else {})}
        some = replace(study([]), rows=rows, describe_data=lambda context: {"world": world})
        path = run_study(some, context(tmp_path / folder, seeds=[seed], known=known))[0] / "results.json"
        return path, json.loads(path.read_text())

    first, _ = part("abacus", 0, "aa")
    second, content = part("loom", 1, "bb", known=first)
    assert content["data"]["world"]["renderings"] == ["aa", "bb"]
    assert {row["seed"] for row in content["rows"]} == {0, 1}
    _, content = part("loom", 2, "aa")  # the folder keeps what it knows, whichever rendering comes next
    assert content["data"]["world"]["renderings"] == ["aa", "bb"]
    third, content = part("mill", 3, "cc", known=second)
    assert content["data"]["world"] == {
        "persons": 3, "benchmark": "bench-thermal 7", "sha256": "aa", "renderings": ["aa", "bb", "cc"]
    }  # fmt: skip
    for number, other in enumerate([{"version": "bench-thermal 8"}, {"persons": 4}, {"version": ""}]):
        with pytest.raises(ConfigError, match="of another data than"):
            part(f"other-{number}", 4, "dd", known=third, **other)


def test_processes_with_different_targets_in_one_folder_keep_each_others_data(tmp_path):
    def some(target, meanwhile=lambda: None):
        def rows(context):
            def run():
                meanwhile()
                return dict.fromkeys(("rank1", "rank5", "mAP", "mINP", "minutes"), 1.0)

            yield Row("direct", target, 0, run)

        return replace(study([]), rows=rows, describe_data=lambda context: {target: 1})

    folder, _ = run_study(some("slow", lambda: run_study(some("quick"), context(tmp_path))), context(tmp_path))
    content = json.loads((folder / "results.json").read_text())
    assert content["data"] == {"slow": 1, "quick": 1}
    assert {row["target"] for row in content["rows"]} == {"slow", "quick"}


def test_rows_of_another_question_are_not_mixed(tmp_path):
    run_study(study([]), context(tmp_path))
    with pytest.raises(ConfigError, match="another question"):
        run_study(study([]), context(tmp_path, size="full"))


def test_a_row_with_fewer_seeds_than_others_says_so(tmp_path):
    calls = []
    with pytest.raises(KeyboardInterrupt):
        run_study(study(calls, fail_at=4), context(tmp_path))
    text = (tmp_path / "results.md").read_text()
    assert "| direct | there | 32.0 ± 2.8 |" in text
    assert "| oracle (1 of 2 seeds) | there | 90.0 |" in text
    assert "Seeds: 0, 1. Machine: " in text


def test_one_seed_has_no_spread():
    line = summarise(
        [{"name": "a", "target": "t", "seed": 0, **dict.fromkeys(("rank1", "rank5", "rank10", "mAP", "mINP"), 5.0)}]
    )[0]
    assert line["rank1_std"] is None


def test_gap_closed_is_undefined_without_a_gap():
    assert gap_closed({"rank1": 50, "mAP": 10}, {"rank1": 60, "mAP": 20}, {"rank1": 50, "mAP": 30}) == {
        "rank1": None,
        "mAP": 50.0,
    }


def test_change_against_a_baseline_is_paired_by_seed(tmp_path):
    summary = summarise(
        [
            {"name": name, "target": "t", "seed": seed, **dict.fromkeys(("rank1", "rank5", "rank10", "mAP", "mINP"), v)}
            for name, values in VALUES.items()
            for seed, v in enumerate(values)
        ],
        baseline="direct",
    )
    lines = {line["name"]: line for line in summary}
    change = np.array(VALUES["adapted"]) - np.array(VALUES["direct"])
    assert lines["adapted"]["rank1_change_mean"] == pytest.approx(change.mean(), abs=1e-3)
    assert lines["adapted"]["rank1_change_std"] == pytest.approx(change.std(ddof=1), abs=1e-3)
    assert "rank1_change_mean" not in lines["direct"]


def test_every_factor_of_single_pictures_is_in_one_group():
    pytest.importorskip("warp")
    import reidapt.world.studio  # noqa: F401  (declares the factors)
    from reidapt.studies.world_factors import GROUPS
    from reidapt.world.factors import FACTORS

    held = [name for group in GROUPS.values() for name in group]
    assert len(held) == len(set(held))
    assert set(FACTORS) - set(held) == {"outfit", "path"}  # one outfit a person, no tracklets


def test_a_study_of_pictures_has_columns_of_its_own_and_shows_them(tmp_path):
    def rows(context):
        def draw():
            (context.out / "grid.png").write_bytes(b"")
            return {"distance": 3.0 + context.seeds[0]}

        yield Row("before", "winter", 0, draw)
        yield Row("after", "winter", 0, lambda: {"distance": 1.0})

    study = Study(
        "s", "About.", rows, lambda context: {}, baseline="before", columns={"distance": "FD"}, compared=("distance",)
    )
    folder, table = run_study(study, Context("tiny", range(1), [], tmp_path / "out", Display()))
    assert table.splitlines()[0] == "|  | target | FD | against before (FD) | minutes |"
    assert table.splitlines()[3] == "| after | winter | 1.0 | -2.0 | 0.0 |"
    assert "![grid](grid.png)" in (folder / "results.md").read_text()


def test_processes_share_a_folder_and_the_last_one_concludes(tmp_path):
    calls = []

    def rows(context):
        yield from study(calls).rows(context)
        done = tmp_path / "rows.jsonl"
        yield Row("count", "there", 0, lambda: {"rank1": len(read_rows(done)), "mAP": 0.0}, concludes=True)

    whole = Study("test-study", "A test.", rows, lambda context: {"a": 1})
    run_study(whole, context(tmp_path, seeds=[2], conclude=False))
    run_study(whole, context(tmp_path, seeds=[0], conclude=False))
    assert len(calls) == 6
    run_study(whole, context(tmp_path))
    assert len(calls) == 9
    found = json.loads((tmp_path / "results.json").read_text())["rows"]
    assert [row["seed"] for row in found] == sorted(row["seed"] for row in found)
    assert found[-1 if found[-1]["name"] == "count" else 3]["rank1"] == 9


def test_seeds_side_by_side_make_the_table_of_one_after_the_other(tmp_path):
    """A study without training, in three processes, of which two at a time."""
    from reidapt.studies import reproduce
    from reidapt.world import render_world

    world = tmp_path / "world"
    render_world("plaza", out=world, people=6, cameras=2, pictures=2, seed=0, size=(32, 16), layout="table")
    data = [f"csv:{world / 'crops.csv'}"]
    one, table = reproduce("report-table-2", seeds=3, data=data, out=tmp_path / "one")
    two, same = reproduce("report-table-2", seeds=3, data=data, out=tmp_path / "two", jobs=2)
    assert table == same
    rows = [json.loads((folder / "results.json").read_text())["rows"] for folder in (one, two)]
    assert rows[0] == rows[1]
    assert (two / "seed-1.log").exists()


def test_a_seed_that_fails_is_named_with_its_last_words(tmp_path, monkeypatch):
    from reidapt.studies import parallel

    script = "import sys; print('the disk is full'); sys.exit(int(sys.argv[1] == '1'))"
    monkeypatch.setattr(parallel, "command", lambda study, context, seed: [sys.executable, "-c", script, str(seed)])
    with pytest.raises(RunError, match=r"1 of 3 seeds of test-study failed \(seed 1: the disk is full\)"):
        parallel.run_seeds(study([]), context(tmp_path), 2)
