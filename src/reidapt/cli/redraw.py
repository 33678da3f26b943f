"""The verbs translate, retention, poses: redrawing crops and looking at what came out."""

from __future__ import annotations

import argparse
from pathlib import Path

from reidapt.cli.parser import verb


def add(verbs: argparse._SubParsersAction) -> None:
    """Add these verbs to the command line."""
    translate = verb(verbs, "translate", translate_command, "redraw a dataset's crops with a trained model")
    translate.add_argument("run", type=Path, help="run folder or checkpoint of a method that translates")
    translate.add_argument("dataset", help="labelled dataset, e.g. market1501:DIR")
    translate.add_argument("out", type=Path, help="folder to write; must not exist or be empty")
    translate.add_argument("--camera", type=int, default=None, help="number of the generated camera")
    translate.add_argument(
        "--part",
        choices=("all", "unseen", "new-ids"),
        default="all",
        help="crops of the source camera: all (default), those the target camera did not see in that sequence, new persons",
    )
    translate.add_argument("--split", action="append", default=[], help="only this split; repeat for several")
    translate.add_argument(
        "--masks", default="", help="table, inverted, ellipse or MODULE:FUNCTION (default: as trained)"
    )
    translate.add_argument("--pose", default="", help="dataset whose masks are the poses, or 'own'")
    translate.add_argument("--contexts", type=int, default=1, help="contexts each crop is drawn into (default: 1)")
    translate.add_argument("--context", default="", help="dataset of the contexts (default: the run's target)")
    translate.add_argument("--seed", type=int, default=0, help="seed of poses and contexts (default: %(default)s)")
    translate.add_argument("--batch-size", type=int, default=32, help="crops per forward pass (default: %(default)s)")
    translate.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")

    retention = verb(
        verbs, "retention", retention_command, "say whether generated crops keep their identity, with pictures"
    )
    retention.add_argument("run", type=Path, help="run folder or checkpoint that ranks")
    retention.add_argument("dataset", help="generated dataset, as 'reidapt translate' printed it")
    retention.add_argument("--out", type=Path, required=True, help="folder of retention.json and the figures")
    retention.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")

    poses = verb(verbs, "poses", poses_command, "draw people in many poses with a model that takes poses")
    poses.add_argument("run", type=Path, help="run folder or checkpoint of background-gan, model 3 or variable")
    poses.add_argument("dataset", help="dataset whose crops are redrawn, e.g. market1501:DIR")
    poses.add_argument("out", type=Path, help="PNG to write")
    poses.add_argument("--pose", default="", help="dataset whose masks are the poses (default: the target camera's)")
    poses.add_argument("--crops", type=int, default=4, help="people (default: %(default)s)")
    poses.add_argument("--poses", type=int, default=8, help="poses each (default: %(default)s)")
    poses.add_argument("--seed", type=int, default=0, help="draws people and poses (default: %(default)s)")


def translate_command(options: argparse.Namespace) -> None:
    """``reidapt translate``"""
    from reidapt.progress import Display
    from reidapt.translation import translate_dataset

    with Display().open() as display, display.stage("Translating") as progress:
        made = translate_dataset(
            options.run,
            options.dataset,
            options.out,
            camera=options.camera,
            part=options.part,
            splits=tuple(options.split),
            masks=options.masks,
            pose=options.pose,
            contexts=options.contexts,
            context=options.context,
            seed=options.seed,
            batch_size=options.batch_size,
            device=options.device,
            progress=progress,
        )
    if made.left_out:
        print(f"{made.left_out}.")
    print(f"{made.crops} crops of {made.persons} persons: {made.spec}")


def retention_command(options: argparse.Namespace) -> None:
    """``reidapt retention``"""
    from reidapt.progress import Display
    from reidapt.translation import report_retention

    with Display().open() as display, display.stage("Ranking") as progress:
        summary = report_retention(options.run, options.dataset, options.out, device=options.device, progress=progress)
    for name, value in summary.items():
        print(f"{name:<16} {value}")
    print(f"figures: {options.out}")


def poses_command(options: argparse.Namespace) -> None:
    """``reidapt poses``"""
    from reidapt.translation import pose_figure

    drawn = pose_figure(
        options.run,
        options.dataset,
        options.out,
        crops=options.crops,
        poses=options.poses,
        seed=options.seed,
        pose=options.pose,
    )
    print(f"figure: {drawn}")
