"""Every layout that can be written: what it needs of a table, and which world fills it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from reidapt.errors import DataError

Kind = Literal["image", "cross-modal", "video"]
TEST = ("train", "query", "gallery")
SYSU = ("colour", "colour", "infrared", "colour", "colour", "infrared")
PKU = ("colour", "colour", "sketch")


@dataclass(frozen=True)
class LayoutInfo:
    """One dataset layout.

    Args:
        name: its name in commands, that of the reader.
        title: the dataset's own name.
        kind: what a crop is compared with.
        writer: module and function in `reidapt.data.layouts` that write it.
        tree: the folders and names it writes.
        splits: splits the table must have; empty where the layout draws its own or has none.
        modalities: modalities the table must have.
        cameras: known cameras the table must have at least; 0 where the layout does not know cameras.
        tracklets: whether every crop must belong to a tracklet.
        test, published: arguments of `render_world` for a small world and for one of published size.
        options: options of `write_layout` that go with the published size.
    """

    name: str
    title: str
    kind: Kind
    writer: str
    tree: str
    splits: tuple[str, ...] = ()
    modalities: tuple[str, ...] = ("colour",)
    cameras: int = 2
    tracklets: bool = False
    test: Mapping[str, Any] = field(default_factory=dict)
    published: Mapping[str, Any] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)


def _world(people: int, cameras: int, pictures: int, train: float = 0.5, **more: Any) -> dict[str, Any]:
    return {"people": people, "cameras": cameras, "pictures": pictures, "train_fraction": train, **more}


def _video(people: int, cameras: int, tracklets: int, frames: int, train: float = 0.5, **more: Any) -> dict[str, Any]:
    sizes = {"people": people, "cameras": cameras, "pictures": 2, "tracklets": tracklets, "frames": frames}
    return {**sizes, "train_fraction": train, **more}


_ALL = (
    LayoutInfo(
        "market1501", "Market-1501", "image", "market:market1501",
        "bounding_box_train|query|bounding_box_test/0002_c1s1_000451_03.jpg",
        splits=TEST, test=_world(8, 3, 2, junk=1, distractors=1),
        published=_world(1501, 6, 4, 751 / 1501, junk=3, distractors=4),
    ),
    LayoutInfo(
        "dukemtmc", "DukeMTMC-reID", "image", "market:dukemtmcreid",
        "bounding_box_train|query|bounding_box_test/0001_c2_f0046182.jpg",
        splits=TEST, test=_world(8, 3, 2), published=_world(1404, 8, 3, 0.5),
    ),
    LayoutInfo(
        "personx", "PersonX", "image", "market:personx",
        "bounding_box_train|query|bounding_box_test/0001_c3s1_000001_01.jpg, cameras 3 4 8 10 11 12",
        splits=TEST, test=_world(8, 3, 2), published=_world(1266, 6, 6, 410 / 1266),
    ),
    LayoutInfo(
        "gtasynthreid", "GTASynthReid", "image", "market:gtasynthreid",
        "bounding_box_train|query|bounding_box_test/42647445_sd000c08_0396.jpeg, queries stay in the gallery",
        splits=TEST, test=_world(8, 3, 2), published=_world(538, 19, 9, 438 / 538),
    ),
    LayoutInfo(
        "cuhk03", "CUHK03", "image", "cuhk03:write",
        "cuhk03_release/cuhk-03.mat, images_detected|images_labeled/1_001_1_01.png, "
        "cuhk03_new_protocol_config_detected|labeled.mat",
        splits=TEST, test=_world(12, 4, 3), published=_world(1467, 10, 5, 767 / 1467),
    ),
    LayoutInfo(
        "msmt17", "MSMT17", "image", "msmt17:write",
        "train|test/0000/0000_000_01_0303morning_0015_0.jpg, list_train|val|query|gallery.txt",
        splits=TEST, test=_world(8, 3, 3), published=_world(4101, 15, 2, 1041 / 4101),
    ),
    LayoutInfo(
        "cuhk01", "CUHK01", "image", "single_shot:cuhk01", "campus/0001001.png",
        test=_world(6, 2, 2, 1.0), published=_world(971, 2, 2, 1.0),
    ),
    LayoutInfo(
        "viper", "VIPeR", "image", "single_shot:viper", "VIPeR/cam_a|cam_b/000_45.bmp",
        test=_world(6, 2, 1, 1.0), published=_world(632, 2, 1, 1.0),
    ),
    LayoutInfo(
        "grid", "GRID", "image", "single_shot:grid",
        "underground_reid/probe|gallery/0001_1_25004_107_32_106_221.jpeg, features_and_partitions.mat",
        test=_world(8, 3, 2, distractors=1), published=_world(250, 8, 2, 0.5, distractors=6),
    ),
    LayoutInfo(
        "prid2011-single", "PRID2011 (single shot)", "image", "single_shot:prid2011",
        "prid_2011/single_shot/cam_a|cam_b/person_0001.png",
        test=_world(6, 2, 1, 1.0), published=_world(934, 2, 1, 1.0), options={"shared": 200},
    ),
    LayoutInfo(
        "sysu-mm01", "SYSU-MM01", "cross-modal", "sysumm01:write",
        "cam1..cam6/0001/0001.jpg, exp/train|val|test|available_id.txt, exp/rand_perm_cam.mat",
        splits=TEST, modalities=("colour", "infrared"), cameras=3,
        test=_world(8, 6, 3, camera_modalities=SYSU),
        published=_world(491, 6, 15, 395 / 491, camera_modalities=SYSU),
    ),
    LayoutInfo(
        "regdb", "RegDB", "cross-modal", "regdb:write",
        "Visible|Thermal/1/male_front_v_00007_1.bmp, idx/train|test_visible|thermal_1..10.txt",
        modalities=("colour", "thermal"), cameras=0,
        test=_world(6, 1, 3, 1.0, modalities=("colour", "thermal"), simultaneous=True, one_side=True),
        published=_world(412, 1, 10, 1.0, modalities=("colour", "thermal"), simultaneous=True, one_side=True),
    ),
    LayoutInfo(
        "pku-sketch", "PKU-Sketch", "cross-modal", "pkusketch:write",
        "sketch/1.jpg, photo/1_05_356.jpg, styleAnnotation/a_46.txt ..",
        modalities=("colour", "sketch"), test=_world(10, 3, 1, 1.0, camera_modalities=PKU),
        published=_world(200, 3, 1, 1.0, camera_modalities=PKU),
    ),
    LayoutInfo(
        "llcm", "LLCM", "cross-modal", "llcm:write",
        "vis|nir/0001/0001_c01_s000001_f000012_vis.jpg, test_vis|test_nir/cam1/0001/.., "
        "idx/train|test_vis|nir.txt, idx/test_id.txt",
        splits=TEST, modalities=("colour", "infrared"), test=_world(8, 4, 2, modalities=("colour", "infrared")),
        published=_world(1064, 9, 3, 713 / 1064, modalities=("colour", "infrared")),
    ),
    LayoutInfo(
        "randperson", "RandPerson (subset)", "image", "synthetic:randperson",
        "randperson_subset/000000_s00_c00_f000264.jpg",
        test=_world(4, 4, 2, 1.0), published=_world(8000, 19, 1, 1.0),
    ),
    LayoutInfo(
        "unrealperson", "UnrealPerson", "image", "synthetic:unrealperson",
        "unreal_v3.1/images/333_c001_78.jpg, list_unreal_train.txt",
        test=_world(6, 8, 2, 1.0), published=_world(3000, 34, 1, 1.0),
    ),
    LayoutInfo(
        "clonedperson", "ClonedPerson", "image", "synthetic:clonedperson",
        "train|test/query|test/gallery/700000_s02_c00_f023389.jpg",
        splits=TEST, test=_world(6, 5, 2), published=_world(5621, 24, 6, 4826 / 5621),
    ),
    LayoutInfo(
        "finegpr", "FineGPR", "image", "synthetic:finegpr", "FineGPR/0001/0001_c01_w01_l01_p01.jpg",
        test=_world(4, 5, 2, 1.0), published=_world(1150, 36, 49, 1.0),
    ),
    LayoutInfo(
        "weperson", "WePerson", "image", "synthetic:weperson", "0001_01_01_12.png",
        test=_world(4, 5, 2, 1.0), published=_world(1500, 40, 24, 1.0),
    ),
    LayoutInfo(
        "mars", "MARS", "video", "mars:write",
        "bbox_train|bbox_test/0001/0001C1T0001F001.jpg, info/train|test_name.txt, "
        "info/tracks_train|test_info.mat, info/query_IDX.mat",
        splits=TEST, tracklets=True, test=_video(8, 3, 2, 3), published=_video(1261, 6, 3, 58, 625 / 1261),
    ),
    LayoutInfo(
        "ilids-vid", "iLIDS-VID", "video", "ten_splits:ilidsvid",
        "i-LIDS-VID/sequences/cam1|cam2/person001/cam1_person001_00317.png, "
        "train-test people splits/train_test_splits_ilidsvid.mat",
        tracklets=True, test=_video(6, 2, 1, 3, 1.0), published=_video(300, 2, 1, 73, 1.0),
    ),
    LayoutInfo(
        "prid2011", "PRID2011 (multi shot)", "video", "ten_splits:prid2011video",
        "prid_2011/multi_shot/cam_a|cam_b/person_0001/0001.png, splits_prid2011.json",
        tracklets=True, test=_video(6, 2, 1, 3, 1.0), published=_video(178, 2, 1, 100, 1.0),
    ),
    LayoutInfo(
        "ls-vid", "LS-VID", "video", "lsvid:write",
        "tracklet_train|tracklet_val|tracklet_test/0001/0001_0003_07_000012.jpg, "
        "list_sequence/list_seq_train|val|test.txt, test/data/info_test.mat",
        splits=TEST, tracklets=True, test=_video(8, 3, 2, 3), published=_video(3772, 15, 2, 26, 842 / 3772),
    ),
    LayoutInfo(
        "dukemtmc-video", "DukeMTMC-VideoReID", "video", "dukemtmcvideoreid:write",
        "train|query|gallery/0001/0001/0001_C6_F0099_X30823.jpg",
        splits=TEST, tracklets=True, test=_video(8, 3, 2, 4), published=_video(1404, 8, 2, 36, 0.5),
    ),
    LayoutInfo(
        "ccvid", "CCVID", "video", "clothes:ccvid", "session1..3/001_01/00001.jpg, train|query|gallery.txt",
        splits=TEST, tracklets=True, test=_video(8, 3, 2, 3, outfits=2),
        published=_video(226, 12, 2, 64, 75 / 226, outfits=2),
    ),
    LayoutInfo(
        "svreid", "SVReID", "video", "clothes:svreid",
        "SVReID/0001/o0/0001/1/0001.jpg, SVReID/train_svreid|train_svreid_cc|train_svreid_plus|query|gallery.txt",
        splits=TEST, tracklets=True, test=_video(8, 3, 2, 3, outfits=2),
        published=_video(300, 6, 4, 60, 0.5, outfits=2),
    ),
    LayoutInfo(
        "table", "crops.csv", "image", "plain:table", "pictures/000000.jpg, crops.csv", modalities=(), cameras=0,
        test=_world(4, 2, 2), published=_world(1000, 6, 4),
    ),
    LayoutInfo(
        "folder", "a folder per person", "image", "plain:folder", "0001/000000.jpg", cameras=0,
        test=_world(4, 2, 2, 1.0), published=_world(1000, 6, 4, 1.0),
    ),
)  # fmt: skip

LAYOUTS: dict[str, LayoutInfo] = {info.name: info for info in _ALL}
"""Every layout by name."""


def find_layout(name: str) -> LayoutInfo:
    """The layout of that name; capitals and the signs - _ and spaces do not matter (`SYSU-MM01`).

    Raises:
        DataError: there is none, with the nearest name.
    """
    for known in LAYOUTS:
        if _plain(name) == _plain(known):
            return LAYOUTS[known]
    near = difflib.get_close_matches(name.lower(), list(LAYOUTS), n=1, cutoff=0.4)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise DataError(f"there is no layout {name!r}.{hint} The layouts are {', '.join(LAYOUTS)}.")


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())


def plan(layout: str, size: Literal["test", "published"] = "test") -> dict[str, Any]:
    """Arguments of `render_world` whose table fills the layout: small for tests, or at about the published size.

    Render with them as a table (`layout="table"`). Numbers of identities and cameras are the published ones; pictures
    come near, with shorter tracklets where the published persons are seen by few of the cameras. Keys: `people`, `cameras`,
    `pictures`, `train_fraction`, and where needed `modalities`, `camera_modalities`, `tracklets`, `frames`, `outfits`,
    `junk`, `distractors`.
    """
    if size not in ("test", "published"):
        raise DataError(f"there is no size {size!r}; expected 'test' or 'published'.")
    info = find_layout(layout)
    return dict(info.test if size == "test" else info.published)
