"""The verb world: synthetic people."""

from __future__ import annotations

import argparse
from functools import partial
from pathlib import Path

from reidapt.cli.parser import size, verb
from reidapt.errors import ConfigError


def add(verbs: argparse._SubParsersAction) -> None:
    """Add this verb to the command line."""
    world = verb(verbs, "world", None, "synthetic people").add_subparsers(metavar="ACTION", required=True)
    render = verb(world, "render", render_command, "render a labelled dataset of synthetic people")
    what = render.add_mutually_exclusive_group(required=True)
    what.add_argument("--style", help="domain style")
    what.add_argument("--bench", default="", metavar="NAME", help="benchmark world, e.g. bench-colour/tiny/forecourt")
    render.add_argument("--out", type=Path, required=True, help="folder to write; must not exist or be empty")
    render.add_argument(
        "--layout", default="", help="market1501 (default), table, or any dataset's (reidapt data list)"
    )
    render.add_argument("--published", action="store_true", help="as many people and pictures as that dataset has")
    render.add_argument("--workers", type=int, default=None, help="threads (default: one per CPU)")
    render.add_argument("--sheet", type=Path, default=None, help="also write a contact sheet picture")
    given = partial(render.add_argument, default=argparse.SUPPRESS)
    given("--people", type=int, help="identities (default: 100)")
    given("--cameras", type=int, help="cameras (default: 6)")
    given("--pictures", type=int, help="pictures per person and camera (default: 4)")
    given("--seed", type=int, help="seed of everything (default: 0)")
    given("--size", type=size, help="HEIGHTxWIDTH, px (default: 128x64)")
    given("--train-fraction", type=float, help="share of the people in train (default: 0.5)")
    given("--junk", type=int, help="partial crops per test person (default: 0)")
    given("--distractors", type=int, help="empty crops per test person (default: 0)")
    given("--modality", dest="modalities", type=listed, metavar="A,B", help="of colour,infrared,thermal,sketch")
    given("--camera-modality", dest="camera_modalities", type=listed, metavar="A,B", help="one modality per camera")
    given("--simultaneous", action="store_true", help="all modalities of a camera see the same moments")
    given("--one-side", action="store_true", help="a camera sees a person from the front alone, or the back alone")
    given("--labels", type=listed, metavar="A,B", help="of mask,hard,parts,depth,joints (default: mask)")
    given("--tracklets", type=int, help="walks per person and camera (default: 0)")
    given("--frames", type=int, help="pictures of a walk (default: 8)")
    given("--occlusion", type=float, help="share of occluded pictures (default: 0.2)")
    given("--outfits", type=int, help="sets of clothes per person (default: 1)")
    given("--lookalikes", type=float, help="share of people dressed like others (default: 0)")
    given("--backgrounds", type=Path, metavar="DIR", help="folder of photographs to use as places")
    given("--hold", type=listed, metavar="A,B", help="factors to hold constant, e.g. yaw,scene")
    given(
        "--set", dest="values", action="append", type=setting, metavar="NAME=VALUE", help="set a parameter, e.g. yaw=90"
    )

    gallery = verb(world, "gallery", gallery_command, "a page that shows what the world draws, factor by factor")
    gallery.add_argument("--out", type=Path, required=True, help="folder to write; must not exist or be empty")
    gallery.add_argument("--style", action="append", default=[], help="style to show, can be repeated (default: all)")
    gallery.add_argument("--seed", type=int, default=0, help="seed of the people (default: %(default)s)")
    gallery.add_argument("--size", type=size, default=(128, 64), help="HEIGHTxWIDTH, px (default: 128x64)")


def listed(text: str) -> tuple[str, ...]:
    """``a,b`` → ("a", "b")."""
    return tuple(word.strip() for word in text.split(",") if word.strip())


def setting(text: str) -> tuple[str, object]:
    """``yaw=90`` → ("yaw", 90.0); what is no number stays a word."""
    name, equals, value = text.partition("=")
    if not name or not equals:
        raise ConfigError(f"The setting '{text}' is not NAME=VALUE, such as yaw=90.")
    try:
        return name, float(value)
    except ValueError:
        return name, value


def render_command(options: argparse.Namespace) -> None:
    """``reidapt world render``"""
    from reidapt.data.rendered import render_dataset
    from reidapt.progress import Display

    given = {name: value for name, value in vars(options).items() if name != "handler"}
    if "values" in given:
        given["values"] = dict(given["values"])
    with Display().open() as display, display.stage(f"Rendering {options.bench or options.style}") as progress:
        out = render_dataset(given.pop("out"), progress=progress, **given)
    print(f"world: {out}")


def gallery_command(options: argparse.Namespace) -> None:
    """``reidapt world gallery``"""
    from reidapt.progress import Display
    from reidapt.world.gallery import write_gallery

    with Display().open() as display, display.stage("Drawing the gallery") as progress:
        page = write_gallery(options.out, styles=options.style, seed=options.seed, size=options.size, progress=progress)
    print(f"gallery: {page}")
