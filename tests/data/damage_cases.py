"""Kinds of damage on the command line: what is done to a tree of files, the exit code, and what must be said."""

from __future__ import annotations

import json
import os
import shutil
import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import h5py
import numpy as np
import trees
from PIL import Image
from scipy.io import savemat

Damage = Callable[[Path], object]


@dataclass(frozen=True)
class Case:
    """One kind of damage.

    Attributes:
        name: what is done.
        data: which tree; with options as in a spec.
        damage: does it.
        code: what the command line returns: 0 fine or a warning, 1 bad data, 2 data that cannot be read.
        says: pieces of the output, among them the name of the file.
    """

    name: str
    data: str
    damage: Damage
    code: int
    says: tuple[str, ...]


QUERY = "query/0003_c1s1_000001_00.jpg"
TRAIN = "bounding_box_train/0002_c1s1_000451_03.jpg"
LIST = "list_query.txt"
INFO = "info/tracks_test_info.mat"


def cut(name: str, keep: float = 0.5) -> Damage:
    """Keep only the beginning of a file."""
    return lambda root: (root / name).write_bytes(
        (root / name).read_bytes()[: int(keep * (root / name).stat().st_size)]
    )


def fill(name: str, content: bytes | str) -> Damage:
    """Replace a file's content."""
    return lambda root: (root / name).write_bytes(content.encode() if isinstance(content, str) else content)


def gone(name: str) -> Damage:
    """Remove a file or folder."""

    def damage(root: Path) -> None:
        shutil.rmtree(root / name) if (root / name).is_dir() else (root / name).unlink()

    return damage


def emptied(name: str) -> Damage:
    """Remove everything in a folder."""
    return lambda root: [path.unlink() for path in sorted((root / name).iterdir())]


def saved(name: str, mode: str, **options: object) -> Damage:
    """Replace a picture by one of another mode."""

    def damage(root: Path) -> None:
        if mode == "I;16":
            Image.fromarray(np.arange(32, dtype=np.uint16).reshape(8, 4) * 2000).save(root / name, "PNG")
        else:
            Image.new(mode, (4, 8)).save(root / name, **options)

    return damage


def bomb(name: str) -> Damage:
    """A PNG of a few bytes that says it is 100,000 × 100,000."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0))
    return fill(name, b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"0" * 99)) + chunk(b"IEND", b""))


def pipe(name: str) -> Damage:
    """A named pipe, which nobody ever writes to, in place of a file."""

    def damage(root: Path) -> None:
        (root / name).unlink()
        os.mkfifo(root / name)

    return damage


def link(name: str, target: str) -> Damage:
    """A symbolic link in place of a file or folder."""

    def damage(root: Path) -> None:
        gone(name)(root)
        (root / name).symlink_to(root / target)

    return damage


def folder_for(name: str) -> Damage:
    """A folder in place of a file."""

    def damage(root: Path) -> None:
        (root / name).unlink()
        (root / name).mkdir()

    return damage


def matlab(name: str, **variables: object) -> Damage:
    """A .mat file with other variables."""
    return lambda root: savemat(root / name, variables)


def hdf5(name: str, **variables: object) -> Damage:
    """An HDF5 file with other variables."""

    def damage(root: Path) -> None:
        with h5py.File(root / name, "w") as file:
            for key, value in variables.items():
                file.create_dataset(key, data=value)

    return damage


def copied(source: str, target: str) -> Damage:
    """A file once more under another name."""
    return lambda root: shutil.copy(root / source, root / target)


def table(name: str, text: str) -> Damage:
    """A further file."""
    return lambda root: (root / name).write_text(text)


ILIDS = "train-test people splits/train_test_splits_ilidsvid.mat"
LSINFO = "test/data/info_test.mat"
CASES = (
    Case("truncated picture", "market1501", cut(QUERY), 1, (QUERY, "damaged")),
    Case("zero-byte picture", "market1501", fill(QUERY, b""), 1, (QUERY, "empty (0 bytes)")),
    Case("text as a picture", "market1501", fill(QUERY, "hello"), 1, (QUERY, "not a picture")),
    Case("truncated PNG", "cuhk01", cut("campus/0001001.png", 0.7), 1, ("campus/0001001.png", "damaged")),
    Case("picture of 10 billion pixels", "market1501", bomb(QUERY), 1, (QUERY, "damaged")),
    Case("floating-point picture", "market1501", saved(QUERY, "F", format="TIFF"), 1, (QUERY, "floating-point")),
    Case("CMYK picture", "market1501", saved(QUERY, "CMYK", format="JPEG"), 0, ("query",)),
    Case("16-bit picture", "market1501", saved(QUERY, "I;16"), 0, ("query",)),
    Case("palette picture", "market1501", saved(QUERY, "P", format="PNG"), 0, ("query",)),
    Case("picture that is a folder", "market1501", folder_for(QUERY), 1, (QUERY, "is a folder")),
    Case("picture that is a pipe", "market1501", pipe(QUERY), 1, (QUERY, "pipe")),
    Case("link that leads nowhere", "market1501", link(QUERY, "nowhere.jpg"), 1, (QUERY, "does not exist")),
    Case("link that leads to itself", "market1501", link(QUERY, QUERY), 1, (QUERY,)),
    Case("folder that links to itself", "market1501", link("query", "query"), 2, ("query", "missing")),
    Case("folder that links to its parent", "sysu-mm01", link("cam6", "."), 2, ("cam6",)),
    Case("wrong name", "market1501", copied(QUERY, "query/0003_c1_1.jpg"), 2, ("query/0003_c1_1.jpg", "name a crop")),
    Case(
        "name in another script",
        "market1501",
        copied(QUERY, "query/行人一.jpg"),
        2,
        ("query/行人一.jpg", "name a crop"),
    ),
    Case("name with a line break", "cuhk01", copied("campus/0001001.png", "campus/0001\n001.png"), 2, ("campus/0001",)),
    Case("name that is not Unicode", "market1501", copied(QUERY, "query/\udcff.jpg"), 2, ("data/query", "udcff.jpg")),
    Case("foreign file", "market1501", copied(QUERY, "query/notes.txt"), 2, ("query/notes.txt", "not a picture")),
    Case("missing folder", "market1501", gone("query"), 2, ("query is missing", "Ask Liang Zheng")),
    Case("empty folder", "market1501", emptied("query"), 2, ("query is empty",)),
    Case("damaged crops.csv", "market1501", table("crops.csv", "x\n1\n"), 2, ("crops.csv", "'path'")),
    Case(
        "ids in both splits",
        "market1501",
        copied(TRAIN, "query/0002_c1s1_000009_00.jpg"),
        0,
        ("both in train and in test: 2",),
    ),
    Case(
        "copy in two splits",
        "market1501",
        copied(TRAIN, "query/0003_c1s1_000009_00.jpg"),
        0,
        (TRAIN, "identical copies in train and query"),
    ),
    Case(
        "camera without pictures",
        "market1501",
        gone("bounding_box_test/0003_c1s1_000003_01.jpg"),
        0,
        ("query", "warning"),
    ),
    Case(
        "query without a match",
        "market1501",
        copied(QUERY, "query/0004_c1s1_000009_00.jpg"),
        0,
        ("0004_c1s1_000009_00.jpg", "no match"),
    ),
    Case(
        "truncated mask",
        "market1501",
        lambda r: [trees.put(r, "masks/query/0003_c1s1_000001_00.png"), cut("masks/query/0003_c1s1_000001_00.png")(r)],
        1,
        ("masks/query/0003_c1s1_000001_00.png",),
    ),
    Case("missing list", "msmt17", gone(LIST), 2, (LIST, "missing")),
    Case("empty list", "msmt17", fill(LIST, "\n\n"), 2, (LIST, "is empty")),
    Case("list of bytes", "msmt17", fill(LIST, b"\xff\xd8\xff\xe0"), 2, (LIST, "not text")),
    Case("list with zero bytes", "msmt17", fill(LIST, b"0\x000\x00"), 2, (LIST, "binary")),
    Case("list in UTF-16", "msmt17", fill(LIST, "0000/0000_0.jpg 0".encode("utf-16")), 2, (LIST, "not text")),
    Case("list that is a folder", "msmt17", folder_for(LIST), 2, (LIST, "not a file")),
    Case("list that is a pipe", "msmt17", pipe(LIST), 2, (LIST, "not a file")),
    Case(
        "line without a person",
        "msmt17",
        fill(LIST, "0000/0000_000_02_0303morning_0035_0.jpg\n"),
        2,
        ("line 1 of", LIST),
    ),
    Case(
        "person that is no number",
        "msmt17",
        fill(LIST, "0000/0000_000_02_0303morning_0035_0.jpg x\n"),
        2,
        (LIST, "'x'"),
    ),
    Case(
        "person of 30 digits",
        "msmt17",
        fill(LIST, "0000/0000_000_02_0303morning_0035_0.jpg " + "9" * 30),
        2,
        (LIST, "digits"),
    ),
    Case(
        "listed picture missing",
        "msmt17",
        gone("test/0000/0000_000_02_0303morning_0035_0.jpg"),
        2,
        (LIST, "0000_000_02_0303morning_0035_0.jpg", "do not exist"),
    ),
    Case("list that leads out", "msmt17", fill(LIST, "../../etc/passwd 0\n"), 2, (LIST, "outside")),
    Case("list with an absolute path", "msmt17", fill(LIST, "/etc/passwd 0\n"), 2, (LIST, "outside")),
    Case("no pictures beside the lists", "msmt17", gone("test"), 2, ("mask_test_v2",)),
    Case("both versions", "msmt17", lambda root: trees.msmt17(root, 2), 2, ("both versions",)),
    Case("truncated .mat", "mars", cut(INFO), 2, (INFO, "damaged")),
    Case("zero-byte .mat", "mars", fill(INFO, b""), 2, (INFO, "damaged")),
    Case("text as .mat", "mars", fill(INFO, "hello world, this is no matrix at all"), 2, (INFO, "damaged")),
    Case("missing .mat", "mars", gone(INFO), 2, (INFO, "missing")),
    Case(".mat of the wrong shape", "mars", matlab(INFO, track_test_info=np.ones((5, 3))), 2, (INFO, "(5, 3)")),
    Case(".mat with text", "mars", matlab(INFO, track_test_info="abc"), 2, (INFO, "no array of numbers")),
    Case(
        ".mat without its variable", "mars", matlab(INFO, other=np.ones(4)), 2, (INFO, "no variable 'track_test_info'")
    ),
    Case(".mat with not-a-number", "mars", matlab(INFO, track_test_info=np.full((1, 4), np.nan)), 2, (INFO, "whole")),
    Case(".mat of a newer version", "mars", hdf5(INFO, track_test_info=np.ones((4, 5))), 2, (INFO,)),
    Case(
        "index out of range",
        "mars",
        matlab("info/query_IDX.mat", query_IDX=[[9]]),
        2,
        ("query_IDX.mat", "has the value 9"),
    ),
    Case(
        "names and tracklets apart",
        "mars",
        fill("info/test_name.txt", "0001C1T0001F001.jpg\n" * 8),
        2,
        ("test_name.txt", "do not belong together"),
    ),
    Case(
        "tracklet's frame missing",
        "mars",
        gone("bbox_test/0002/0002C3T0001F002.jpg"),
        2,
        ("0002C3T0001F002.jpg", "test_name.txt"),
    ),
    Case(
        "order that is none",
        "ilids-vid",
        matlab(ILIDS, ls_set=[[1, 1, 2, 3]]),
        2,
        ("train_test_splits_ilidsvid.mat", "twice"),
    ),
    Case(
        "empty tracklet",
        "ilids-vid",
        emptied("i-LIDS-VID/sequences/cam1/person005"),
        2,
        ("cam1/person005", "no pictures"),
    ),
    Case(
        "person in one camera only",
        "ilids-vid",
        gone("i-LIDS-VID/sequences/cam2/person005"),
        2,
        ("person005", "only one of"),
    ),
    Case("truncated HDF5", "ls-vid", cut(LSINFO), 2, (LSINFO,)),
    Case("HDF5 without its variable", "ls-vid", hdf5(LSINFO, other=[1.0]), 2, (LSINFO, "no variable 'query'")),
    Case("HDF5 index out of range", "ls-vid", hdf5(LSINFO, query=[[99.0]]), 2, (LSINFO, "has the value 99")),
    Case("frames of a tracklet missing", "ls-vid", gone("tracklet_test/0000"), 2, ("tracklet_test/0000", "no frames")),
    Case("invalid JSON", "prid2011", fill("splits_prid2011.json", "[{"), 2, ("splits_prid2011.json", "not valid JSON")),
    Case(
        "JSON of another form",
        "prid2011",
        fill("splits_prid2011.json", '{"train": 3}'),
        2,
        ("splits_prid2011.json", "list of"),
    ),
    Case(
        "JSON nested without end", "prid2011", fill("splits_prid2011.json", "[" * 100_000), 2, ("splits_prid2011.json",)
    ),
    Case(
        "JSON with people twice",
        "prid2011",
        fill("splits_prid2011.json", json.dumps([{"train": ["person_0001"], "test": ["person_0001"]}])),
        2,
        ("splits_prid2011.json", "person_0001 both"),
    ),
    Case("person in two lists", "sysu-mm01", fill("exp/test_id.txt", "1,4,5,6"), 2, ("exp/test_id.txt", "person 0001")),
    Case("listed person without pictures", "sysu-mm01", fill("exp/test_id.txt", "4,5,6,77"), 2, ("person 0077",)),
    Case(
        "person's folder is no number",
        "sysu-mm01",
        lambda root: (root / "cam1" / "0001").rename(root / "cam1" / "anna"),
        2,
        ("cam1/anna",),
    ),
    Case(
        "no cameras",
        "sysu-mm01",
        lambda root: [shutil.rmtree(root / f"cam{k}") for k in range(1, 7)],
        2,
        ("cam1, cam2",),
    ),
    Case(
        "missing trial list", "regdb?trial=4", gone("idx/test_thermal_4.txt"), 2, ("idx/test_thermal_4.txt", "missing")
    ),
    Case(
        "two labels for a person",
        "regdb",
        fill("idx/test_thermal_1.txt", "Thermal/1/male_front_t_00001_1.bmp 0\nThermal/1/male_front_t_00002_1.bmp 1\n"),
        2,
        ("idx/test_thermal_1.txt", "labels 0 and 1"),
    ),
    Case(
        "person without a style",
        "pku-sketch",
        fill("styleAnnotation/b_4.txt", "9 10 11"),
        2,
        ("person 12", "styleAnnotation"),
    ),
    Case("no styles", "pku-sketch", emptied("styleAnnotation"), 2, ("styleAnnotation", "a_46.txt")),
    Case("tracklet's folder missing", "ccvid", gone("session2/002_03"), 2, ("session2/002_03", "gallery.txt")),
    Case("line without clothes", "ccvid", fill("query.txt", "session1/002_03 002\n"), 2, ("query.txt", "line 1")),
    Case("raw file truncated", "cuhk03-raw?boxes=detected&protocol=classic", cut("cuhk-03.mat"), 2, ("cuhk-03.mat",)),
    Case(
        "raw file without pictures",
        "cuhk03-raw?boxes=detected&protocol=classic",
        hdf5("cuhk-03.mat", other=[1.0]),
        2,
        ("cuhk-03.mat", "'detected'"),
    ),
    Case(
        "config of other pictures",
        "cuhk03?boxes=detected",
        gone("images_detected/1_001_1_01.png"),
        2,
        ("1_001_1_01.png", "cuhk03_new_protocol_config_detected.mat"),
    ),
    Case(
        "partitions without trials",
        "grid?trial=3",
        matlab("features_and_partitions.mat", trainIdxAll=np.zeros((1, 1))),
        2,
        ("features_and_partitions.mat", "1 trials"),
    ),
)
