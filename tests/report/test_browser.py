"""The page in a headless Chromium: silent console, no sideways scrolling, light and dark, and its small scripts."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reidapt.report import write_report

BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(BROWSER is None, reason="no chromium, chromium-browser or google-chrome is installed"),
]
FLAGS = [
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--hide-scrollbars"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"),
    "--enable-logging=stderr",
]
LIGHT, DARK = "1", "0"


@pytest.fixture(scope="module")
def page(made_runs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("page") / "adapted"
    shutil.copytree(made_runs / "adapted", folder)
    return write_report(folder, direct=made_runs / "direct", oracle=made_runs / "oracle", projection="pca")


def browse(page: Path, tmp_path: Path, *options: str, width: int = 1280, scheme: str = LIGHT) -> tuple[str, str]:
    """Open `page` once; returns standard output and the browser's messages."""
    command = [str(BROWSER), *FLAGS, f"--user-data-dir={tmp_path / 'profile'}", f"--window-size={width},2000"]
    command += [f"--blink-settings=preferredColorScheme={scheme}", *options, page.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    return done.stdout, done.stderr


def shot(page: Path, tmp_path: Path, **options) -> np.ndarray:
    target = tmp_path / "shot.png"
    browse(page, tmp_path, f"--screenshot={target}", **options)
    with Image.open(target) as image:
        return np.asarray(image.convert("L")).astype(float)


def probe(page: Path, tmp_path: Path, script: str, width: int = 1280) -> dict:
    """Run `script` (which fills the object `found`) in a copy of the page that allows it; returns `found`.

    The copy stands in a frame of the wanted width, because a browser window has a least width.
    """
    text = page.read_text(encoding="utf-8")
    text = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    runner = f"<script>const found = {{}};\n{script}\nparent.postMessage(JSON.stringify(found), '*');</script>"
    (tmp_path / "probe.html").write_text(text.replace("</body>", f"{runner}</body>"), encoding="utf-8")
    listen = "addEventListener('message', (event) => { document.body.dataset.found = event.data; });"
    outer = tmp_path / "outer.html"
    outer.write_text(
        f'<body><script>{listen}</script><iframe src="probe.html" width="{width}" height="900" frameborder="0">'
    )
    dom, _ = browse(outer, tmp_path, "--virtual-time-budget=3000", "--dump-dom", width=width + 100)
    return json.loads(unescape(re.search(r'data-found="([^"]*)"', dom).group(1)))


def test_the_console_stays_silent_and_the_scripts_run_under_the_policy(page: Path, tmp_path: Path) -> None:
    dom, messages = browse(page, tmp_path, "--dump-dom")
    assert "CONSOLE" not in messages, messages
    assert 'tabindex="0"' in dom, "the scripts did not run"
    broken = tmp_path / "broken.html"
    broken.write_text(page.read_text(encoding="utf-8").replace("</body>", "<script>boom()</script></body>"))
    assert "CONSOLE" in browse(broken, tmp_path, "--dump-dom")[1], "this test could not see a message"


@pytest.mark.parametrize("width", [375, 768, 1280])
def test_nothing_overflows_sideways(page: Path, tmp_path: Path, width: int) -> None:
    script = """
        const root = document.documentElement;
        for (const details of document.querySelectorAll("details")) details.open = true;
        Object.assign(found, {view: innerWidth, content: root.scrollWidth, out: []});
        for (const node of document.querySelectorAll("main *, header *, nav *")) {
          const box = node.getBoundingClientRect();
          if (box.width && box.right > innerWidth + 1) found.out.push(node.outerHTML.slice(0, 80));
        }
        found.text = Math.min(...[...document.querySelectorAll("svg.chart")].map((svg) =>
          svg.getBoundingClientRect().width / svg.viewBox.baseVal.width * 11));
        found.pictures = [...document.images].every((image) => image.complete && image.naturalWidth > 0);
    """
    found = probe(page, tmp_path, script, width=width)
    assert found["view"] == width
    assert found["content"] <= width
    assert found["out"] == []
    assert found["text"] >= 8, "the smallest text of a chart, in CSS pixels"
    assert found["pictures"]


def test_light_and_dark_differ_and_are_not_blank(page: Path, tmp_path: Path) -> None:
    light, dark = (shot(page, tmp_path, width=375, scheme=scheme) for scheme in (LIGHT, DARK))
    assert light.shape == dark.shape == (2000, 375)
    assert np.median(light) > 230
    assert np.median(dark) < 60
    assert all(image.std() > 15 and len(np.unique(image)) > 50 for image in (light, dark))


def test_keys_read_values_off_a_curve_buttons_filter_and_highlight(page: Path, tmp_path: Path) -> None:
    script = """
        const figure = document.querySelector("figure.curve"), svg = figure.querySelector("svg");
        const press = (key) => svg.dispatchEvent(new KeyboardEvent("keydown", {key, bubbles: true, cancelable: true}));
        const read = () => [".where", "[data-rest]"].map((name) => figure.querySelector(name).textContent);
        found.name = figure.querySelector("h3").firstChild.textContent.trim();
        found.rest = read();
        press("Home"); found.first = read();
        press("ArrowRight"); found.second = read();
        const box = svg.getBoundingClientRect();
        svg.dispatchEvent(new PointerEvent("pointermove", {clientX: box.right, clientY: box.top + 20}));
        found.pointed = read();
        found.dots = svg.querySelectorAll("circle.dot").length;
        press("Home"); press("Escape"); found.again = read();
        const shown = () => [...document.querySelectorAll(".query")].filter((q) => q.offsetHeight).length;
        found.all = shown();
        const bar = document.querySelector(".filters");
        found.visible = bar.offsetHeight > 0;
        const better = bar.querySelector("button[value=better]");
        better.click(); found.better = shown(); found.label = better.textContent;
        bar.querySelector("button").click(); found.back = shown();
        const person = document.querySelector(".groups button");
        person.click(); found.faded = document.querySelectorAll("svg.map .faded").length;
        found.groups = document.querySelectorAll("svg.map g[data-group]").length;
        person.click(); found.unfaded = document.querySelectorAll("svg.map .faded").length;
    """
    found = probe(page, tmp_path, script)
    rows = [json.loads(line) for line in (page.parent / "metrics.jsonl").read_text().splitlines()]
    rows = [row for row in rows if found["name"] in row]
    assert found["rest"] == found["again"] == ["last value", f"{rows[-1][found['name']]:.4g}"]
    assert found["first"] == ["at step 0", f"{rows[0][found['name']]:.4g}"]
    assert found["second"][0] != "at step 0"
    assert found["pointed"] == [f"at step {rows[-1]['step']}", found["rest"][1]]
    assert found["dots"] == 1
    assert found["visible"]
    assert 0 < found["better"] < found["all"] == found["back"]
    assert found["label"] == f"Better {found['better']}"
    assert found["faded"] == found["groups"] - 3
    assert found["unfaded"] == 0


def test_it_prints(page: Path, tmp_path: Path) -> None:
    target = tmp_path / "page.pdf"
    browse(page, tmp_path, f"--print-to-pdf={target}", "--no-pdf-header-footer", scheme=DARK)
    assert target.read_bytes()[:5] == b"%PDF-"
    assert target.stat().st_size > 50_000
