"""The gallery: every factor once, one file that needs no other, strips in which one thing varies."""

from __future__ import annotations

import base64
import io
import re
from html.parser import HTMLParser
from itertools import pairwise

import numpy as np
import pytest
from PIL import Image

from reidapt.errors import WorldError
from reidapt.world.factors import FACTORS, Choice
from reidapt.world.overlays import grey_depth, paint_parts, part_colours, tint_mask
from reidapt.world.page import Figure, Section, render_page

pytest.importorskip("anny")
pytest.importorskip("warp")

from reidapt.world import gallery, strips

DASHES = str.maketrans("_ ", "--")


class Pictures(HTMLParser):
    """Collects the pictures' addresses and the sections' titles."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.sources: list[str] = []
        self.sections: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        values = dict(attributes)
        if tag == "img":
            self.sources.append(values["src"])
        if tag == "section":
            self.sections.append(values["id"])
        assert tag not in ("script", "link", "iframe")


def test_the_page_shows_every_factor_once_and_needs_no_other_file(tmp_path, monkeypatch):
    dot = gallery.encoded(np.zeros((4, 2, 3), np.uint8))
    for name in (
        "style_figures",
        "place_figures",
        "factor_figures",
        "modality_figures",
        "label_figures",
        "tracklet_figures",
    ):
        monkeypatch.setattr(gallery, name, lambda *_: [Figure(dot, "a < b")])
    done = []
    path = gallery.write_gallery(tmp_path / "x", size=(16, 16), progress=lambda k, total, what: done.append((k, total)))
    page = Pictures(path.read_text())
    assert len(page.sections) == len(set(page.sections))
    for name, factor in FACTORS.items():
        assert page.sections.count(f"factors-of-{gallery.LEVELS[factor.level]}-{name}".translate(DASHES)) == 1
    assert all(source.startswith("data:image/") for source in page.sources)
    assert not re.search(r"https?://|src=\"(?!data:)", path.read_text())
    assert "a &lt; b" in path.read_text()
    assert done[-1][0] == done[-1][1]
    assert [file.name for file in (tmp_path / "x").iterdir()] == ["gallery.html"]


@pytest.fixture(scope="module")
def theatre():
    style = gallery.STYLES[gallery.STRIPS]
    return strips.Theatre(style, 0, (32, 16), strips.Studio(style, strips.Arguments(2, 1, 2, 0, (32, 16))).world)


@pytest.mark.parametrize("name", ["yaw", "hair", "colour", "exposure"])
def test_strips_vary_in_their_factor_and_in_nothing_else(theatre, name):
    rows = [picture.columns() for picture in strips.strip(theatre, name)]
    own = set(FACTORS[name].parameters)
    assert any(len({row[parameter] for row in rows}) > 3 for parameter in own)
    derived = {"box_height", "visible", "outfit"}  # follow from the picture or say where a colour is from
    for column in set(rows[0]) - own - derived:
        assert len({str(row[column]) for row in rows}) == 1, (name, column)


@pytest.mark.parametrize("name", ["garments", "shoes", "hat", "bag", "gait", "box", "grain", "skin"])
def test_the_pictures_of_a_strip_differ(theatre, name):
    pictures = [picture.rgb.astype(int) for picture in strips.strip(theatre, name)]
    assert len(pictures) >= 4
    assert np.mean([np.abs(a - b).max() > 15 for a, b in pairwise(pictures)]) > 0.7


def test_every_setting_of_a_strip_is_a_parameter():
    for name in FACTORS:
        for values in strips.SWEEPS.get(name, [{}]):
            Choice(values=strips.settings(name, values)).check()
            assert set(values) <= set(FACTORS[name].parameters)


def test_pictures_survive_the_page():
    rgb = np.full((8, 4, 3), 90, np.uint8)
    page = render_page("t", [Section("g", "s", "about", [Figure(gallery.encoded(rgb, 95), "c")])])
    source = Pictures(page).sources[0]
    again = np.asarray(Image.open(io.BytesIO(base64.b64decode(source.split(",")[1]))))
    assert again.shape == rgb.shape
    assert abs(again.astype(int) - 90).max() < 4


def test_bad_requests_are_sentences_and_leave_nothing(tmp_path):
    with pytest.raises(WorldError, match="did you mean 'plaza'"):
        gallery.write_gallery(tmp_path / "x", styles=["plazza"])
    with pytest.raises(WorldError, match="did you mean 'hair'"):
        gallery.write_gallery(tmp_path / "x", factors=["hiar"])
    (tmp_path / "y").mkdir()
    (tmp_path / "y" / "keep").write_text("mine")
    with pytest.raises(WorldError, match="not empty"):
        gallery.write_gallery(tmp_path / "y")
    assert [path.name for path in sorted(tmp_path.iterdir())] == ["y"]


def test_overlays_keep_the_person_and_hide_the_rest():
    rgb = np.full((6, 4, 3), 200, np.uint8)
    mask = np.zeros((6, 4), np.uint8)
    mask[2:4] = 255
    tinted = tint_mask(rgb, mask)
    assert (tinted[2:4] == 200).all()
    assert (tinted[0, :, 0] < 100).all()
    parts = np.where(mask > 0, 3, 0).astype(np.uint8)
    painted = paint_parts(rgb, parts)
    assert (painted[0] == 200).all()
    assert not (painted[2] == 200).all()
    assert len({tuple(c) for c in part_colours(17)}) == 17
    depth = np.array([[0, 4000], [4500, 9000]], np.uint16)
    grey = grey_depth(depth)[..., 0]
    assert grey[0, 0] == 0
    assert grey[0, 1] > grey[1, 0] > 0
