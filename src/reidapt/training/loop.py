"""The loop that trains any method: devices, precision, checkpoints, exact resume, logs, progress."""

from __future__ import annotations

import dataclasses
import json
import logging
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import lightning
import numpy as np
import torch

from reidapt.config import to_dict
from reidapt.data import Batch, CropStore, CropTable, Loader, class_labels, read
from reidapt.errors import ConfigError, RunError
from reidapt.methods import Method, RunConfig, load_method
from reidapt.methods.base import Stream
from reidapt.training.checkpoint import (
    FORMAT,
    random_state,
    read_checkpoint,
    restore_method,
    restore_random_state,
    save_checkpoint,
)
from reidapt.training.device import accelerator, devices
from reidapt.training.evaluate import counter
from reidapt.training.precision import autocast, precision
from reidapt.training.run import Run, environment, open_run, trim_metrics, write_json
from reidapt.training.samples import write_picture, write_sheet

log = logging.getLogger(__name__)

#: Called as (done, total, what); steps of the current stage.
Progress = Callable[[int, int, str], None]


def train(name: str, config: RunConfig, progress: Progress | None = None) -> Run:
    """Train the method ``name`` and return its run folder; an unfinished run with the same configuration is resumed.

    Args:
        name: a method's name, such as ``source-only``.
        config: its configuration; ``config.source``, ``config.target`` and ``config.out`` say what to read and write.
        progress: called after every step as (done, total, what).

    Raises:
        ConfigError, DataError, RunError: with a sentence, before anything is written unless the disk fills later.
    """
    cls = load_method(name)
    source, target = training_tables(cls, config)
    return fit(cls, config, source, target, progress)


def training_tables(cls: type[Method], config: RunConfig) -> tuple[CropTable, CropTable | None]:
    """The labelled source and the unlabelled target that ``config`` names, checked."""
    for role in cls.needs:
        if not getattr(config, role):
            raise ConfigError(f"The method '{cls.name}' needs --{role}, e.g. --{role} market1501:DIR.")
    if "target" not in (*cls.needs, *cls.accepts) and config.target:
        raise ConfigError(
            f"The method '{cls.name}' does not use a target, but --target is '{config.target}'; leave it out, or choose "
            "a method that adapts, e.g. cluster-teacher."
        )
    source = training_split(read(config.source), config.source)
    if not source.labelled:
        raise ConfigError(
            f"The source '{config.source}' has no person labels, which training needs; give a labelled dataset, or use "
            "this one as --target."
        )
    source = source.take(np.flatnonzero(source.person >= 0))  # without junk
    persons = len(class_labels(source)[1])
    if persons < 2:
        raise ConfigError(
            f"The source '{config.source}' has {persons} person(s) in the split 'train'; training compares persons and "
            "needs at least 2."
        )
    if not config.target:
        return cls.tables(config, source, None)
    if same_place(config.source, config.target):
        raise ConfigError(
            f"Source and target are the same data ('{config.target}'); the target must be other cameras. For the oracle, "
            "train source-only with the target as --source."
        )
    target = training_split(read(config.target), config.target).unlabelled()
    return cls.tables(config, source, target)


def training_split(table: CropTable, spec: str) -> CropTable:
    """The rows to train on: the ``train`` split. Nothing is chosen by person: a target's junk is not known either."""
    chosen = table.select(split="train")
    if len(chosen) == 0:
        found = ", ".join(table.splits) or "none at all"
        raise ConfigError(f"'{spec}' has no crops in the split 'train' (found: {found}); training needs them.")
    return chosen


def same_place(a: str, b: str) -> bool:
    """Whether two dataset specs name the same folder or file."""
    paths = [Path(spec.split(":", 1)[-1]).expanduser().resolve() for spec in (a, b)]
    return paths[0] == paths[1]


def fit(
    cls: type[Method],
    config: RunConfig,
    source: CropTable,
    target: CropTable | None,
    progress: Progress | None = None,
) -> Run:
    """Train on given tables; see :func:`train`. ``target`` must be unlabelled.

    Raises:
        RunError: the run folder cannot be used, or its data changed since the run began.
    """
    if target is not None and target.labelled:
        raise ConfigError("The target table still has person labels; pass table.unlabelled().")
    if not config.out:
        raise ConfigError(f"Say where the run is written: --out runs/{cls.name}.")
    with arithmetic(config.threads):
        return _fit(cls, config, source, target, progress)


@contextmanager
def arithmetic(threads: int) -> Iterator[None]:
    """Deterministic algorithms on ``threads`` CPU threads (0: as before); afterwards PyTorch is set as it was."""
    before = torch.get_num_threads()
    deterministic = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    fills = torch.utils.deterministic.fill_uninitialized_memory  # type: ignore[attr-defined]
    try:
        if threads:
            torch.set_num_threads(threads)
        torch.use_deterministic_algorithms(True, warn_only=True)
        # nothing here reads memory it has not written
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]
        yield
    finally:
        torch.set_num_threads(before)
        torch.utils.deterministic.fill_uninitialized_memory = fills  # type: ignore[attr-defined]
        torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])


def _fit(
    cls: type[Method],
    config: RunConfig,
    source: CropTable,
    target: CropTable | None,
    progress: Progress | None,
) -> Run:
    stores = {
        role: CropStore(table, config.size, progress=counter(progress, 0, len(table), f"reading the {role}"))
        for role, table in (("source", source), ("target", target))
        if table is not None
    }
    fabric = lightning.Fabric(
        accelerator=accelerator(config.device), devices=devices(config.device), precision=precision(config)
    )
    unfinished = Run(Path(config.out)).checkpoint.exists()
    fresh = None if unfinished else new_method(cls, config, persons=len(class_labels(source)[1]))
    if fresh is not None:
        fresh.attach(source=stores.get("source"), target=stores.get("target"))
    run = open_run(Path(config.out), {"method": cls.name, **to_dict(config)})
    fingerprints = {role: store.table.fingerprint() for role, store in stores.items()}
    check_data(run, fingerprints)
    loop = Loop(config, run, fabric, progress)
    if fresh is None:
        loop.resume()
    else:
        loop.place(fresh)
        trim_metrics(run.metrics, 0)  # a run killed before its first checkpoint begins again
    if loop.epoch < loop.method.total_epochs:  # a finished run keeps the record of how it was made
        described = {role: {"spec": getattr(config, role), **f} for role, f in fingerprints.items()}
        write_json(run.folder / "environment.json", environment())
        write_json(run.folder / "data.json", described)
        for role, store in stores.items():
            write_sheet(store.table, run.samples / f"{role}.png", seed=config.seed)
        loop.method.attach(source=stores.get("source"), target=stores.get("target"))
        loop.run_epochs()
    return run


def new_method(cls: type[Method], config: RunConfig, *, persons: int) -> Method:
    """The method at the start of a run: from the seed, or from the run that ``--init`` names."""
    initial = restore_method(read_checkpoint(Path(config.init)), config.init) if config.init else None
    lightning.seed_everything(config.seed, verbose=False)
    method = cls(config, persons=persons)
    if initial is not None:
        method.load_initial(initial)
    return method


def check_data(run: Run, fingerprints: dict[str, Any]) -> None:
    """Refuse to resume on other data than the run began with."""
    path = run.folder / "data.json"
    if not path.exists() or not run.checkpoint.exists():
        return
    before = json.loads(path.read_text())
    for role, fingerprint in fingerprints.items():
        if before.get(role, {}).get("sha256") != fingerprint["sha256"]:
            raise RunError(
                f"The {role} data of the run '{run.folder}' has changed since it began ({before.get(role, {}).get('rows')} "
                f"crops then, {fingerprint['rows']} now, other content). Restore it, or start a new run with another --out."
            )


class Loop:
    """State of one training: the method, its optimisers and the position; see :func:`fit`."""

    def __init__(self, config: RunConfig, run: Run, fabric: lightning.Fabric, progress: Progress | None = None) -> None:
        self.config, self.run, self.fabric = config, run, fabric
        self.progress = progress or (lambda done, total, what: None)
        self.method: Method
        self.optimisers: dict[str, torch.optim.Optimizer]
        self.epoch = self.step_in_epoch = self.step = 0
        self.seconds = 0.0

    # -- resume, save -------------------------------------------------------------------------------------

    def resume(self) -> None:
        """Take everything from the run's checkpoint."""
        content = read_checkpoint(self.run.checkpoint)
        self.place(restore_method(content, self.run.checkpoint))
        for phase, state in content["optimisers"].items():
            self.optimisers[phase].load_state_dict(state)
        self.method.recorder.restore(content["recorder"])
        self.epoch, self.step_in_epoch, self.step = content["epoch"], content["step_in_epoch"], content["step"]
        self.seconds = content["seconds"]
        restore_random_state(content["random"])
        trim_metrics(self.run.metrics, self.step)
        log.info("resumed %s at epoch %d, step %d", self.run.folder, self.epoch + 1, self.step)

    def place(self, method: Method) -> None:
        """Move the method to the device and make its optimisers."""
        self.method = method.to(self.fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.method.device = self.fabric.device
        self.optimisers = method.optimisers()

    def save(self) -> None:
        """Write the checkpoint."""
        method = self.method
        save_checkpoint(
            self.run.checkpoint,
            {
                "reidapt": FORMAT,
                "method": method.name,
                "config": to_dict(self.config),
                "persons": method.persons,
                "networks": method.state_dict(),
                "optimisers": {phase: o.state_dict() for phase, o in self.optimisers.items()},
                "recorder": method.recorder.state(),
                "epoch": self.epoch,
                "step_in_epoch": self.step_in_epoch,
                "step": self.step,
                "seconds": self.seconds,
                "finished": self.epoch >= method.total_epochs,
                "random": random_state(),
            },
        )

    # -- the loop ------------------------------------------------------------------------------------------------

    def run_epochs(self) -> None:
        """Run to the last epoch; a SIGINT or SIGTERM ends it after the current step with a checkpoint."""
        from torch.utils.tensorboard import SummaryWriter

        method = self.method
        with (
            SummaryWriter(str(self.run.folder / "tensorboard"), purge_step=self.step + 1) as board,
            stop_signals() as stop,
        ):
            while self.epoch < method.total_epochs:
                self.run_epoch(board, stop)
                self.epoch, self.step_in_epoch = self.epoch + 1, 0
                self.save()
                if (picture := method.samples()) is not None:
                    write_picture(picture, self.run.samples / f"epoch-{self.epoch:03d}.png")

    def run_epoch(self, board: Any, stop: threading.Event) -> None:
        """Run the rest of the current epoch."""
        method, c = self.method, self.config
        clock = saved = time.monotonic()
        what = f"epoch {self.epoch + 1}/{method.total_epochs}"
        if self.step_in_epoch == 0:
            method.begin_epoch(self.epoch)
        streams = method.streams(self.epoch)
        length = len(next(iter(streams.values())).batches)
        first = self.step - self.step_in_epoch
        method.train()
        for batch in self.batches(streams, first):
            self.train_step(batch, self.epoch + self.step_in_epoch / length)
            self.step, self.step_in_epoch = self.step + 1, self.step_in_epoch + 1
            now = time.monotonic()
            self.seconds, clock = self.seconds + now - clock, now
            if self.step % c.log_every == 0 or self.step_in_epoch == length:
                self.log_scalars(board)
            total = first + length * (method.total_epochs - self.epoch)
            self.progress(self.step, total, what)
            if stop.is_set():
                self.save()
                raise RunError(
                    f"Stopped after step {self.step} of {total}; the checkpoint is written. Start the same command again to resume."
                )
            due_step = c.checkpoint_steps and self.step % c.checkpoint_steps == 0
            if due_step or now - saved > 60 * c.checkpoint_minutes:
                self.save()
                saved = now

    def batches(self, streams: dict[str, Stream], first: int) -> Iterator[dict[str, Any]]:
        """The epoch's batches from the current position, all streams side by side."""
        done, device = self.step_in_epoch, self.fabric.device
        loaders = {
            name: Loader(
                stream.store,
                stream.batches[done:],
                stream.augment,
                seed=self.config.seed,
                stream=stream.draws or name,
                start_step=first + done,
                labels=stream.labels,
                masks=stream.masks,
            )
            for name, stream in streams.items()
        }
        for parts in zip(*loaders.values(), strict=True):
            yield {name: to_device(part, device) for name, part in zip(loaders, parts)}

    def train_step(self, batch: dict[str, Any], epoch: float) -> None:
        """All phases of one step."""
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                group["lr"] = self.method.learning_rate(epoch, group.get("name", ""))
        phases = self.method.step(batch)
        while True:
            with autocast(self.fabric):
                phase, loss = next(phases, (None, None))
            if phase is None or loss is None:
                break
            if not math.isfinite(float(loss.detach())):
                raise RunError(
                    f"The loss of phase '{phase}' became {float(loss.detach())} at step {self.step + 1}; the last checkpoint is "
                    "kept. Start again with another --out and a lower --lr, or with --precision float32."
                )
            optimiser = self.optimisers[phase]
            optimiser.zero_grad(set_to_none=True)
            self.fabric.backward(loss)
            optimiser.step()
        self.method.end_step()
        self.method.record("lr", self.method.learning_rate(epoch, ""))

    def log_scalars(self, board: Any) -> None:
        """Append a line to metrics.jsonl and the same scalars to TensorBoard."""
        scalars = self.method.recorder.flush()
        line = {"step": self.step, "epoch": self.epoch + 1, "seconds": round(self.seconds, 3), **scalars}
        with open(self.run.metrics, "a") as file:
            file.write(json.dumps(line) + "\n")
        for name, value in scalars.items():
            board.add_scalar(name, value, self.step)


@contextmanager
def stop_signals() -> Iterator[threading.Event]:
    """An event that SIGINT and SIGTERM set (once; a second SIGINT interrupts at once). Inactive outside the main thread."""
    event = threading.Event()
    if threading.current_thread() is not threading.main_thread():
        yield event
        return

    def request(number: int, frame: Any) -> None:
        event.set()
        signal.signal(signal.SIGINT, signal.default_int_handler)

    before = {number: signal.signal(number, request) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield event
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def to_device(batch: Batch, device: torch.device) -> Batch:
    """The batch on ``device``, pictures in the memory layout that convolutions prefer."""
    views = tuple(v.to(device, memory_format=torch.channels_last, non_blocking=True) for v in batch.views)
    labels = None if batch.labels is None else batch.labels.to(device)
    masks = None if batch.masks is None else batch.masks.to(device, non_blocking=True)
    indices, camera = batch.indices.to(device), batch.camera.to(device)
    return dataclasses.replace(
        batch, images=views[0], views=views, indices=indices, camera=camera, labels=labels, masks=masks
    )
