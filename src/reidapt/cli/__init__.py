"""The command line: verbs over the functions of the package; no logic of its own."""

from __future__ import annotations

import sys
from collections.abc import Sequence

from reidapt import __version__
from reidapt.cli import data, ranking, redraw, studies, training, world
from reidapt.cli.parser import Parser
from reidapt.errors import ReidaptError


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for a verdict of 'bad data', 2 for input that cannot be used."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["train"] and len(words) > 1 and not words[1].startswith("-"):
            return training.train(words[1], words[2:])
        if words[:1] == ["tune"] and len(words) > 1 and not words[1].startswith("-"):
            return training.tune_command(words[1], words[2:])
        options = build_parser().parse_args(words)
        return int(options.handler(options) or 0)
    except ReidaptError as problem:
        print(f"reidapt: error: {problem}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("reidapt: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 0
    except OSError as problem:
        where = f" ('{problem.filename}')" if problem.filename else ""
        print(f"reidapt: error: The system refused: {problem.strerror or problem}{where}.", file=sys.stderr)
        return 2


def build_parser() -> Parser:
    """All verbs but ``train METHOD``, whose options are the method's configuration."""
    parser = Parser(prog="reidapt", description="Train person re-identification models for cameras nobody labelled.")
    parser.add_argument("--version", action="version", version=f"reidapt {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)
    studies.add(verbs)
    world.add(verbs)
    data.add(verbs)
    training.add(verbs)
    redraw.add(verbs)
    ranking.add(verbs)
    return parser
