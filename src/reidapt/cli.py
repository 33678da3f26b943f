"""The command line: verbs over the functions of the package; no logic of its own."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import NoReturn

from reidapt import __version__
from reidapt.config import nearest, parse
from reidapt.errors import ConfigError, ReidaptError

Handler = Callable[[argparse.Namespace], "int | None"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 1 for a verdict of 'bad data', 2 for input that cannot be used."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        if words[:1] == ["train"] and len(words) > 1 and not words[1].startswith("-"):
            return train(words[1], words[2:])
        if words[:1] == ["tune"] and len(words) > 1 and not words[1].startswith("-"):
            return tune_command(words[1], words[2:])
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


class Parser(argparse.ArgumentParser):
    """argparse whose errors are sentences with the nearest valid name."""

    def error(self, message: str) -> NoReturn:
        words = message.split()
        if "unrecognized arguments:" in message:
            flag = next((w for w in words if w.startswith("--")), words[-1]).split("=")[0]
            valid = [o for a in self.every_action() for o in a.option_strings if o.startswith("--")]
            raise ConfigError(f"'{self.prog}' has no option or argument '{flag}'; {nearest(flag, valid)}")
        if "invalid choice:" in message:
            name = message.split("invalid choice: ")[1].split("'")[1]
            verbs = [c for a in self._actions if a.choices and name not in a.choices for c in map(str, a.choices)]
            raise ConfigError(f"'{self.prog}' does not know '{name}'; {nearest(name, verbs)}")
        raise ConfigError(f"'{self.prog}': {message}. See '{self.prog} --help'.")

    def every_action(self) -> list[argparse.Action]:
        """Own actions and those of the sub-commands."""
        actions = list(self._actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                for sub in action.choices.values():
                    actions += sub.every_action()
        return actions


def build_parser() -> Parser:
    """All verbs but ``train METHOD``, whose options are the method's configuration."""
    parser = Parser(prog="reidapt", description="Train person re-identification models for cameras nobody labelled.")
    parser.add_argument("--version", action="version", version=f"reidapt {__version__}")
    verbs = parser.add_subparsers(metavar="VERB", required=True)

    demo = verb(verbs, "demo", demo_command, "render two worlds, adapt from one to the other, write a report")
    demo.add_argument("--out", type=Path, default=Path("runs/demo"), help="folder to write (default: %(default)s)")
    demo.add_argument("--seed", type=int, default=0, help="training seed (default: %(default)s)")
    demo.add_argument("--size", choices=("tiny", "full"), default="tiny", help="tiny: CPU minutes (default)")

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

    fit = verb(verbs, "train", train_help, "train a method: reidapt train METHOD --help lists its options")
    fit.add_argument("method", nargs="?", help="such as source-only, cluster-teacher or background-gan")

    tune = verb(verbs, "tune", train_help, "search options of a method: reidapt tune METHOD --help")
    tune.add_argument("method", nargs="?", help="such as background-gan")

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
    reproduce.add_argument(
        "--data", action="append", default=[], metavar="DATASET:DIR", help="source, then target; default: worlds"
    )
    reproduce.add_argument("--out", type=Path, default=None, help="folder to write (default: runs/STUDY)")
    return parser


def verb(verbs: argparse._SubParsersAction, name: str, handler: Handler | None, text: str) -> Parser:
    """Add a sub-command."""
    parser: Parser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
    if handler:
        parser.set_defaults(handler=handler)
    return parser


def size(text: str) -> tuple[int, int]:
    """``128x64`` → (128, 64)."""
    try:
        height, width = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise ConfigError(f"The size '{text}' is not HEIGHTxWIDTH in px, such as 128x64.") from None
    return height, width


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


def demo_command(options: argparse.Namespace) -> None:
    """``reidapt demo``"""
    from reidapt.progress import Display
    from reidapt.studies.demo import run_demo

    with Display().open() as display:
        outcome = run_demo(options.out, seed=options.seed, size=options.size, display=display)
    print(outcome.text())
    print(f"report: {outcome.report}")


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
            options.study, size=options.size, seeds=options.seeds, data=options.data, out=options.out, display=display
        )
    print(table)
    print(f"results: {folder / 'results.json'}")
