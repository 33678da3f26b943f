"""The verbs demo, report, reproduce: the demo, studies and reports."""

from __future__ import annotations

import argparse
from pathlib import Path

from reidapt.cli.parser import verb


def add(verbs: argparse._SubParsersAction) -> None:
    """Add these verbs to the command line."""
    demo = verb(verbs, "demo", demo_command, "render two worlds, adapt from one to the other, write a report")
    demo.add_argument("--out", type=Path, default=Path("runs/demo"), help="folder to write (default: %(default)s)")
    demo.add_argument("--seed", type=int, default=0, help="training seed (default: %(default)s)")
    demo.add_argument("--size", choices=("tiny", "full"), default="tiny", help="tiny: CPU minutes (default)")

    report = verb(verbs, "report", report_command, "write the report page of a run")
    report.add_argument("run", type=Path, help="run folder")
    report.add_argument("--direct", type=Path, default=None, help="run folder of direct transfer, to compare with")
    report.add_argument("--oracle", type=Path, default=None, help="run folder of the oracle, to compare with")

    reproduce = verb(verbs, "reproduce", reproduce_command, "run a study: a table or figure, several seeds")
    reproduce.add_argument("study", nargs="?", help="name of the study")
    reproduce.add_argument("--list", action="store_true", help="list the studies")
    reproduce.add_argument(
        "--size", choices=("tiny", "full"), default="tiny", help="tiny: CPU minutes; full: published scale"
    )
    reproduce.add_argument("--seeds", type=int, default=3, help="number of seeds (default: %(default)s)")
    reproduce.add_argument("--only-seed", type=int, default=None, metavar="K", help="run the rows of seed K alone")
    reproduce.add_argument(
        "--target",
        default="",
        metavar="NAME",
        help="run the rows of targets with NAME in theirs alone, e.g. bench-colour",
    )
    reproduce.add_argument(
        "--rows",
        type=Path,
        default=None,
        metavar="FILE",
        help="results.json of another run, whose rows count as finished",
    )
    reproduce.add_argument(
        "--jobs",
        type=int,
        default=1,
        help="seeds side by side, each in a process with its share of the cores (default: 1)",
    )
    reproduce.add_argument(
        "--data", action="append", default=[], metavar="DATASET:DIR", help="source, then target; default: worlds"
    )
    reproduce.add_argument("--out", type=Path, default=None, help="folder to write (default: runs/STUDY)")


def demo_command(options: argparse.Namespace) -> None:
    """``reidapt demo``"""
    from reidapt.progress import Display
    from reidapt.studies.demo import run_demo

    with Display().open() as display:
        outcome = run_demo(options.out, seed=options.seed, size=options.size, display=display)
    print(outcome.text())
    print(f"report: {outcome.report}")


def report_command(options: argparse.Namespace) -> None:
    """``reidapt report``"""
    from reidapt.report import write_report

    print(f"report: {write_report(options.run, direct=options.direct, oracle=options.oracle)}")


def reproduce_command(options: argparse.Namespace) -> None:
    """``reidapt reproduce``"""
    from reidapt.progress import Display
    from reidapt.studies import STUDIES, reproduce

    if options.list or not options.study:
        for name, study in STUDIES.items():
            print(f"{name:<24} {study.summary}")
        return
    with Display().open() as display:
        folder, table = reproduce(
            options.study,
            size=options.size,
            seeds=options.seeds,
            data=options.data,
            out=options.out,
            display=display,
            jobs=options.jobs,
            only_seed=options.only_seed,
            target=options.target,
            rows=options.rows,
        )
    print(table)
    print(f"results: {folder / 'results.json'}")
