"""The verbs evaluate, extract, explain, compare: ranking, embeddings and comparisons."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from reidapt.cli.parser import verb


def add(verbs: argparse._SubParsersAction) -> None:
    """Add these verbs to the command line."""
    evaluate = verb(verbs, "evaluate", evaluate_command, "rank a dataset's gallery with a trained model")
    evaluate.add_argument("run", type=Path, nargs="+", help="run folder or checkpoint; several: one a trial")
    evaluate.add_argument("dataset", help="dataset with query and gallery, e.g. market1501:DIR")
    evaluate.add_argument(
        "--protocol",
        default="auto",
        metavar="NAME[?OPTION=VALUE]",
        help="such as sysu-mm01?search=indoor&shots=10 (default: the dataset's own)",
    )
    evaluate.add_argument("--trials", type=int, default=0, help="average trials 1..N of a dataset the run never saw")
    evaluate.add_argument("--name", default=None, help="name of the result (default: from the dataset)")
    evaluate.add_argument("--flip", action="store_true", help="add the features of the mirrored pictures")
    evaluate.add_argument(
        "--ap", choices=("step", "trapezoid"), default="step", help="average precision (default: step)"
    )
    evaluate.add_argument("--strips", type=int, default=0, help="pool maxima of N horizontal strips (LMP); 0 = off")
    evaluate.add_argument(
        "--frames",
        type=int,
        nargs="+",
        default=[0],
        metavar="N",
        help="frames of a tracklet; 0 = all (default); 0 4: both",
    )
    evaluate.add_argument(
        "--bad-tracklets", choices=("stop", "skip"), default="stop", help="tracklets with missing or unreadable frames"
    )
    evaluate.add_argument("--rerank", action="store_true", help="k-reciprocal re-ranking")
    evaluate.add_argument("--k1", type=int, default=20, help="neighbours of re-ranking (default: %(default)s)")
    evaluate.add_argument("--k2", type=int, default=6, help="neighbours averaged over (default: %(default)s)")
    evaluate.add_argument(
        "--lambda", dest="weight", type=float, default=0.3, help="weight of the distance (default: 0.3)"
    )
    evaluate.add_argument("--embeddings", action="store_true", help="keep the embeddings in the result")
    evaluate.add_argument(
        "--batch-size", type=int, default=None, help="crops per forward pass (default: 256, or 64 frames of tracklets)"
    )
    evaluate.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    evaluate.add_argument("--out", type=Path, default=None, help="folder of the result (default: RUN/evaluations)")

    extract = verb(verbs, "extract", extract_command, "write the embeddings of a dataset's pictures")
    extract.add_argument("run", type=Path, help="run folder or checkpoint")
    extract.add_argument("dataset", help="any dataset, e.g. folder:DIR")
    extract.add_argument("out", type=Path, help="file to write, .npz")
    extract.add_argument("--flip", action="store_true", help="add the features of the mirrored pictures")
    extract.add_argument("--strips", type=int, default=0, help="pool maxima of N horizontal strips (LMP); 0 = off")
    extract.add_argument("--batch-size", type=int, default=256, help="crops per forward pass (default: %(default)s)")
    extract.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")

    explain = verb(verbs, "explain", explain_command, "draw ranked lists with maps of what the model looks at")
    explain.add_argument("run", type=Path, help="run folder or checkpoint")
    explain.add_argument("dataset", help="dataset with query and gallery, e.g. sysu-mm01:DIR")
    explain.add_argument("out", type=Path, help="folder of the figures")
    explain.add_argument("--queries", type=int, default=6, help="lists, from best to worst (default: %(default)s)")
    explain.add_argument("-k", type=int, default=5, help="pictures in a list (default: %(default)s)")
    explain.add_argument("--protocol", default="auto", metavar="NAME[?OPTION=VALUE]", help="as for evaluate")
    explain.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")

    versus = verb(verbs, "compare", compare_command, "say whether a result is better than another by more than chance")
    versus.add_argument("first", type=Path, help="result file, such as RUN/evaluations/NAME.json")
    versus.add_argument("second", type=Path, help="result on the same queries")
    versus.add_argument("--by", choices=("query", "person"), default="query", help="what is resampled (default: query)")


def evaluate_command(options: argparse.Namespace) -> None:
    """``reidapt evaluate``"""
    from reidapt.evaluation import Reranking
    from reidapt.progress import Display
    from reidapt.training import evaluate_run
    from reidapt.training.evaluate import Options

    how = Options(
        protocol=options.protocol,
        flip=options.flip,
        strips=options.strips,
        ap=options.ap,
        reranking=Reranking(options.k1, options.k2, options.weight) if options.rerank else None,
        embeddings=options.embeddings,
        bad_tracklets=options.bad_tracklets,
    )
    for frames in options.frames:
        with Display().open() as display, display.stage("Evaluating") as progress:
            result, path = evaluate_run(
                options.run,
                options.dataset,
                name=options.name,
                options=replace(how, frames=frames),
                trials=options.trials,
                batch_size=options.batch_size,
                device=options.device,
                out=options.out,
                progress=progress,
            )
        print(result)
        print(f"result: {path}")


def extract_command(options: argparse.Namespace) -> None:
    """``reidapt extract``"""
    from reidapt.progress import Display
    from reidapt.training.evaluate import extract

    with Display().open() as display, display.stage("Embedding") as progress:
        how = {"batch_size": options.batch_size, "device": options.device, "progress": progress}
        path = extract(options.run, options.dataset, options.out, flip=options.flip, strips=options.strips, **how)
    print(f"embeddings: {path}")


def explain_command(options: argparse.Namespace) -> None:
    """``reidapt explain``"""
    from reidapt.progress import Display
    from reidapt.training.explain import explain_run

    with Display().open() as display, display.stage("Explaining") as progress:
        written = explain_run(
            options.run,
            options.dataset,
            options.out,
            queries=options.queries,
            k=options.k,
            protocol_name=options.protocol,
            device=options.device,
            progress=progress,
        )
    for what, path in written.items():
        print(f"{what}: {path}")


def compare_command(options: argparse.Namespace) -> None:
    """``reidapt compare``"""
    from reidapt.evaluation import compare_files

    print(compare_files(options.first, options.second, by=options.by))
