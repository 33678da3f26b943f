"""The studies of background-gan's tables: what they train, without training it."""

from pathlib import Path

import pandas as pd
from tests.masked_market import write_masked_market

from reidapt.data import read
from reidapt.data.pairs import MARKET_SIZES, camera_pair, pair_sizes, sizes_text
from reidapt.methods import load_method
from reidapt.progress import Display
from reidapt.studies import STUDIES, report_tables
from reidapt.studies.report_tables import GAN, REID, TABLES, Drawn, sequences_pair
from reidapt.studies.study import Context


def test_every_table_names_its_rows_once_and_prints_the_reports_figures():
    for number, (_, entries) in TABLES.items():
        study = STUDIES[f"report-table-{number}"]
        names = [entry.name for entry in entries]
        assert len(set(names)) == len(names)
        assert study.baseline == names[0]
        assert [p["name"] for p in study.published] == names
    assert TABLES[11][1][1].name == "c6+G3 (model 4)"
    assert TABLES[11][1][1].published == {
        "name": "c6+G3 (model 4)", "target": "Market-1501", "rank1": 40.7, "rank5": 59.0, "mAP": 20.1,
    }  # fmt: skip


def test_options_are_those_of_the_methods():
    for size in ("tiny", "full"):
        load_method("source-only").Config(**REID[size])
        load_method("background-gan").Config(**GAN[size])


def test_rows_train_on_the_cameras_and_crops_they_name(tmp_path, monkeypatch):
    market = write_masked_market(tmp_path / "market", train=4, test=2, cameras=6, pictures=1)
    asked = []

    def run_method(name, progress, **options):
        asked.append((name, options))
        return type("Run", (), {"folder": Path(options["out"])})()

    monkeypatch.setattr(report_tables, "run_method", run_method)
    monkeypatch.setattr(report_tables, "score", lambda run, spec: {"mAP": 1.0})
    monkeypatch.setattr(report_tables, "minutes", lambda run: 0.0)
    monkeypatch.setattr(report_tables, "translate_dataset", lambda run, spec, out, **o: asked.append(("translate", o)))
    context = Context("tiny", range(1), [f"market1501:{market}"], tmp_path / "out", Display())
    rows = list(STUDIES["report-table-11"].rows(context))
    assert [row.name for row in rows] == ["c6", "c6+G3 (model 4)", "c3c6"]
    rows[1].run()
    gan, translate, reid = asked
    assert (gan[1]["source_camera"], gan[1]["target_camera"], gan[1]["model"]) == (6, 3, 4)
    assert translate[1]["part"] == "all"
    assert reid[1]["cameras"] == [6]
    assert reid[1]["extend"].startswith("csv:")
    asked.clear()
    rows[0].run()
    assert len(asked) == 1
    assert "extend" not in asked[0][1]


def test_sizes_of_all_pairs_stand_beside_the_reports(tmp_path):
    table = read(f"market1501:{write_masked_market(tmp_path / 'm', cameras=3)}").select(split="train")
    sizes = pair_sizes(table)
    assert list(sizes) == [(1, 2), (1, 3), (2, 3)]
    for (a, b), (train, test) in sizes.items():
        pair = camera_pair(table, a, b)
        assert (train, test) == (len(pair.pairs), len(pair.test))
    text = sizes_text(table)
    assert "c1c2" in text
    assert "(1008, 1736)" in text
    assert len(MARKET_SIZES) == 15


def test_scattered_sequences_are_noticed(tmp_path):
    rows = [
        {"path": f"{c}{p}.jpg", "person": p, "camera": c, "sequence": 1 + (p + c * 3) % 7}
        for c in (1, 2)
        for p in range(1, 30)
    ]
    for row in rows:
        (tmp_path / row["path"]).touch()
    pd.DataFrame(rows).to_csv(tmp_path / "t.csv", index=False)
    assert not sequences_pair(f"csv:{tmp_path / 't.csv'}", Drawn(1, 2, 1))
    pd.DataFrame(rows).assign(sequence=1).to_csv(tmp_path / "u.csv", index=False)
    assert sequences_pair(f"csv:{tmp_path / 'u.csv'}", Drawn(1, 2, 1))
