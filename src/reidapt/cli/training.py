"""The verbs train, tune: training and tuning a method."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from reidapt.cli.parser import Parser, verb
from reidapt.config import parse
from reidapt.errors import ConfigError


def add(verbs: argparse._SubParsersAction) -> None:
    """Add these verbs to the command line."""
    fit = verb(verbs, "train", train_help, "train a method: reidapt train METHOD --help lists its options")
    fit.add_argument("method", nargs="?", help="such as source-only, cluster-teacher or background-gan")

    tune = verb(verbs, "tune", train_help, "search options of a method: reidapt tune METHOD --help")
    tune.add_argument("method", nargs="?", help="such as background-gan")


def train(name: str, words: Sequence[str]) -> int:
    """``reidapt train METHOD …``"""
    from reidapt.methods import load_method
    from reidapt.progress import Display
    from reidapt.training import train as run_training

    config = parse(load_method(name).Config, words, program=f"reidapt train {name}", constants={"method": name})
    with Display().open() as display, display.stage(f"Training {name}") as progress:
        run = run_training(name, config, progress)
    print(f"run: {run.folder}")
    return 0


def tune_command(name: str, words: Sequence[str]) -> int:
    """``reidapt tune METHOD …``: own flags first, everything else is the method's configuration."""
    from reidapt.methods import load_method
    from reidapt.progress import Display
    from reidapt.studies.tune import tune

    cls = load_method(name)
    own = Parser(prog=f"reidapt tune {name}", description="Search numeric options by the mAP on a validation set.")
    own.add_argument("--range", action="append", default=[], metavar="NAME=LOW..HIGH[:log]", help="repeat for several")
    own.add_argument(
        "--validate", required=True, help="labelled dataset with query and gallery; not the final test set"
    )
    own.add_argument("--trials", type=int, default=20, help="trainings (default: %(default)s)")
    own.add_argument(
        "--then", default="", help="YAML file: options of source-only, trained on what a method translates"
    )
    options, rest = own.parse_known_args(words)
    config = parse(cls.Config, rest, program=f"reidapt tune {name}", constants={"method": name})
    follower = load_method("source-only").Config
    then = parse(follower, ["--config", options.then], program="--then") if options.then else None
    with Display().open() as display, display.stage(f"Tuning {name}") as progress:
        best = tune(name, config, options.range, options.validate, then=then, trials=options.trials, progress=progress)
    for key, value in best["values"].items():
        print(f"{key:<24} {value}")
    print(f"mAP {best['score']:.1f} in trial {best['number']}; configuration: {Path(config.out) / 'best.yaml'}")
    return 0


def train_help(options: argparse.Namespace) -> None:
    """``reidapt train`` without a method."""
    from reidapt.methods import METHODS

    raise ConfigError(
        f"Say which method to train: {', '.join(METHODS)}. 'reidapt train METHOD --help' lists its options."
    )
