"""Tables of a study: every figure of the rows in its cell, computed here anew from the rows."""

import numpy as np

from reidapt.studies.leaderboard import STUDY as LEADERBOARD
from reidapt.studies.study import summarise
from reidapt.studies.tables import overview

NAMES, TARGETS = ("direct", "system", "oracle"), ("bench-a here", "bench-a there", "bench-b")


def rows(seeds=3):
    values = np.random.default_rng(0).uniform(20, 90, (len(NAMES), len(TARGETS), seeds, 2)).round(2)
    values[2] += 100.0  # the oracle lies above direct transfer
    found = [
        {
            "name": name, "target": target, "seed": seed, "rank1": values[n, t, seed, 0], "mAP": values[n, t, seed, 1],
            "minutes": 1.0 + n + t, "memory": 1000.0 * (1 + t) + seed,
        }
        for seed in range(seeds) for t, target in enumerate(TARGETS) for n, name in enumerate(NAMES)
    ]  # fmt: skip
    return found, values


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()]


def test_a_line_is_a_row_and_a_column_is_a_target():
    found, values = rows()
    first, second = overview(summarise(found), LEADERBOARD.overview).split("\n\n")
    table = cells(first)
    assert table[0] == ["bench-a", "here", "there", "minutes", "MB"]
    assert [line[0] for line in table[2:]] == list(NAMES)
    for n, line in enumerate(table[2:]):
        for t in (0, 1):
            means, spreads = values[n, t].mean(0), values[n, t].std(0, ddof=1)
            share = 100 * (means - values[0, t].mean(0)) / (values[2, t].mean(0) - values[0, t].mean(0))
            wanted = " / ".join(f"{mean:.1f} ± {spread:.1f}" for mean, spread in zip(means, spreads))
            assert line[1 + t] == f"{wanted} ({share[0]:.0f} % / {share[1]:.0f} %)"
        assert line[3:] == [f"{1.5 + n:.1f}", "2,001"]
    assert cells(second)[0] == ["two modalities", "bench-b", "minutes", "MB"]


def test_what_is_missing_and_fewer_seeds_are_seen():
    found, _ = rows()
    part = [
        r
        for r in found
        if (r["name"], r["target"]) != ("system", TARGETS[1]) and (r["name"], r["seed"]) != ("oracle", 2)
    ]
    table = cells(overview(summarise(part), LEADERBOARD.overview).split("\n\n")[0])
    assert table[3][2] == "–"
    assert table[3][3] == "2.0"
    assert all(cell.endswith("(2 of 3 seeds)") for cell in table[4][1:3])


def test_without_direct_transfer_no_share_is_told():
    found = [{**row, "name": f"{row['name']}s"} for row in rows(1)[0]]
    table = cells(overview(summarise(found), LEADERBOARD.overview).split("\n\n")[0])
    assert table[2][1] == f"{found[0]['rank1']:.1f} / {found[0]['mAP']:.1f}"


def test_memory_is_of_the_rows_that_noted_it():
    found, _ = rows()
    part = [{k: v for k, v in r.items() if k != "memory" or (r["seed"] == 2 and r["name"] != "direct")} for r in found]
    summary = summarise(part)
    table = cells(overview(summary, LEADERBOARD.overview).split("\n\n")[0])
    assert [line[-1] for line in table[2:]] == ["–", "2,002", "2,002"]
    assert {s["rank1_std"] is None for s in summary} == {False}
