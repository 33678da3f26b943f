"""Specs `world:…`: a rendered folder, a benchmark world that is rendered once, and names that are neither."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from reidapt.data import read
from reidapt.data.readers.world import ensure, place
from reidapt.errors import DataError
from reidapt.world import benchmarks
from reidapt.world.benchmarks import Benchmark, Plan


def test_a_benchmark_world_is_rendered_once(tmp_path, monkeypatch):
    pytest.importorskip("anny")
    monkeypatch.setenv("REIDAPT_WORLDS", str(tmp_path / "worlds"))
    plan = Plan("plaza", people=2, cameras=1, pictures=2, size=(32, 16))
    monkeypatch.setitem(benchmarks.BENCHMARKS, "bench-test", Benchmark(3, "a test", {"tiny": {"world": plan}}))
    table = read("world:bench-test/tiny/world")
    assert table.splits == {"train": 2, "query": 1, "gallery": 1}
    folder = tmp_path / "worlds" / "bench-test-v3" / "tiny" / "world"
    written = (folder / "crops.csv").stat().st_mtime_ns
    assert read("world:bench-test/tiny/world").fingerprint() == table.fingerprint()
    assert (folder / "crops.csv").stat().st_mtime_ns == written
    assert read("world:bench-test/tiny").root == table.root  # the only role may be left out
    assert read(f"world:{folder}").fingerprint()["sha256"] == table.fingerprint()["sha256"]


def test_what_is_no_world_is_said(tmp_path):
    with pytest.raises(DataError, match="did you mean 'bench-colour/tiny/forecourt'"):
        read("world:bench-colour/tiny/forcourt")
    with pytest.raises(DataError, match=r"holds no crops\.csv"):
        read(f"world:{tmp_path}")


def test_of_several_that_want_a_world_one_renders_and_the_others_wait(tmp_path, monkeypatch):
    monkeypatch.setenv("REIDAPT_WORLDS", str(tmp_path))
    asked = []

    def render(folder, *, bench, progress=None):
        asked.append(bench)
        time.sleep(0.2)
        folder.mkdir()
        (folder / "crops.csv").write_text("path,person,camera,split\na.jpg,1,1,train\n")

    monkeypatch.setattr("reidapt.data.rendered.render_dataset", render)
    folder = place("bench-colour/tiny/transit")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ensure, [folder] * 4))
    assert asked == ["bench-colour/tiny/transit"]
    assert (folder / "crops.csv").exists()
