"""Damaged datasets: every damage changes one place and nothing else, and reading and checking answer with a sentence."""

from __future__ import annotations

import functools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.data.damage import DAMAGES, Damage
from tests.data.layouts.trees import make_table

from reidapt.data import CropTable, check, read
from reidapt.data.layouts import plan, write_layout
from reidapt.data.spec import READERS
from reidapt.errors import DataError

CASES = [(one, layout) for one in DAMAGES.values() for layout in one.layouts]
Tables = Callable[[str], CropTable]
WAYS: dict[str, tuple[str, str, dict[str, str]]] = {
    "table": ("csv", "/crops.csv", {}),
    "cuhk03": ("cuhk03", "?boxes=detected", {"boxes": "detected"}),
}
"""Where it is not the layout's name and its folder: the reader, what follows the folder, options of writing."""
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
    data = tmp_path / "data"
    reader, place, options = WAYS.get(layout, (layout, "", {}))
    if reader not in READERS:
        pytest.skip(f"there is no reader {reader}")
    if one.name.startswith("hdf5"):
        options = options | {"form": "mat"} if layout == "cuhk03" else {}
    write_layout(tables(layout), layout, data, options=options)
    spec = f"{reader}:{data}{place}"
    # not always: reading can unpack a file, and then has no need of it
    rows = len(read(spec)) if one.seen == "fine" else 0
    place = one.function(data)
    table, refusal = attempt(spec)
    if one.name == "unreadable_folder":
        place.chmod(0o755)
    if table is None:
        assert one.seen in ("read", "either"), refusal
        assert named(place, refusal, data), f"{refusal} does not name {place}"
        return
    assert one.seen != "read", f"reading took {one.about!r} without a word"
    report = check(table)
    if one.seen == "fine":
        assert len(table) == rows
        assert report.ok, report.text()
        return
    levels = ("error", "warning")
    found = [finding for finding in report.findings if finding.level in levels]
    assert found, f"checking took {one.about!r} without a word"
    if one.seen in ("check", "either"):
        told = "\n".join(file for finding in found for file in finding.files) + report.text()
        assert named(place, told, data), f"{told} does not name {place}"


def attempt(spec: str) -> tuple[CropTable | None, str]:
    """The table, or the sentence that refuses it."""
    try:
        return read(spec), ""
    except DataError as error:
        return None, str(error)


def named(place: Path, text: str, data: Path) -> bool:
    """Whether a text names the file; where a list is damaged, a file that the list speaks of will do."""
    if place.suffix in (".txt", ".mat", ".json", ".csv") and f"{data}/" in text:
        return True
    return any(name in text for name in (place.name, repr(place.name)[1:-1], ascii(place.name)[1:-1]))
