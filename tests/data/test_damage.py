"""Damaged datasets: every damage changes one place and nothing else, and reading and checking answer with a sentence."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reidapt.data import CropTable, check, read
from reidapt.data.layouts import plan, write_layout
from reidapt.data.spec import READERS
from reidapt.errors import DataError
from tests.data.damage import DAMAGES, Damage
from tests.data.layouts.trees import make_table

CASES = [(one, layout) for one in DAMAGES.values() for layout in one.layouts]
Tables = Callable[[str], CropTable]
NEEDS_A_USER = ("unreadable_folder", "unreadable_picture")


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], CropTable]:
    """A table per layout, made once."""
    folder = tmp_path_factory.mktemp("tables")
    return functools.cache(lambda layout: make_table(folder / layout, **plan(layout)))


@pytest.fixture
def limit(tmp_path: Path) -> Iterator[None]:
    """Ten seconds, so that a damage cannot make a test wait for ever; whoever waits for a pipe is released."""

    def late(*_: object) -> None:
        for path in tmp_path.rglob("*"):
            if path.is_fifo():
                os.close(os.open(path, os.O_RDWR | os.O_NONBLOCK))
        raise TimeoutError("reading or checking a damaged dataset does not end")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(10)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def names(folder: Path) -> dict[str, tuple[int, int]]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.stat().st_size, path.stat().st_mtime_ns) for path in files}


@pytest.mark.parametrize("one", DAMAGES.values(), ids=lambda one: one.name)
def test_a_damage_changes_the_dataset_and_not_what_it_shares(one: Damage, tables: Tables, tmp_path: Path) -> None:
    assert one.about
    table = tables(one.layouts[0])
    write_layout(table, one.layouts[0], tmp_path / "data")  # its pictures are hard links to those of the table
    before, shared = names(tmp_path / "data"), names(table.root)
    place = one.function(tmp_path / "data")
    assert place == tmp_path / "data" or tmp_path / "data" in place.parents
    if one.name not in NEEDS_A_USER:
        assert names(tmp_path / "data") != before or place.is_symlink()
    assert names(table.root) == shared
    if one.name == "unreadable_folder":
        place.chmod(0o755)


def test_there_are_more_than_forty_kinds() -> None:
    assert len(DAMAGES) >= 40
    assert {one.seen for one in DAMAGES.values()} == {"read", "check", "told", "either", "fine"}


@pytest.mark.parametrize(("one", "layout"), CASES, ids=[f"{one.name}-{layout}" for one, layout in CASES])
def test_reading_and_checking_answer_with_a_sentence(
    one: Damage, layout: str, tables: Tables, tmp_path: Path, limit: None
) -> None:
    if one.name in NEEDS_A_USER and os.geteuid() == 0:
        pytest.skip("root may read everything")
    reader = "csv" if layout == "table" else layout
    if reader not in READERS:
        pytest.skip(f"there is no reader {reader}")
    data = tmp_path / "data"
    write_layout(tables(layout), layout, data)
    spec = f"{reader}:{data / 'crops.csv' if layout == 'table' else data}"
    rows = len(read(spec))
    place = one.function(data)
    try:
        table = read(spec)
    except DataError as error:
        assert one.seen in ("read", "either"), error
        assert named(place, str(error)), f"{error} does not name {place}"
        return
    finally:
        if one.name == "unreadable_folder":
            place.chmod(0o755)
    assert one.seen != "read", f"reading took {one.about!r} without a word"
    report = check(table)
    if one.seen == "fine":
        assert len(table) == rows
        assert report.ok, report.text()
        return
    found = [finding for finding in report.findings if finding.level in ("error", "warning")]
    assert found, f"checking took {one.about!r} without a word"
    if one.seen in ("check", "either"):
        told = "\n".join(file for finding in found for file in finding.files) + report.text()
        assert named(place, told), f"{told} does not name {place}"


def named(place: Path, text: str) -> bool:
    """Whether a text names the file, or its folder's name for a folder."""
    return place.name in text or place.name.encode("unicode_escape").decode() in text or repr(place.name)[1:-1] in text
