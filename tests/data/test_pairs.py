"""Camera pairs against a brute-force count."""

import numpy as np
import pandas as pd
import pytest

from reidapt.data import CropTable
from reidapt.data.pairs import camera_pair, random_pairs, write_pairs
from reidapt.errors import DataError


def random_table(seed=0, crops=300, sequences=3):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "path": [f"{i:05d}.jpg" for i in range(crops)],
            "person": rng.integers(-1, 25, crops),
            "camera": rng.integers(1, 5, crops),
            "sequence": rng.integers(1, 1 + sequences, crops) if sequences else -1,
        }
    )
    return CropTable(frame, "random", "/data")


@pytest.mark.parametrize("by_sequence", [True, False])
@pytest.mark.parametrize("cameras", [(1, 2), (2, 1), (3, 4)])
def test_equals_brute_force(by_sequence, cameras):
    table, (a, b) = random_table(), cameras
    person, camera, sequence = table.person, table.camera, table.column("sequence")
    rows = range(len(table))
    pairs, test, new = [], [], []
    for i in rows:
        if camera[i] != a or person[i] <= 0:
            continue
        mates = [
            j
            for j in rows
            if camera[j] == b and person[j] == person[i] and (sequence[j] == sequence[i] or not by_sequence)
        ]
        pairs += [(i, j) for j in mates]
        if not mates:
            test.append(i)
            if not any(camera[j] == b and person[j] == person[i] for j in rows):
                new.append(i)
    found = camera_pair(table, a, b, by_sequence=by_sequence)
    assert found.pairs.tolist() == [list(p) for p in pairs]
    assert found.test.tolist() == test
    assert found.new_ids.tolist() == new
    assert found.real == len({i for i, _ in pairs}) + len({j for _, j in pairs})
    assert len(pairs) > 0
    assert by_sequence == (len(test) > len(new))


def test_generating_the_source_camera_swaps_the_pair():
    table = random_table()
    swapped, direct = camera_pair(table, 1, 2, generate=1), camera_pair(table, 2, 1)
    assert np.array_equal(swapped.pairs, direct.pairs)
    assert np.array_equal(swapped.test, direct.test)


def test_without_sequences_pairs_go_by_the_person():
    table = random_table(sequences=0)
    pair = camera_pair(table, 1, 2)
    assert not pair.by_sequence
    assert "any sequence" in pair.text()
    assert len(pair.pairs) == len(camera_pair(table, 1, 2, by_sequence=False).pairs)


def test_csv_has_a_row_per_pair_and_test_crop(tmp_path):
    table = random_table()
    pair = camera_pair(table, 1, 2)
    write_pairs(pair, table, tmp_path / "x" / "pairs.csv")
    frame = pd.read_csv(tmp_path / "x" / "pairs.csv", keep_default_na=False)
    assert frame["use"].value_counts().to_dict() == {"train": len(pair.pairs), "test": len(pair.test)}
    assert frame["new_id"].sum() == len(pair.new_ids)
    assert (frame.loc[frame["use"] == "test", "target_path"] == "").all()
    assert frame["source_path"].iloc[0] == table.paths[pair.pairs[0, 0]]
    assert [p.name for p in (tmp_path / "x").iterdir()] == ["pairs.csv"]


@pytest.mark.parametrize(
    ("cameras", "options", "sentence"),
    [
        ((1, 9), {}, "no labelled crop of camera 9; its cameras are 1, 2, 3, 4"),
        ((1, 1), {}, "a pair needs two cameras"),
        ((1, 2), {"generate": 3}, "camera 3 cannot be generated"),
    ],
)
def test_impossible_pairs_are_sentences(cameras, options, sentence):
    with pytest.raises(DataError, match=sentence):
        camera_pair(random_table(), *cameras, **options)


def test_unlabelled_tables_are_refused():
    with pytest.raises(DataError, match="has no persons"):
        camera_pair(random_table().drop("person"), 1, 2)


def test_random_pairs_use_every_source_crop_as_often_and_distinct_partners():
    source, target = np.array([3, 5, 8]), np.array([0, 1, 2, 4])
    pairs = random_pairs(source, target, 4, seed=1, epoch=2)
    assert pairs[:, 0].tolist() == [3] * 4 + [5] * 4 + [8] * 4
    for crop in source:
        assert sorted(pairs[pairs[:, 0] == crop, 1]) == [0, 1, 2, 4]
    assert np.array_equal(pairs, random_pairs(source, target, 4, seed=1, epoch=2))
    assert not np.array_equal(pairs, random_pairs(source, target, 4, seed=1, epoch=3))
    assert len(random_pairs(source, target, 10)) == 30
