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
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import lightning
import torch

from reidapt import processes
from reidapt.config import to_dict
from reidapt.data import Batch, CropStore, CropTable, Loader, class_labels
from reidapt.errors import ConfigError, RunError
from reidapt.methods import Method, RunConfig, load_method
from reidapt.methods.base import Stream, TrainConfig
from reidapt.models.narrow import NarrowConvolutions
from reidapt.models.synced import synchronise_statistics
from reidapt.training.checkpoint import (
    FORMAT,
    random_state,
    read_checkpoint,
    restore_method,
    restore_random_state,
    save_checkpoint,
    untrained,
)
from reidapt.training.device import accelerator, devices
from reidapt.training.evaluate import counter
from reidapt.training.precision import autocast, precision
from reidapt.training.rendering import Renderer, make_renderer
from reidapt.training.run import Run, alone, environment, memory_mb, open_run, trim_metrics, write_json
from reidapt.training.samples import write_picture, write_sheet
from reidapt.training.tables import training_tables
from reidapt.training.trials import check_start

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


def fit(
    cls: type[Method],
    config: RunConfig,
    source: CropTable | None,
    target: CropTable | None,
    progress: Progress | None = None,
) -> Run:
    """Train on given tables; see :func:`train`. ``target`` must be unlabelled; ``source`` may be absent if not needed.

    Raises:
        RunError: the run folder cannot be used, or its data changed since the run began.
    """
    if target is not None and target.labelled:
        raise ConfigError("The target table still has person labels; pass table.unlabelled().")
    if not config.out:
        raise ConfigError(f"Say where the run is written: --out runs/{cls.name}.")
    with processes.joined(config.device), arithmetic(config.threads):
        if processes.count() > 1 and not cls.parallel:
            raise ConfigError(f"The method '{cls.name}' trains in one process only; start it without torchrun.")
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
    source: CropTable | None,
    target: CropTable | None,
    progress: Progress | None,
) -> Run:
    stores = {
        role: cls.open_store(config, table, counter(progress, 0, len(table), f"reading the {role}"))
        for role, table in (("source", source), ("target", target))
        if table is not None
    }
    fabric = lightning.Fabric(
        accelerator=accelerator(config.device), devices=devices(config.device), precision=precision(config)
    )
    unfinished = processes.once(Run(Path(config.out)).checkpoint.exists)
    renderer = None if unfinished else renderer_of(config, stores, fabric)
    persons = 0 if source is None else len(class_labels(source)[1])
    fresh = None if unfinished else new_method(cls, config, persons=persons)
    if fresh is not None:
        fresh.attach(source=stores.get("source"), target=stores.get("target"))
    run = processes.once(lambda: open_run(Path(config.out), {"method": cls.name, **to_dict(config)}, cls.Config))
    with alone(run):
        fingerprints = {role: store.table.fingerprint() for role, store in stores.items()}
        processes.once(lambda: check_data(run, fingerprints))
        loop = Loop(config, run, fabric, progress)
        if fresh is None or processes.once(run.checkpoint.exists):  # another process may have been faster
            loop.resume()
            renderer = None if loop.finished else renderer_of(config, stores, fabric)
        else:
            loop.place(fresh)
            # a run killed before its first checkpoint begins again
            processes.once(lambda: trim_metrics(run.metrics, 0))
        if renderer is not None:
            check_data(run, renderer.fingerprints())
            fingerprints |= renderer.fingerprints()
            loop.renderer = renderer
        if not loop.finished:  # a finished run keeps the record of how it was made
            described = {role: {"spec": getattr(config, role, ""), **f} for role, f in fingerprints.items()}
            if processes.rank() == 0:
                write_json(run.folder / "environment.json", environment())
                write_json(run.folder / "data.json", described)
                for role, store in stores.items():
                    write_sheet(store.table, run.samples / f"{role}.png", seed=config.seed)
            loop.method.attach(source=stores.get("source"), target=stores.get("target"))
            loop.run_epochs()
    return run


def renderer_of(config: RunConfig, stores: dict[str, CropStore], fabric: lightning.Fabric) -> Renderer | None:
    """What redraws source crops while this run trains (``--render``), on the run's device; None without."""
    if not getattr(config, "render", ""):
        return None
    assert isinstance(config, TrainConfig)
    if "source" not in stores:
        raise ConfigError(
            f"--render '{config.render}' redraws source crops, but no --source is given; give a labelled one, or leave --render out."
        )
    method = restore_method(read_checkpoint(Path(config.render)), config.render)
    method = method.to(fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
    return make_renderer(
        method,
        stores["source"],
        run=config.render,
        share=config.render_share,
        contexts=config.render_contexts,
        arithmetic=lambda: autocast(fabric),
    )


def new_method(cls: type[Method], config: RunConfig, *, persons: int) -> Method:
    """The method at the start of a run: from the seed, or from the run that ``--init`` names."""
    if not config.init:
        lightning.seed_everything(config.seed, verbose=False)
        return cls(config, persons=persons)
    initial = restore_method(read_checkpoint(Path(config.init)), config.init)
    check_start(initial.config, config)
    lightning.seed_everything(config.seed, verbose=False)
    method = untrained(cls, config, persons=persons)
    method.load_initial(initial)
    if (in_grey(initial.config), in_grey(config), method.takes_modality) == (True, False, False):
        log.warning(
            "--init names the run '%s', which has seen pictures in grey alone; this one shows it colours. --grey 1 goes on in "
            "grey.",
            config.init,
        )
    return method


def in_grey(config: RunConfig) -> bool:
    """Whether a run sees pictures in grey alone."""
    return getattr(config, "grey", 0.0) == 1


def check_data(run: Run, fingerprints: dict[str, Any]) -> None:
    """Refuse to resume on other data than the run began with."""
    path = run.folder / "data.json"
    if not path.exists() or not run.checkpoint.exists():
        return
    before = json.loads(path.read_text())
    for role, fingerprint in fingerprints.items():
        if before.get(role, {}).get("sha256") == fingerprint["sha256"]:
            continue
        if role == "render":
            raise RunError(
                f"The networks of '{fingerprint['name']}', which redraws for the run '{run.folder}', have changed since that "
                "began. Restore them, or start a new run with another --out."
            )
        raise RunError(
            f"The {role} data of the run '{run.folder}' has changed since it began ({before.get(role, {}).get('rows')} "
            f"crops then, {fingerprint['rows']} now, other content). Restore it, or start a new run with another --out."
        )


class Loop:
    """State of one training: the method, its optimisers and the position; see :func:`fit`."""

    def __init__(self, config: RunConfig, run: Run, fabric: lightning.Fabric, progress: Progress | None = None) -> None:
        self.config, self.run, self.fabric = config, run, fabric
        self.writes = processes.rank() == 0
        self.renderer: Renderer | None = None  # redraws source crops
        self.progress = progress if progress and self.writes else (lambda done, total, what: None)
        self.method: Method
        self.optimisers: dict[str, torch.optim.Optimizer]
        self.epoch = self.step_in_epoch = self.step = 0
        self.seconds = 0.0
        self.memory_mb = 0.0  # the largest of this process

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
        processes.once(lambda: trim_metrics(self.run.metrics, self.step))
        log.info("resumed %s at epoch %d, step %d", self.run.folder, self.epoch + 1, self.step)

    @property
    def finished(self) -> bool:
        """Whether nothing is left to do; a method without epochs is finished when it is saved."""
        return self.epoch >= self.method.total_epochs and self.run.checkpoint.exists()

    def place(self, method: Method) -> None:
        """Move the method to the device and make its optimisers."""
        if processes.count() > 1:
            synchronise_statistics(method)
        self.method = method.to(self.fabric.device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.method.device = self.fabric.device
        self.method.bf16 = precision(self.config) == "bf16-mixed"
        self.optimisers = method.optimisers()

    def save(self) -> None:
        """Write the checkpoint."""
        if not self.writes:
            return
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
        folder = str(self.run.folder / "tensorboard")
        writer = SummaryWriter(folder, purge_step=self.step + 1) if self.writes else nullcontext()
        with writer as board, stop_signals() as stop:
            while not self.finished:
                if self.epoch < method.total_epochs:
                    self.run_epoch(board, stop)
                    self.epoch, self.step_in_epoch = self.epoch + 1, 0
                self.save()
                if self.writes:
                    write_json(self.run.cost, {"seconds": round(self.seconds, 3), "memory_mb": self.memory_mb})
                if self.writes and (picture := method.samples()) is not None:
                    write_picture(picture, self.run.samples / f"epoch-{self.epoch:03d}.png")

    def run_epoch(self, board: Any, stop: threading.Event) -> None:
        """Run the rest of the current epoch."""
        method, c = self.method, self.config
        clock = saved = time.monotonic()
        what = f"epoch {self.epoch + 1}/{method.total_epochs}"
        for store in (method.source, method.target):
            if store is not None:
                store.set_epoch(self.epoch)
        if self.step_in_epoch == 0:
            with NarrowConvolutions():  # what it embeds
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
            if processes.any_of(stop.is_set()):
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
        if self.renderer is not None and all(stream.store is not self.method.source for stream in streams.values()):
            log.warning("this epoch trains on no source crops, so --render redraws none")
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
                part=processes.own,
                redraw=self.renderer if stream.store is self.method.source else None,
            )
            for name, stream in streams.items()
        }
        for parts in zip(*loaders.values(), strict=True):
            yield {name: to_device(part, device) for name, part in zip(loaders, parts)}

    def train_step(self, batch: dict[str, Any], epoch: float) -> None:
        """All phases of one step."""
        for optimiser in self.optimisers.values():
            for group in optimiser.param_groups:
                rate = self.method.learning_rate(epoch, group.get("name", ""))
                group["lr"] = rate * group.get("lr_scale", 1.0)
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
            processes.sum_gradients([p for group in optimiser.param_groups for p in group["params"]])
            optimiser.step()
        self.method.end_step()
        self.method.record("lr", self.method.learning_rate(epoch, ""))

    def log_scalars(self, board: Any) -> None:
        """Append a line to metrics.jsonl and the same scalars to TensorBoard."""
        scalars = self.method.recorder.flush()
        if not self.writes:
            return
        line = {"step": self.step, "epoch": self.epoch + 1, "seconds": round(self.seconds, 3), **scalars}
        self.memory_mb = max(self.memory_mb, memory_mb())
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
