"""Small hand-made copies of every published layout: a few tiny pictures, the lists, the .mat files."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterable
from pathlib import Path

import h5py
import numpy as np
from PIL import Image
from scipy.io import savemat

_COUNT = [0]


def content(suffix: str = ".png") -> bytes:
    """A tiny picture (8 × 4 pixels) that no other call returns."""
    _COUNT[0] += 1
    values = np.random.default_rng(_COUNT[0]).integers(0, 256, (8, 4, 3), dtype=np.uint8)
    stream = io.BytesIO()
    kind = {".jpg": "JPEG", ".jpeg": "JPEG", ".bmp": "BMP"}.get(suffix, "PNG")
    Image.fromarray(values).save(stream, kind)
    return stream.getvalue()


def put(root: Path, *names: str) -> None:
    """Write a picture under each of these names below root."""
    for name in names:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content(path.suffix))


def text(path: Path, lines: Iterable[str]) -> None:
    """Write a list."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n")


def market1501(root: Path) -> Path:
    put(root / "bounding_box_train", "0002_c1s1_000451_03.jpg", "0002_c2s1_000001_01.jpg", "0007_c1s2_000009_01.jpg")
    put(root / "bounding_box_train", "0007_c2s2_000010_01.jpg")
    put(root / "query", "0003_c1s1_000001_00.jpg", "0003_c2s1_000002_00.jpg")
    put(root / "bounding_box_test", "0003_c1s1_000003_01.jpg", "0003_c2s1_000004_01.jpg")
    put(root / "bounding_box_test", "-1_c1s1_000005_01.jpg", "0000_c2s1_000006_01.jpg")
    return root


def dukemtmc(root: Path) -> Path:
    put(root / "bounding_box_train", "0001_c2_f0046182.jpg", "0001_c3_f0046200.jpg")
    put(root / "query", "0005_c2_f0046985.jpg")
    put(root / "bounding_box_test", "0005_c5_f0051341.jpg", "0005_c2_f0046990.jpg", "7000_c1_f0000001.jpg")
    return root


def personx(root: Path) -> Path:
    put(root / "bounding_box_train", "0001_c3s1_1.jpg", "0001_c10s1_2.jpg")
    put(root / "query", "0002_c3s1_1.jpg")
    put(root / "bounding_box_test", "0002_c4s1_1.jpg", "0002_c12s1_7.jpg")
    return root


def msmt17(root: Path, version: int = 1) -> Path:
    train, test = ("train", "test") if version == 1 else ("mask_train_v2", "mask_test_v2")
    lists = {
        "list_train.txt": (
            train,
            ["0000/0000_000_01_0303morning_0015_0.jpg 0", "0001/0001_000_14_0302noon_0017_2.jpg 1"],
        ),
        "list_val.txt": (train, ["0000/0000_001_05_0303morning_0025_1.jpg 0"]),
        "list_query.txt": (test, ["0000/0000_000_02_0303morning_0035_0.jpg 0"]),
        "list_gallery.txt": (
            test,
            ["0000/0000_001_03_0114noon_0045_0.jpg 0", "0001/0001_000_02_0303afternoon_0055_0.jpg 1"],
        ),
    }
    for name, (folder, lines) in lists.items():
        text(root / name, lines)
        put(root / folder, *(line.split()[0] for line in lines))
    return root


def cuhk03_names() -> list[str]:
    """Persons 1..4 of camera pair 1 and 1..2 of pair 2; two pictures per view, the last person without view 2."""
    people = [(1, k) for k in range(1, 5)] + [(2, 1), (2, 2)]
    names = [
        f"{pair}_{k:03d}_{v}_{i:02d}.png" for pair, k in people for v, ns in ((1, (1, 2)), (2, (6, 7))) for i in ns
    ]
    return [name for name in names if not name.startswith("2_002_2")]


def cuhk03(root: Path, boxes: tuple[str, ...] = ("detected", "labeled")) -> Path:
    names = cuhk03_names()
    labels = {name[:5]: k for k, name in enumerate(dict.fromkeys(n[:5] for n in names), start=1)}
    index = {name: k for k, name in enumerate(names, start=1)}
    train = [index[n] for n in names if n[:5] in ("1_001", "1_003", "2_002")]
    query = [index[n] for n in ("1_002_1_01.png", "1_004_2_06.png", "2_001_1_02.png")]
    gallery = [index[n] for n in names if index[n] not in train and index[n] not in query]
    for kind in boxes:
        put(root / f"images_{kind}", *names)
        filelist = np.empty((len(names), 1), dtype=object)
        filelist[:, 0] = names
        savemat(
            root / f"cuhk03_new_protocol_config_{kind}.mat",
            {
                "filelist": filelist,
                "labels": np.array([[labels[n[:5]]] for n in names], dtype=np.uint16),
                "train_idx": np.array([train], dtype=np.uint16).T,
                "query_idx": np.array([query], dtype=np.uint16).T,
                "gallery_idx": np.array([gallery], dtype=np.uint16).T,
            },
        )
    return root


def cuhk03_raw(root: Path) -> Path:
    """`cuhk-03.mat` as MATLAB 7.3 writes it: cells are references, dimensions are reversed; one empty cell."""
    root.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(0)
    with h5py.File(root / "cuhk-03.mat", "w") as file:
        refs = file.create_group("#refs#")
        count = [0]

        def store(values: np.ndarray) -> h5py.Reference:
            count[0] += 1
            return refs.create_dataset(str(count[0]), data=values).ref

        for kind in ("detected", "labeled"):
            pairs = []
            for people in (4, 2):
                cells = np.empty((10, people), dtype=h5py.ref_dtype)  # MATLAB: people × 10
                for person in range(people):
                    for picture in range(10):
                        there = picture % 5 < 2 and not (people == 2 and person == 1 and picture >= 5)
                        values = (
                            rng.integers(0, 256, (3, 4, 8), dtype=np.uint8) if there else np.zeros(2, dtype=np.uint64)
                        )
                        cells[picture, person] = store(values)  # a picture is 8 high and 4 wide
                pairs.append(refs.create_dataset(f"{kind}{people}", data=cells, dtype=h5py.ref_dtype).ref)
            file.create_dataset(kind, data=np.array([pairs], dtype=h5py.ref_dtype).T, dtype=h5py.ref_dtype)
        sets = [store(np.array(pairs, dtype=np.float64).T) for pairs in ([[1, 2], [1, 4]], [[1, 1], [2, 1]])]
        file.create_dataset("testsets", data=np.array([sets], dtype=h5py.ref_dtype).T, dtype=h5py.ref_dtype)
    return root


def cuhk01(root: Path) -> Path:
    put(root / "campus", *(f"{person:04d}{k:03d}.png" for person in range(1, 9) for k in range(1, 5)))
    return root


def viper(root: Path) -> Path:
    for camera, angle in (("cam_a", 45), ("cam_b", 180)):
        put(root / camera, *(f"{person:03d}_{angle}.bmp" for person in (0, 1, 3, 9, 10, 873)))
    return root


def grid(root: Path) -> Path:
    for person in range(1, 7):
        put(root / "probe", f"{person:04d}_1_25004_107_32_106_221.jpeg")
        put(root / "gallery", f"{person:04d}_5_25024_117_32_106_221.jpeg")
    put(root / "gallery", "0000_2_25004_1_2_3_4.jpeg", "0000_7_25004_1_2_3_5.jpeg")
    trials = np.empty((1, 10), dtype=object)
    for k in range(10):
        persons = np.array([[1 + (k + j) % 6 for j in range(3)]], dtype=np.uint16)
        trials[0, k] = {"a": np.zeros((1, 1)), "b": np.zeros((1, 1)), "trainIdx": persons}
    savemat(root / "features_and_partitions.mat", {"trainIdxAll": trials})
    return root


def prid2011_single(root: Path) -> Path:
    put(root / "single_shot" / "cam_a", *(f"person_{k:04d}.png" for k in (1, 2, 3, 4, 201, 202)))
    put(root / "single_shot" / "cam_b", *(f"person_{k:04d}.png" for k in (1, 2, 3, 4, 201, 203)))
    return root


def sysu_mm01(root: Path) -> Path:
    for person in range(1, 7):
        for camera in (1, 2, 3, 4, 5, 6):
            put(root / f"cam{camera}" / f"{person:04d}", "0001.jpg", "0012.jpg")
    put(root / "cam1" / "0333", "0001.jpg")  # available, but in no list
    for name, ids in (("train", "1,3"), ("val", "2"), ("test", "4, 5,6"), ("available", "1,2,3,4,5,6")):
        text(root / "exp" / f"{name}_id.txt", [ids])
    return root


def regdb(root: Path) -> Path:
    for modality, letter in (("Visible", "v"), ("Thermal", "t")):
        for person in range(1, 5):
            put(root / modality / str(person), *(f"male_front_{letter}_{k:05d}_{person}.bmp" for k in (1, 2)))
    for trial in range(1, 11):
        train = [1 + (trial + k) % 4 for k in range(2)]
        for kind, people in (("train", train), ("test", [k for k in range(1, 5) if k not in train])):
            for modality, letter in (("visible", "v"), ("thermal", "t")):
                lines = [
                    f"{modality.capitalize()}/{person}/male_front_{letter}_{k:05d}_{person}.bmp {label}"
                    for label, person in enumerate(people)
                    for k in (1, 2)
                ]
                text(root / "idx" / f"{kind}_{modality}_{trial}.txt", lines)
    return root


def pku_sketch(root: Path) -> Path:
    styles = {"a": range(1, 9), "b": range(9, 13)}
    for style, people in styles.items():
        text(root / "styleAnnotation" / f"{style}_{len(people)}.txt", [str(k) for k in people])
        for k in people:
            put(root, f"sketch/{k}.jpg", f"photo/{k}_05_356.jpg", f"photo/{k}_11_1020.jpg")
    return root


def llcm(root: Path, lists: bool = True) -> Path:
    for short in ("vis", "nir"):
        names = [f"{short}/{p:04d}/{p:04d}_c{c:02d}_s1_f{10 * p + c}_{short}.jpg" for p in (1, 7) for c in (1, 2)]
        put(root, *names)
        text(root / "idx" / f"train_{short}.txt", [f"{name} {int(name.split('/')[1]) // 7}" for name in names])
        test = [f"test_{short}/cam{c}/{p:04d}/{p:04d}_c{c:02d}_s2_f7_{short}.jpg" for p in (3, 4) for c in (1, 5)]
        put(root, *test)
        if lists:
            text(root / "idx" / f"test_{short}.txt", [f"{name} {int(name.split('/')[2]) - 3}" for name in test])
    text(root / "idx" / "test_id.txt", ["3,4"])
    return root


def mars(root: Path) -> Path:
    tracks = {
        "train": [("0001", 1, 1, 2), ("0001", 2, 1, 1), ("0003", 2, 1, 2)],
        "test": [("00-1", 1, 1, 2), ("0000", 2, 1, 1), ("0002", 1, 1, 2), ("0002", 1, 2, 1), ("0002", 3, 1, 2)],
    }
    for split, rows in tracks.items():
        names, info = [], []
        for person, camera, tracklet, frames in rows:
            new = [f"{person}C{camera}T{tracklet:04d}F{k:03d}.jpg" for k in range(1, frames + 1)]
            info.append([len(names) + 1, len(names) + frames, -1 if person == "00-1" else int(person), camera])
            names += new
            put(root / f"bbox_{split}" / person, *new)
        text(root / "info" / f"{split}_name.txt", names)
        savemat(root / "info" / f"tracks_{split}_info.mat", {f"track_{split}_info": np.array(info, dtype=np.float64)})
    savemat(root / "info" / "query_IDX.mat", {"query_IDX": np.array([[4]], dtype=np.uint16)})
    return root


def ilids_vid(root: Path) -> Path:
    people = ["person001", "person005", "person009", "person319"]
    for camera in ("cam1", "cam2"):
        for name in people:
            put(
                root / "i-LIDS-VID" / "sequences" / camera / name, *(f"{camera}_{name}_{k:05d}.png" for k in (317, 318))
            )
    orders = np.array([[1 + (k + j) % 4 for j in range(4)] for k in range(10)], dtype=np.uint16)
    place = root / "train-test people splits"
    place.mkdir()
    savemat(place / "train_test_splits_ilidsvid.mat", {"ls_set": orders})
    return root


def prid2011(root: Path) -> Path:
    names = [f"person_{k:04d}" for k in (1, 2, 3, 5)]
    for camera in ("cam_a", "cam_b"):
        for name in [*names, "person_0200"]:
            put(root / "prid_2011" / "multi_shot" / camera / name, "0001.png", "0002.png")
    splits = [{"train": names[k % 4 :][:2] or names[:2], "test": []} for k in range(10)]
    for split in splits:
        split["test"] = [name for name in names if name not in split["train"]]
    (root / "splits_prid2011.json").write_text(json.dumps(splits))
    return root


def ls_vid(root: Path, folders: bool = False) -> Path:
    rows = {
        "train": [(0, 1, 3), (0, 12, 4), (1, 1, 3)],
        "test": [(0, 1, 1), (0, 2, 2), (1, 11, 5), (1, 1, 1)],
    }
    for split, tracks in rows.items():
        lines = []
        for person, tracklet, camera in tracks:
            base = f"tracklet_{split}/{person:04d}/{person:04d}_{tracklet}"
            if folders:
                put(root / base, *(f"{person:04d}_{tracklet}_{camera:02d}_{k:06d}.jpg" for k in (7, 8)))
            else:
                put(root, *(f"{base}_{camera:02d}_{k:06d}.jpg" for k in (7, 8)))
            lines.append(f"{base} {person}")
        text(root / "list_sequence" / f"list_seq_{split}.txt", lines)
    info = root / "test" / "data" / "info_test.mat"
    info.parent.mkdir(parents=True)
    with h5py.File(info, "w") as file:
        file.create_dataset("query", data=np.array([[2.0, 4.0]]))
    return root


def dukemtmc_video(root: Path) -> Path:
    put(root / "train/0001/0001", *(f"0001_C6_F{k:04d}_X{30823 + k}.jpg" for k in (2, 3, 4)))
    put(root / "train/0001/0002", "0001_C2_F0001_X30823.jpg")
    put(root / "query/0005/0001", "0005C1F0001X00007.jpg")
    put(root / "gallery/0005/0002", "0005_C2_F0001_X00009.jpg")
    return root


def ccvid(root: Path) -> Path:
    lists = {
        "train": ["session1/001_01 001 u1_l1", "session3/001_02 001 u2_l1"],
        "query": ["session1/002_03 002 u1_l1"],
        "gallery": ["session2/002_03 002 u2_l2", "session3/002_03 002 u1_l1"],
    }
    for split, lines in lists.items():
        text(root / f"{split}.txt", lines)
        for line in lines:
            put(root / line.split()[0], "00001.jpg", "00002.jpg")
    return root


def svreid(root: Path, below: str = "") -> Path:
    lists = {
        "train_svreid": ["0001/00/cam1 1 0", "0002/00/cam2 2 0"],
        "train_svreid_cc": ["0001/00/cam1 1 0", "0001/01/cam3 1 1"],
        "train_svreid_plus": ["0001/00/cam1 1 0"],
        "query": ["0003/00/cam1 3 0"],
        "gallery": ["0003/00/cam2 3 0", "0003/01/cam3 3 1"],
    }
    for name, lines in lists.items():
        text(root / "SVReID" / f"{name}.txt", lines)
        for line in lines:
            put(root / below / line.split()[0], "0001.jpg", "0002.jpg")
    return root


def randperson(root: Path) -> Path:
    put(root / "randperson_subset", "000000_s00_c00_f000264.jpg", "000000_s00_c01_f001032.jpg", "000012_s10_c01_f3.jpg")
    return root


def unrealperson(root: Path, listed: bool = True) -> Path:
    put(root / "unreal_v1.1/images", "0000_c001_1.jpg", "0000_c002_2.jpg")
    put(root / "unreal_v1.2/images", "0000_c001_1.jpg")
    put(root / "unreal_v4.1/images", "0000_c001_9.jpg", "0001_c001_1.jpg")
    if listed:
        names = ["unreal_v1.1/images/0000_c001_1.jpg 0 0", "unreal_v4.1/images/0000_c001_9.jpg 0 30"]
        text(root / "list_unreal_train.txt", [*names, "unreal_v1.2/images/0000_c001_1.jpg 1 0"])
    return root


def clonedperson(root: Path) -> Path:
    put(root / "train", "700000_s02_c00_f023389.jpg", "700000_s06_c00_f023413.jpg")
    put(root / "test/query", "705227_s02_c02_f001117.jpg")
    put(root / "test/gallery", "705227_s06_c02_f005521.jpg", "705624_s12_c02_f002965.jpg")
    return root


def finegpr(root: Path) -> Path:
    put(root / "FineGPR_subset", "0001_c01_w03_l05_p03.jpg", "0001_c28_w03_l05_p03.jpg", "0003_c10_w01_l01_p08.jpg")
    return root


def weperson(root: Path) -> Path:
    put(root, "0000_01_03_12.png", "0000_02_03_12.png", "0005_01_04_23.png")
    return root


def gtasynthreid(root: Path) -> Path:
    put(root / "bounding_box_train", "42647445_sd000c08_0396.jpeg", "42647445_sn000c11_0001.jpeg")
    put(root / "query", "77_sd012c01_0005.jpeg")
    put(root / "bounding_box_test", "77_sn013c02_0005.jpeg")
    return root


TREES: dict[str, Callable[[Path], Path]] = {
    "market1501": market1501,
    "dukemtmc": dukemtmc,
    "cuhk03": lambda root: cuhk03(root, ("detected",)),
    "msmt17": msmt17,
    "cuhk01": cuhk01,
    "viper": viper,
    "grid": grid,
    "prid2011-single": prid2011_single,
    "sysu-mm01": sysu_mm01,
    "regdb": regdb,
    "pku-sketch": pku_sketch,
    "llcm": llcm,
    "mars": mars,
    "ilids-vid": ilids_vid,
    "prid2011": prid2011,
    "ls-vid": ls_vid,
    "dukemtmc-video": dukemtmc_video,
    "ccvid": ccvid,
    "svreid": svreid,
    "personx": personx,
    "randperson": randperson,
    "unrealperson": unrealperson,
    "clonedperson": clonedperson,
    "finegpr": finegpr,
    "weperson": weperson,
    "gtasynthreid": gtasynthreid,
}
"""A builder for every entry of the catalogue."""
