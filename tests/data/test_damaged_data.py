"""Damaged datasets: every kind ends soon, with a sentence that names what is wrong, and never with a traceback."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
import trees
from tests.data.damage_cases import CASES, Case

from reidapt.cli import main

SECONDS = 20


@pytest.fixture(autouse=True)
def _soon() -> Iterator[None]:
    """A case that hangs fails."""

    def late(*_: object) -> None:
        raise TimeoutError(f"took longer than {SECONDS} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)


def build(data: str, root: Path) -> tuple[Path, str]:
    """The tree, and the spec that reads it."""
    name, mark, options = data.partition("?")
    if name == "cuhk03-raw":
        return trees.cuhk03_raw(root), f"cuhk03:{root}{mark}{options}"
    return trees.TREES[name](root), f"{name}:{root}{mark}{options}"


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_damage_is_a_sentence(case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, spec = build(case.data, tmp_path / "data")
    case.damage(root)
    before = sorted(str(path) for path in tmp_path.rglob("*"))
    code = main(["data", "check", spec])
    captured = capsys.readouterr()
    said = captured.out + captured.err
    assert code == case.code, said
    for piece in case.says:
        assert piece in said
    assert "Traceback" not in said
    if code == 2:
        sentence = captured.err.partition("reidapt: error: ")[2].rstrip()
        assert sentence.endswith((".", ")"))
        assert sorted(str(path) for path in tmp_path.rglob("*")) == before  # nothing half-written


def test_there_are_enough_kinds() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= 40


def test_folders_that_may_not_be_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    root = trees.market1501(tmp_path / "data")
    real = os.listdir

    def guarded(path: str | os.PathLike[str] = ".") -> list[str]:
        if str(path).endswith("query"):
            raise PermissionError(13, "Permission denied", str(path))
        return real(path)

    monkeypatch.setattr(os, "listdir", guarded)
    assert main(["data", "check", f"market1501:{root}"]) == 2
    assert "data/query cannot be read: Permission denied" in capsys.readouterr().err


@pytest.mark.parametrize("name", sorted(trees.TREES))
def test_any_file_may_be_cut_short_or_missing(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever single file is missing, empty or halved: a verdict or a sentence that names it, or the dataset without it."""
    root, spec = build(f"{name}?boxes=detected" if name == "cuhk03" else name, tmp_path / "data")
    files = sorted(path for path in root.rglob("*") if path.is_file())
    lists = [path for path in files if path.suffix in (".txt", ".mat", ".json", ".csv")]
    pictures = [path for path in files if path not in lists]
    for path in [*lists, pictures[0], pictures[-1]]:
        content = path.read_bytes()
        for damaged in (None, b"", content[: len(content) // 2], b"\x00" * 64):
            path.unlink() if damaged is None else path.write_bytes(damaged)
            code = main(["data", "check", spec])
            captured = capsys.readouterr()
            assert code in (0, 1, 2)
            assert "Traceback" not in captured.out + captured.err
            if code == 1 or (code == 2 and path in lists and damaged is not None):
                folder = path.parent.name
                assert path.name in captured.out + captured.err or folder in captured.out + captured.err
            path.write_bytes(content)
