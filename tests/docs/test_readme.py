"""Every command and every example of the README runs, at a small size and in this order."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from tests.conftest import QUICK, write_market

from reidapt.cli import build_parser, main

README = (Path(__file__).parents[2] / "README.md").read_text()
SMALLER = {"--people": "6", "--cameras": "2", "--pictures": "2", "--size": "64x32"}
CLUSTERING = ["--eps=0.7", "--min_samples=2", "--k1=6", "--k2=2"]


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.S)


def commands():
    text = "\n".join(blocks("bash")).replace("\\\n", " ")
    lines = [shlex.split(line, comments=True) for line in text.splitlines()]
    return [words[1:] for words in lines if words[:1] == ["reidapt"]]


def small(words):
    """The same command at a small size."""
    if words[0] == "world":
        words = [SMALLER.get(before, word) for before, word in zip(["", *words], words)]
    if words[0] == "train":
        words = [*words, *(f"--{key}={value}" for key, value in QUICK.items())]
    if words[:2] == ["train", "cluster-teacher"]:
        words = [*words, *CLUSTERING]
    return words


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("readme")
    target = write_market(place / "data" / "test-cameras", seed=5)
    shutil.copytree(target / "bounding_box_train", place / "data" / "my-cameras")
    return place


def test_commands_then_python(folder, monkeypatch):
    pytest.importorskip("anny")
    monkeypatch.chdir(folder)
    ran = []
    for words in commands():
        if words[0] in ("world", "data", "train", "evaluate", "report") or words == ["reproduce", "--list"]:
            assert main(small(words)) == 0, words
            ran.append(words[0])
    assert {"world", "data", "train", "evaluate", "report", "reproduce"} <= set(ran)
    assert (folder / "runs" / "adapted" / "report.html").exists()
    for code in blocks("python"):
        exec(compile(code, "README.md", "exec"), {})


def test_long_commands_are_spelt_right():
    for words in commands():
        if words[0] in ("demo", "reproduce"):
            build_parser().parse_args(words)


def test_make_targets_exist():
    makefile = (Path(__file__).parents[2] / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", "\n".join(blocks("bash")), flags=re.M):
        assert f"\n{target}:" in makefile


def test_linked_files_exist():
    for link in re.findall(r"\]\(([^)#]+)\)", README):
        assert (Path(__file__).parents[2] / link).exists(), link
