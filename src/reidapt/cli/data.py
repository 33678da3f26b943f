"""The verb data: datasets."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from reidapt.cli.parser import size, verb
from reidapt.errors import ConfigError


def add(verbs: argparse._SubParsersAction) -> None:
    """Add this verb to the command line."""
    data = verb(verbs, "data", None, "datasets").add_subparsers(metavar="ACTION", required=True)
    check = verb(data, "check", check_command, "say what a dataset holds and what is wrong with it")
    check.add_argument("dataset", help="PATH, or a spec such as market1501:DIR, regdb:DIR?trial=3, csv:FILE")
    check.add_argument(
        "--counts",
        "--published",
        dest="counts",
        action="store_true",
        help="warn where counts are not the published ones",
    )
    check.add_argument("--json", action="store_true", help="print the report as JSON, with all files")
    entries = verb(data, "list", list_command, "list the datasets: where to ask for them, terms, published counts")
    entries.add_argument("dataset", nargs="?", help="one of them, in full")
    entries.add_argument("--json", action="store_true", help="print the entries as JSON")
    convert = verb(data, "convert", convert_command, "write any dataset as one table, for csv:FILE or parquet:FILE")
    convert.add_argument("dataset", help="a spec such as msmt17:DIR, or several joined by +")
    convert.add_argument("out", type=Path, help="file to write, .csv or .parquet")

    pack = verb(
        data, "pack", pack_command, "decode a dataset once into a folder that loads without decoding: packed:DIR"
    )
    pack.add_argument("dataset", help="a spec such as msmt17:DIR or world:bench-colour/tiny/source")
    pack.add_argument("out", type=Path, help="folder to write; must not exist or be empty")
    pack.add_argument("--size", type=size, default=(256, 128), help="HEIGHTxWIDTH, px (default: 256x128)")

    pair = verb(data, "pair", pair_command, "count and list the crop pairs of two cameras that train a translation")
    pair.add_argument("dataset", help="labelled dataset, e.g. market1501:DIR; its train split is paired")
    pair.add_argument("--all", action="store_true", help="count the pairs of every two cameras instead")
    pair.add_argument("--source-camera", type=int, help="camera A, whose crops are redrawn")
    pair.add_argument("--target-camera", type=int, help="camera B, for which they are redrawn")
    pair.add_argument("--generate", type=int, default=None, help="which of the two is generated (default: B)")
    pair.add_argument("--any-sequence", action="store_true", help="pair crops of different sequences too")
    pair.add_argument("--out", type=Path, default=None, help="also write the pairs and test crops as CSV")


def check_command(options: argparse.Namespace) -> int:
    """``reidapt data check``"""
    from reidapt.data import check
    from reidapt.progress import Display

    with Display().open() as display, display.stage("Checking") as progress:
        report = check(
            options.dataset, published=options.counts, progress=lambda done, total: progress(done, total, "pictures")
        )
    print(json.dumps(report.as_dict(), indent=2) if options.json else report.text())
    return 0 if report.ok else 1


def pair_command(options: argparse.Namespace) -> None:
    """``reidapt data pair``"""
    from reidapt.data import read
    from reidapt.data.pairs import camera_pair, sizes_text, write_pairs

    table = read(options.dataset).require(split="train")
    if options.all:
        print(sizes_text(table))
        return
    if options.source_camera is None or options.target_camera is None:
        raise ConfigError("Say which cameras: --source-camera A --target-camera B, or --all for every two of them.")
    cameras = options.source_camera, options.target_camera
    pair = camera_pair(table, *cameras, generate=options.generate, by_sequence=not options.any_sequence)
    if options.out:
        write_pairs(pair, table, options.out)
    print(pair.text())
    if options.out:
        print(f"pairs: {options.out}")


def list_command(options: argparse.Namespace) -> None:
    """``reidapt data list``"""
    from reidapt.data.catalogue import CATALOGUE, as_dict, dataset, details, overview

    entries = [dataset(options.dataset)] if options.dataset else list(CATALOGUE.values())
    if options.json:
        print(json.dumps([as_dict(entry) for entry in entries], indent=2))
    else:
        print(details(entries[0]) if options.dataset else overview())


def convert_command(options: argparse.Namespace) -> None:
    """``reidapt data convert``"""
    from reidapt.data.convert import convert

    print(f"table: {convert(options.dataset, options.out)}")


def pack_command(options: argparse.Namespace) -> None:
    """``reidapt data pack``"""
    from reidapt.data.packed import pack
    from reidapt.progress import Display

    with Display().open() as display, display.stage("Packing") as progress:
        out = pack(
            options.dataset, options.out, options.size, lambda done, total: progress(done, total, "pictures or masks")
        )
    print(f"packed: packed:{out}")
