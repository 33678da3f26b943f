"""Damages of lists, MATLAB and JSON files and tables; see `tests/data/damage.py`."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
from scipy.io import loadmat, savemat
from tests.data.damage import damage, pictures, replace

LISTS = {
    "msmt17": "list_query.txt",
    "regdb": "idx/test_thermal_1.txt",
    "llcm": "idx/train_vis.txt",
    "mars": "info/test_name.txt",
    "ls-vid": "list_sequence/list_seq_test.txt",
    "ccvid": "gallery.txt",
    "svreid": "SVReID/query.txt",
}
"""A list of pictures or tracklets per layout; the first column is a path (a name in MARS)."""
LABELLED = tuple(name for name in LISTS if name != "mars")
MATS = {
    "mars": "info/tracks_test_info.mat",
    "ilids-vid": "train-test people splits/train_test_splits_ilidsvid.mat",
    "cuhk03": "cuhk03_new_protocol_config_detected.mat",
}
HDF5 = {"cuhk03": "cuhk03_release/cuhk-03.mat", "ls-vid": "test/data/info_test.mat"}


def the(files: dict[str, str], root: Path) -> Path:
    """The file of `files` that this dataset has."""
    return next(root / name for name in files.values() if (root / name).is_file())


def edited(path: Path, edit: Callable[[list[str]], list[str]]) -> Path:
    """The lines of a text file changed."""
    lines = edit(path.read_text(encoding="utf-8").splitlines())
    return replace(path, "".join(f"{line}\n" for line in lines).encode())


# --- lists ---------------------------------------------------------------------------------------------------------


@damage("read", *LISTS)
def missing_list(root: Path) -> Path:
    """A list is not there."""
    path = the(LISTS, root)
    path.unlink()
    return path


@damage("read", *LISTS)
def empty_list(root: Path) -> Path:
    """A list has no line."""
    return replace(the(LISTS, root), b"")


@damage("read", *LISTS)
def list_that_is_a_picture(root: Path) -> Path:
    """A list holds the bytes of a picture."""
    return replace(the(LISTS, root), pictures(root)[0].read_bytes())


@damage("either", *LISTS)
def listed_picture_is_missing(root: Path) -> Path:
    """A list names a file or folder that does not exist."""
    path = the(LISTS, root)
    return edited(path, lambda lines: [lines[0].replace("0", "8"), *lines[1:]])


@damage("read", *LABELLED)
def line_without_label(root: Path) -> Path:
    """A line has a path and nothing else."""
    return edited(the(LISTS, root), lambda lines: [lines[0].split()[0], *lines[1:]])


@damage("read", *LABELLED)
def label_that_is_no_number(root: Path) -> Path:
    """A label is a word."""
    path = the(LISTS, root)
    return edited(path, lambda lines: [re.sub(r"(\s)\d+", r"\1somebody", lines[0], count=1), *lines[1:]])


@damage("read", *LABELLED)
def line_twice(root: Path) -> Path:
    """A list has a line twice."""
    return edited(the(LISTS, root), lambda lines: [*lines, lines[0]])


@damage("read", "msmt17", "llcm", "regdb")
def path_that_leaves_the_dataset(root: Path) -> Path:
    """A list names a file outside the dataset's folder."""
    path = the(LISTS, root)
    outside = root.parent / "outside.jpg"
    outside.write_bytes(pictures(root)[0].read_bytes())
    return edited(path, lambda lines: ["../../outside.jpg " + lines[0].split()[1], *lines[1:]])


@damage("either", "msmt17")
def label_that_contradicts_the_path(root: Path) -> Path:
    """A list gives the picture of one person to another."""
    path = the(LISTS, root)
    return edited(path, lambda lines: [lines[0].split()[0] + " " + lines[-1].split()[1], *lines[1:]])


@damage("fine", *LISTS)
def line_ends_of_windows(root: Path) -> Path:
    """Lines end in carriage return and line feed."""
    path = the(LISTS, root)
    return replace(path, path.read_bytes().replace(b"\n", b"\r\n"))


@damage("fine", *LISTS)
def blank_lines_at_the_end(root: Path) -> Path:
    """A list ends in empty lines."""
    path = the(LISTS, root)
    return replace(path, path.read_bytes() + b"\n\n")


@damage("fine", *LISTS)
def byte_order_mark(root: Path) -> Path:
    """A list begins with the mark that some editors write."""
    path = the(LISTS, root)
    return replace(path, b"\xef\xbb\xbf" + path.read_bytes())


@damage("read", "sysu-mm01")
def identities_that_are_no_numbers(root: Path) -> Path:
    """The test persons are words."""
    return replace(root / "exp" / "test_id.txt", b"ann,bob\n")


@damage("either", "sysu-mm01")
def identity_in_training_and_test(root: Path) -> Path:
    """A training person is also a test person."""
    test = root / "exp" / "test_id.txt"
    first = (root / "exp" / "train_id.txt").read_text().split(",")[0].strip()
    return replace(test, f"{first},{test.read_text()}".encode())


@damage("either", "sysu-mm01")
def identity_without_pictures(root: Path) -> Path:
    """A test person has no folder in any camera."""
    test = root / "exp" / "test_id.txt"
    replace(test, f"{test.read_text().strip()},512\n".encode())
    return root / "cam1" / "0512"


@damage("read", "sysu-mm01")
def missing_identities(root: Path) -> Path:
    """The list of the test persons is not there."""
    path = root / "exp" / "test_id.txt"
    path.unlink()
    return path


@damage("read", "regdb")
def missing_trial(root: Path) -> Path:
    """One of the lists of a trial is not there."""
    path = root / "idx" / "train_visible_1.txt"
    path.unlink()
    return path


@damage("either", "regdb")
def trial_of_different_persons(root: Path) -> Path:
    """The thermal test list lacks a person that the visible one has."""
    path = root / "idx" / "test_thermal_1.txt"
    return edited(path, lambda lines: [line for line in lines if not line.endswith(" 0")])


@damage("either", "pku-sketch")
def style_that_counts_wrong(root: Path) -> Path:
    """The name of a style's file says more persons than it lists."""
    path = sorted((root / "styleAnnotation").iterdir())[0]
    return edited(path, lambda lines: lines[:-1])


@damage("either", "pku-sketch")
def person_of_two_styles(root: Path) -> Path:
    """A person is in two styles' lists."""
    first, second = sorted((root / "styleAnnotation").iterdir())[:2]
    stranger = first.read_text().split()[0]
    return edited(second, lambda lines: [stranger, *lines[1:]])


@damage("either", "pku-sketch")
def missing_sketch(root: Path) -> Path:
    """A person of a style has no sketch."""
    path = root / "sketch" / "1.jpg"
    path.unlink()
    return path


# --- MATLAB files --------------------------------------------------------------------------------------------------


def resaved(path: Path, **changes: object) -> Path:
    """A version 5 file with variables changed; None removes one."""
    known = {k: v for k, v in loadmat(path).items() if not k.startswith("__")} | changes
    path.unlink()
    savemat(path, {k: v for k, v in known.items() if v is not None})
    return path


def variable(path: Path) -> tuple[str, np.ndarray]:
    """The first variable of a version 5 file."""
    return next((k, v) for k, v in loadmat(path).items() if not k.startswith("__"))


@damage("read", *MATS)
def mat_that_is_text(root: Path) -> Path:
    """A MATLAB file holds text."""
    return replace(the(MATS, root), b"tracks = 12\n")


@damage("read", *MATS)
def mat_of_zero_bytes(root: Path) -> Path:
    """A MATLAB file is empty."""
    return replace(the(MATS, root), b"")


@damage("read", *MATS)
def mat_cut_short(root: Path) -> Path:
    """A MATLAB file ends in the middle."""
    path = the(MATS, root)
    return replace(path, path.read_bytes()[:180])


@damage("read", *MATS)
def mat_without_its_variable(root: Path) -> Path:
    """A MATLAB file has another variable than expected."""
    path = the(MATS, root)
    name, value = variable(path)
    return resaved(path, **{name: None, "x" + name: value})


@damage("read", *MATS)
def missing_mat(root: Path) -> Path:
    """A MATLAB file is not there."""
    path = the(MATS, root)
    path.unlink()
    return path


@damage("read", "mars")
def tracks_of_three_columns(root: Path) -> Path:
    """The tracklets' table lacks the camera."""
    path = root / "info" / "tracks_test_info.mat"
    return resaved(path, track_test_info=variable(path)[1][:, :3])


@damage("read", "mars")
def tracks_beyond_the_names(root: Path) -> Path:
    """The last tracklet ends after the last name."""
    path = root / "info" / "tracks_test_info.mat"
    tracks = variable(path)[1].copy()
    tracks[-1, 1] += 5
    return resaved(path, track_test_info=tracks)


@damage("read", "mars")
def tracks_counted_from_zero(root: Path) -> Path:
    """The tracklets begin and end one name too early."""
    path = root / "info" / "tracks_test_info.mat"
    tracks = variable(path)[1].copy()
    tracks[:, :2] -= 1
    return resaved(path, track_test_info=tracks)


@damage("read", "mars")
def queries_beyond_the_tracklets(root: Path) -> Path:
    """A query is a tracklet that does not exist."""
    return resaved(root / "info" / "query_IDX.mat", query_IDX=np.array([[1, 9999]], np.int32))


@damage("read", "mars")
def tracklet_of_two_persons(root: Path) -> Path:
    """A tracklet runs on into the next person's names."""
    path = root / "info" / "tracks_train_info.mat"
    tracks = variable(path)[1].copy()
    change = int(np.flatnonzero(np.diff(tracks[:, 2]))[0])
    tracks[change, 1] += 1
    return resaved(path, track_train_info=tracks)


@damage("read", "ilids-vid")
def splits_that_are_no_permutations(root: Path) -> Path:
    """A split names a person twice."""
    path = the(MATS, root)
    order = variable(path)[1].copy()
    order[0, 0] = order[0, 1]
    return resaved(path, ls_set=order)


@damage("read", "ilids-vid")
def splits_of_other_persons(root: Path) -> Path:
    """The splits are of more persons than there are folders."""
    path = the(MATS, root)
    order = variable(path)[1]
    more = np.full((len(order), 1), order.shape[1] + 1)
    return resaved(path, ls_set=np.hstack([order, more]))


@damage("read", "cuhk03")
def split_beyond_the_pictures(root: Path) -> Path:
    """A query is a picture that does not exist."""
    return resaved(the(MATS, root), query_idx=np.array([[1], [99_999]], np.int32))


@damage("read", *HDF5)
def hdf5_cut_short(root: Path) -> Path:
    """An HDF5 file ends in the middle."""
    path = the(HDF5, root)
    return replace(path, path.read_bytes()[:1500])


@damage("read", *HDF5)
def hdf5_that_is_text(root: Path) -> Path:
    """An HDF5 file holds text."""
    return replace(the(HDF5, root), b"no picture here\n" * 50)


@damage("read", *HDF5)
def hdf5_without_its_variable(root: Path) -> Path:
    """An HDF5 file has another variable than expected."""
    path = the(HDF5, root)
    replace(path, path.read_bytes())
    with h5py.File(path, "r+") as file:
        for name in [name for name in file if name != "#refs#"]:
            file.move(name, f"x{name}")
    return path


@damage("read", "ls-vid")
def queries_beyond_the_list(root: Path) -> Path:
    """A query is a line that the test list does not have."""
    path = the(HDF5, root)
    replace(path, path.read_bytes())
    with h5py.File(path, "r+") as file:
        file["query"][0, 0] = 99_999
    return path


# --- JSON and tables -----------------------------------------------------------------------------------------------


@damage("read", "prid2011")
def json_cut_short(root: Path) -> Path:
    """The splits end in the middle."""
    path = root / "splits_prid2011.json"
    return replace(path, path.read_bytes()[:40])


@damage("read", "prid2011")
def json_of_another_shape(root: Path) -> Path:
    """The splits are one split instead of a list of splits."""
    path = root / "splits_prid2011.json"
    return replace(path, json.dumps(json.loads(path.read_text())[0]).encode())


@damage("read", "prid2011")
def json_of_unknown_persons(root: Path) -> Path:
    """A split names a person without a folder."""
    path = root / "splits_prid2011.json"
    return replace(path, path.read_bytes().replace(b"person_0001", b"person_0999"))


@damage("either", "dukemtmc-video", "ccvid", "svreid", "ilids-vid")
def empty_tracklet(root: Path) -> Path:
    """The folder of a tracklet has no picture."""
    folder = pictures(root)[-1].parent
    for path in folder.iterdir():
        path.unlink()
    return folder


@damage("read", "table")
def table_without_paths(root: Path) -> Path:
    """The table's header has no `path`."""
    path = root / "crops.csv"
    return replace(path, path.read_bytes().replace(b"path,", b"picture,", 1))


@damage("read", "table")
def table_with_a_column_twice(root: Path) -> Path:
    """The table has two columns called `person`."""
    path = root / "crops.csv"
    return replace(path, path.read_bytes().replace(b"camera", b"person", 1))


@damage("read", "table")
def table_of_a_missing_picture(root: Path) -> Path:
    """A picture that the table names is gone."""
    path = pictures(root)[0]
    path.unlink()
    return path


@damage("read", "table")
def table_without_rows(root: Path) -> Path:
    """The table has a header and nothing else."""
    return edited(root / "crops.csv", lambda lines: lines[:1])


@damage("read", "table")
def table_with_a_short_line(root: Path) -> Path:
    """A line of the table ends after the path: the person is missing."""
    return edited(root / "crops.csv", lambda lines: [lines[0], lines[1].split(",")[0], *lines[2:]])


@damage("read", "table")
def table_of_another_encoding(root: Path) -> Path:
    """The table is UTF-16, as a spreadsheet saves it."""
    path = root / "crops.csv"
    return replace(path, path.read_text().encode("utf-16"))
