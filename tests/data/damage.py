"""Ways in which a dataset on disk is damaged: small functions that damage a written dataset and say which file to name.

Every damage takes the folder of a dataset and returns the path that a message must name. Files are replaced, never changed in
place, because a written dataset can share its files with others (hard links). `seen` says who notices:

    read     reading refuses with a `DataError` that names the file or folder
    check    reading works, and checking reports an error or a warning that names the file
    told     reading works, and checking reports a warning or an error (about persons or splits, without a file)
    either   reading refuses, or checking reports it
    fine     nothing is wrong: the dataset is read as before

`DAMAGES` has them all by name, with the layouts (names of `reidapt.data.layouts`) they are for.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

Seen = Literal["read", "check", "told", "either", "fine"]
Function = Callable[[Path], Path]
ENDINGS = (".jpg", ".jpeg", ".png", ".bmp")


@dataclass(frozen=True)
class Damage:
    """One kind of damage."""

    name: str
    about: str
    function: Function
    layouts: tuple[str, ...]
    seen: Seen


DAMAGES: dict[str, Damage] = {}
ANY = ("market1501", "msmt17", "sysu-mm01", "mars", "cuhk01")
"""Layouts to try a damage of pictures on: names, lists, folders, tracklets, PNG."""
MARKET = ("market1501",)


def damage(seen: Seen, *layouts: str) -> Callable[[Function], Function]:
    """Enter a function into `DAMAGES`; its docstring says what it does."""

    def enter(function: Function) -> Function:
        name = function.__name__
        DAMAGES[name] = Damage(name, (function.__doc__ or "").strip(), function, layouts or ANY, seen)
        return function

    return enter


def pictures(root: Path, below: str = "") -> list[Path]:
    """All pictures, sorted, without masks."""
    found = sorted(p for p in (root / below).rglob("*") if p.suffix in ENDINGS)
    return [p for p in found if p.relative_to(root).parts[0] != "masks"]


def replace(path: Path, data: bytes) -> Path:
    """New bytes in a new file at the same path."""
    path.unlink(missing_ok=True)
    path.write_bytes(data)
    return path


def redraw(path: Path, image: Image.Image, kind: str, **options: object) -> Path:
    """Another picture in a new file at the same path, in the format `kind` whatever the path ends in."""
    path.unlink()
    image.save(path, kind, **options)
    return path


def noise(shape: tuple[int, ...], kind: type = np.uint8, high: int = 256) -> np.ndarray:
    return np.random.default_rng(1).integers(0, high, shape).astype(kind)


# --- pictures that cannot be decoded -------------------------------------------------------------------------------


@damage("check")
def truncated_picture(root: Path) -> Path:
    """The second half of a picture is missing."""
    path = pictures(root)[0]
    data = path.read_bytes()
    return replace(path, data[: len(data) // 2])


@damage("check")
def headless_picture(root: Path) -> Path:
    """The first 100 bytes of a picture are missing."""
    path = pictures(root)[1]
    return replace(path, path.read_bytes()[100:])


@damage("check")
def picture_of_zero_bytes(root: Path) -> Path:
    """A picture file is empty."""
    return replace(pictures(root)[0], b"")


@damage("check")
def text_as_picture(root: Path) -> Path:
    """A picture file holds the HTML page of a failed download."""
    return replace(pictures(root)[0], b"<html><body>404 Not Found</body></html>\n")


@damage("check")
def random_bytes_as_picture(root: Path) -> Path:
    """A picture file holds random bytes."""
    return replace(pictures(root)[-1], noise((500,)).tobytes())


@damage("check")
def picture_that_claims_to_be_huge(root: Path) -> Path:
    """A bitmap of a few bytes whose header says 60,000 × 60,000."""
    path = pictures(root)[0]
    header = b"BM" + (54).to_bytes(4, "little") + bytes(4) + (54).to_bytes(4, "little") + (40).to_bytes(4, "little")
    sides = (60_000).to_bytes(4, "little") * 2
    return replace(path, header + sides + (1).to_bytes(2, "little") + (24).to_bytes(2, "little") + bytes(24))


@damage("check")
def picture_of_floating_point(root: Path) -> Path:
    """A TIFF of floating-point values, whose range nobody knows."""
    return redraw(pictures(root)[0], Image.fromarray(noise((16, 8)).astype(np.float32)), "TIFF")


@damage("check", "market1501")
def mask_cut_short(root: Path) -> Path:
    """A mask file ends in the middle."""
    path = sorted((root / "masks").rglob("*.png"))[0]
    return replace(path, path.read_bytes()[:60])


@damage("check", "market1501")
def mask_of_another_size(root: Path) -> Path:
    """A mask is twice as large as its picture."""
    path = sorted((root / "masks").rglob("*.png"))[0]
    return redraw(path, Image.fromarray(noise((32, 16))), "PNG")


@damage("check", "market1501")
def mask_without_person(root: Path) -> Path:
    """A mask is black all over."""
    path = sorted((root / "masks").rglob("*.png"))[0]
    return redraw(path, Image.new("L", (8, 16)), "PNG")


# --- pictures of unusual kinds -------------------------------------------------------------------------------------


@damage("fine")
def cmyk_picture(root: Path) -> Path:
    """A JPEG in four printing colours."""
    return redraw(pictures(root)[0], Image.fromarray(noise((16, 8, 4)), "CMYK"), "JPEG")


@damage("fine")
def sixteen_bit_picture(root: Path) -> Path:
    """A grey PNG of 16 bits, whatever its name ends in."""
    return redraw(pictures(root)[0], Image.fromarray(noise((16, 8), np.uint16, 65536)), "PNG")


@damage("fine")
def palette_picture(root: Path) -> Path:
    """A PNG with a palette."""
    return redraw(pictures(root)[0], Image.fromarray(noise((16, 8, 3))).quantize(7), "PNG")


@damage("fine")
def one_bit_picture(root: Path) -> Path:
    """A PNG of one bit per pixel."""
    return redraw(pictures(root)[0], Image.fromarray(noise((16, 8))).convert("1"), "PNG")


@damage("fine")
def transparent_picture(root: Path) -> Path:
    """A PNG with transparent parts."""
    return redraw(pictures(root)[0], Image.fromarray(noise((16, 8, 4))), "PNG")


@damage("fine")
def turned_picture(root: Path) -> Path:
    """A JPEG with an EXIF orientation, wider than high as it is stored."""
    exif = Image.Exif()
    exif[0x0112] = 6
    return redraw(pictures(root)[0], Image.fromarray(noise((8, 16, 3))), "JPEG", exif=exif)


@damage("fine")
def animated_picture(root: Path) -> Path:
    """A GIF of three frames with another format's name."""
    frames = [Image.fromarray(noise((16, 8)) // k) for k in (1, 2, 3)]
    return redraw(pictures(root)[0], frames[0], "GIF", save_all=True, append_images=frames[1:])


@damage("fine")
def picture_of_one_pixel(root: Path) -> Path:
    """A picture of 1 × 1."""
    return redraw(pictures(root)[0], Image.new("RGB", (1, 1), (9, 8, 7)), "PNG")


# --- links, pipes and folders in the place of pictures -------------------------------------------------------------


def link(path: Path, target: str) -> Path:
    path.unlink()
    path.symlink_to(target)
    return path


@damage("either")
def link_to_nothing(root: Path) -> Path:
    """A picture is a symbolic link whose target is gone."""
    return link(pictures(root)[0], "moved_away.jpg")


@damage("either")
def link_to_itself(root: Path) -> Path:
    """A picture is a symbolic link to itself."""
    path = pictures(root)[0]
    return link(path, path.name)


@damage("either")
def folder_named_like_a_picture(root: Path) -> Path:
    """A folder stands where a picture was."""
    path = pictures(root)[0]
    path.unlink()
    path.mkdir()
    return path


@damage("either")
def pipe_named_like_a_picture(root: Path) -> Path:
    """A named pipe stands where a picture was: whoever opens it waits for ever."""
    path = pictures(root)[0]
    path.unlink()
    os.mkfifo(path)
    return path


@damage("read", "market1501")
def folder_that_links_to_its_parent(root: Path) -> Path:
    """A folder of pictures is a symbolic link that leads back to the dataset."""
    shutil.rmtree(root / "query")
    (root / "query").symlink_to("..", target_is_directory=True)
    return root / "query"


@damage("read", "market1501", "msmt17", "mars")
def link_loop_of_folders(root: Path) -> Path:
    """The test pictures' folder is a symbolic link to itself."""
    name = next(n for n in ("bounding_box_test", "test", "bbox_test") if (root / n).is_dir())
    shutil.rmtree(root / name)
    (root / name).symlink_to(name)
    return root / name


@damage("read", "market1501")
def unreadable_folder(root: Path) -> Path:
    """A folder without permission to list it (for root there is no such thing)."""
    (root / "query").chmod(0)
    return root / "query"


@damage("either", "market1501")
def unreadable_picture(root: Path) -> Path:
    """A picture without permission to read it (for root there is no such thing)."""
    path = pictures(root)[0]
    replace(path, path.read_bytes()).chmod(0)
    return path


# --- names ---------------------------------------------------------------------------------------------------------


def renamed(path: Path, name: str | bytes) -> Path:
    target = Path(os.fsdecode(os.fsencode(path.parent) + b"/" + os.fsencode(name)))
    path.rename(target)
    return target


@damage("read", *MARKET)
def wrong_name(root: Path) -> Path:
    """A picture has a camera's own name."""
    return renamed(pictures(root, "query")[0], "IMG_2041.jpg")


@damage("read", *MARKET)
def name_in_another_script(root: Path) -> Path:
    """A picture is named in Japanese."""
    return renamed(pictures(root, "query")[0], "行人_0001.jpg")


@damage("read", *MARKET)
def digits_of_another_script(root: Path) -> Path:
    """The person's number is written in Arabic-Indic digits, which `int` would take."""
    return renamed(pictures(root, "query")[0], "٠٠٠٢_c1s1_000451_03.jpg")


@damage("read", *MARKET)
def name_that_is_not_text(root: Path) -> Path:
    """A name of bytes that are no UTF-8."""
    return renamed(pictures(root, "query")[0], b"\xff\xfe0002_c1s1.jpg")


@damage("read", *MARKET)
def name_with_a_line_break(root: Path) -> Path:
    """A line break within a picture's name."""
    return renamed(pictures(root, "query")[0], "0005_c1s1_000451_03\n.jpg")


@damage("read", *MARKET)
def number_beyond_sixty_four_bits(root: Path) -> Path:
    """A person of twenty digits."""
    return renamed(pictures(root, "query")[0], "99999999999999999999_c1s1_000451_03.jpg")


@damage("read", *MARKET)
def notes_among_the_pictures(root: Path) -> Path:
    """A text file in a folder of pictures."""
    return replace(root / "query" / "notes.txt", b"remember to relabel\n")


@damage("fine", *MARKET)
def clutter_of_file_managers(root: Path) -> Path:
    """Thumbs.db, .DS_Store and AppleDouble files among the pictures."""
    for name in ("Thumbs.db", ".DS_Store", f"._{pictures(root, 'query')[0].name}", "desktop.ini"):
        replace(root / "query" / name, b"\0" * 64)
    return root / "query"


@damage("fine", *MARKET)
def endings_in_capitals(root: Path) -> Path:
    """`.JPG` instead of `.jpg`."""
    path = pictures(root, "bounding_box_train")[0]
    return renamed(path, path.name[:-4] + ".JPG")


# --- folders and splits --------------------------------------------------------------------------------------------


@damage("read", *MARKET)
def missing_folder(root: Path) -> Path:
    """There are no queries."""
    shutil.rmtree(root / "query")
    return root / "query"


@damage("read", *MARKET)
def empty_folder(root: Path) -> Path:
    """The folder of the queries is empty."""
    missing_folder(root).mkdir()
    return root / "query"


@damage("read", *MARKET)
def file_instead_of_folder(root: Path) -> Path:
    """The folder of the queries is a file, as an archive that was not unpacked."""
    return replace(missing_folder(root), b"PK\3\4")


@damage("read")
def empty_dataset(root: Path) -> Path:
    """The dataset's folder is empty."""
    for path in sorted(root.iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    return root


@damage("told", *MARKET)
def person_in_training_and_test(root: Path) -> Path:
    """A training person's picture is also a gallery picture under another frame."""
    path = pictures(root, "bounding_box_train")[0]
    first, second, _, last = path.name.split("_")
    target = root / "bounding_box_test" / f"{first}_{second}_999999_{last}"
    Image.fromarray(noise((16, 8, 3))).save(target, quality=95)
    return target


@damage("check", *MARKET)
def same_picture_in_two_splits(root: Path) -> Path:
    """A query is also in the gallery, byte for byte."""
    path = pictures(root, "query")[0]
    return replace(root / "bounding_box_test" / path.name, path.read_bytes())


@damage("check", *MARKET)
def same_picture_under_two_persons(root: Path) -> Path:
    """Two training persons share a picture, byte for byte."""
    first, *others = pictures(root, "bounding_box_train")
    other = next(path for path in others if path.name[:4] != first.name[:4])
    return replace(other, first.read_bytes())


@damage("told", *MARKET)
def camera_missing_in_training(root: Path) -> Path:
    """Training has no picture of camera 1."""
    for path in pictures(root, "bounding_box_train"):
        if "_c1s" in path.name:
            path.unlink()
    return root / "bounding_box_train"


@damage("told", *MARKET)
def queries_without_a_match(root: Path) -> Path:
    """The gallery has only camera 1, so its queries have no match from another camera."""
    for path in pictures(root, "bounding_box_test"):
        if "_c1s" not in path.name:
            path.unlink()
    return root / "query"


@damage("told", *MARKET)
def junk_in_training(root: Path) -> Path:
    """A training picture is junk (person −1)."""
    path = pictures(root, "bounding_box_train")[0]
    return renamed(path, "-1" + path.name[4:])


from tests.data import damage_lists as _lists  # noqa: E402, F401  (enters the damages of lists into DAMAGES)
