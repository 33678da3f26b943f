"""What every method shares: the options of a training run and the contract between a method and the loop."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from reidapt.data import Augment, Batch, CropStore, CropTable, single_channel
from reidapt.data.loader import Transform
from reidapt.data.store import GreyPictures
from reidapt.errors import ConfigError, RunError
from reidapt.evaluation.embedding import PictureStore
from reidapt.models.embedder import ReidNet, ReidOutput
from reidapt.processes import gathered


@dataclass(kw_only=True)
class RunConfig:
    """Options that every training has, whatever it trains. Methods add theirs by inheritance."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {}  # values that belong together, for --preset NAME

    source: str = ""
    """Labelled dataset, e.g. market1501:DIR; its train split is used."""
    target: str = ""
    """Unlabelled dataset, e.g. folder:DIR; its train split, or everything if it has no splits. Ids are removed."""
    out: str = ""
    """Run folder to write; the same command on an unfinished run resumes it."""
    init: str = ""
    """Run folder or checkpoint whose network training starts from, in place of --weights."""
    seed: int = 0
    """Seed of initial weights, sampling and augmentation."""
    epochs: int = 60
    """Epochs."""
    height: int = 256
    """Picture height, px."""
    width: int = 128
    """Picture width, px."""
    lr: float = 3.5e-4
    """Adam's learning rate (Luo et al. 2019)."""
    flip: float = 0.5
    """Probability of a horizontal flip."""
    device: str = "auto"
    """'auto', 'cpu', 'cuda' or 'cuda:N'."""
    precision: Literal["auto", "float32", "bfloat16"] = "auto"
    """Arithmetic of the networks; 'auto' is bfloat16 autocast where the hardware multiplies it natively."""
    threads: int = 0
    """CPU threads of the arithmetic; 0 = as many as PyTorch chooses. Bit-exact resuming needs the same number."""
    log_every: int = 10
    """Steps between two lines of metrics.jsonl."""
    checkpoint_minutes: float = 10.0
    """Minutes between two checkpoints; one is also written at the end of every epoch."""
    checkpoint_steps: int = 0
    """Steps between two checkpoints; 0 = by time only."""

    def __post_init__(self) -> None:
        positive = ("epochs", "height", "width", "lr", "log_every")
        self.require("be greater than 0", lambda value: 0 < value < math.inf, *positive)
        at_least_0 = ("threads", "checkpoint_minutes", "checkpoint_steps")
        self.require("be 0 or more", lambda value: 0 <= value < math.inf, *at_least_0)
        self.require("lie between 0 and 1", lambda value: 0 <= value <= 1, "flip")
        self.require("lie between 0 and 4294967295", lambda value: 0 <= value < 2**32, "seed")
        if min(self.height, self.width) < 16:
            raise ConfigError(
                f"Pictures of {self.height}×{self.width} px are too small; both sides need at least 16 px."
            )

    def require(self, rule: str, holds: Callable[[float], bool], *names: str) -> None:
        """Refuse the first of the options ``names`` whose value breaks the rule "it must ``rule``"."""
        for name in names:
            if not holds(getattr(self, name)):
                raise ConfigError(f"Option '{name}' is {getattr(self, name)}; it must {rule}.")

    @property
    def size(self) -> tuple[int, int]:
        """(height, width), px."""
        return self.height, self.width


@dataclass(kw_only=True)
class TrainConfig(RunConfig):
    """Options of the methods that train a network to rank."""

    backbone: str = "resnet50"
    """timm model name."""
    weights: str = "imagenet"
    """'imagenet' (timm's pretrained weights), 'random', or the path of a backbone state file."""
    last_stride: Literal[1, 2] = 1
    """Stride of a ResNet's last stage (Sun et al. 2018: 1)."""
    persons_per_batch: int = 16
    """P of PK sampling."""
    pictures_per_person: int = 4
    """K of PK sampling."""
    weight_decay: float = 5e-4
    """Adam's L2 weight decay (Luo et al. 2019)."""
    warmup_epochs: float = 2.0
    """Epochs of linear warm-up from a tenth of the learning rate; afterwards it falls along a cosine to a hundredth."""
    pad: int = 10
    """Padding of the random crop, px at height 256 (scaled with the height)."""
    erase: float = 0.5
    """Probability of random erasing (Zhong et al. 2020)."""
    colour: float = 0.0
    """Strength of brightness, contrast and saturation jitter, 0..1."""
    render: str = ""
    """Run folder of a method that redraws pictures; it redraws a share of every source batch while this one trains."""
    render_share: float = 0.5
    """Probability that a source crop is redrawn by --render, each time with a fresh context, 0..1."""
    render_contexts: str = ""
    """Unlabelled dataset whose train split gives the contexts; empty = what the run given by --render was trained on."""
    grey: float = 0.0
    """Probability of turning a picture to grey; at 1 the network sees nothing else, in testing neither."""
    exchange: float = 0.0
    """Probability that one channel takes the place of all three (Ye et al. 2021, channel augmentation)."""

    def __post_init__(self) -> None:
        super().__post_init__()
        positive = ("persons_per_batch", "pictures_per_person")
        self.require("be greater than 0", lambda value: 0 < value < math.inf, *positive)
        self.require("be 0 or more", lambda value: 0 <= value < math.inf, "weight_decay", "warmup_epochs", "pad")
        shares = ("erase", "colour", "render_share", "grey", "exchange")
        self.require("lie between 0 and 1", lambda value: 0 <= value <= 1, *shares)

    def augment(self) -> Augment:
        """The training augmentation these options describe."""
        pad = round(self.pad * self.height / 256)
        c = self.colour
        jitter = Augment(flip=self.flip, pad=pad, erase=self.erase, brightness=c, contrast=c, saturation=c)
        return replace(jitter, grey=self.grey, exchange=self.exchange)

    def seen(self, images: Tensor) -> Tensor:
        """Normalised pictures as the network is shown them in testing: grey where it was trained on grey alone."""
        return single_channel(images) if self.grey == 1 else images

    def shown(self, store: PictureStore) -> PictureStore:
        """The pictures of a store in the same way."""
        return GreyPictures(store) if self.grey == 1 else store


@dataclass
class Stream:
    """One source of batches within an epoch: which rows, with which labels, augmented how."""

    store: CropStore
    batches: Sequence[np.ndarray]
    labels: np.ndarray | None  # int64, one per row of the store
    augment: Transform | Sequence[Transform]  # several: as many views of every picture
    masks: Tensor | None = (
        None  # uint8 (rows of the store, 1, H, W); batches then carry masks that follow their pictures
    )
    draws: str = ""  # streams of one name share their augmentation's draws; "" = the stream's own


@dataclass
class Recorder:
    """Scalars a method wants logged; the loop averages them over ``log_every`` steps."""

    sums: dict[str, Tensor] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, name: str, value: Tensor | float) -> None:
        """Add one observation of the scalar ``name``."""
        tensor = (
            value.detach().double() if isinstance(value, Tensor) else torch.tensor(float(value), dtype=torch.double)
        )
        self.sums[name] = self.sums[name] + tensor if name in self.sums else tensor
        self.counts[name] = self.counts.get(name, 0) + 1

    def state(self) -> dict[str, tuple[float, int]]:
        """What a checkpoint keeps of a half-filled interval."""
        return {name: (float(total), self.counts[name]) for name, total in self.sums.items()}

    def restore(self, state: Mapping[str, tuple[float, int]]) -> None:
        """The inverse of :meth:`state`."""
        self.sums = {name: torch.tensor(total, dtype=torch.double) for name, (total, _) in state.items()}
        self.counts = {name: count for name, (_, count) in state.items()}

    def flush(self) -> dict[str, float]:
        """Means since the last flush."""
        means = {name: float(total) / self.counts[name] for name, total in self.sums.items()}
        self.sums.clear()
        self.counts.clear()
        return means


class Contexts(NamedTuple):
    """Pictures whose surroundings a person is drawn into, and where their own people stand."""

    images: Tensor  # uint8 (B, 3, H, W)
    masks: Tensor  # uint8 (B, 1, H, W), 255 on the person


class Method(nn.Module):
    """Base of all methods: networks, optimisers and a training step; nothing about devices, files or progress.

    Life of a method: ``__init__`` builds the networks; ``attach`` hands over the pictures; then for every epoch
    ``begin_epoch`` (may change state, e.g. cluster), ``streams`` (a pure function of the state) and ``step`` for every batch.
    Whatever ``begin_epoch`` computes must be a parameter, a buffer or part of ``get_extra_state``, so that a checkpoint
    in the middle of an epoch holds it.
    """

    name: ClassVar[str]
    Config: ClassVar[type[RunConfig]]
    needs: ClassVar[tuple[str, ...]] = ("source",)
    accepts: ClassVar[tuple[str, ...]] = ()  # data that may be given but need not be
    fresh_source: ClassVar[bool] = False  # whether the source may be a streamed world: new pictures in every epoch
    parallel: ClassVar[bool] = False  # whether its losses are computed on what `processes.gathered` brings together
    takes_modality: ClassVar[bool] = False  # whether `embed` must be told every picture's modality

    def __init__(self, config: RunConfig, *, persons: int) -> None:
        super().__init__()
        self.config: Any = config
        self.persons = persons
        self.recorder = Recorder()
        self.source: CropStore | None = None
        self.target: CropStore | None = None
        self.device = torch.device("cpu")
        self.bf16 = False  # whether the loop computes in bfloat16; embeddings between steps may do so too

    @classmethod
    def tables(cls, config: Any, source: CropTable, target: CropTable | None) -> tuple[CropTable, CropTable | None]:
        """What is trained on, from the train splits of ``--source`` (labelled) and ``--target`` (unlabelled)."""
        return source, target

    @classmethod
    def open_store(cls, config: Any, table: CropTable, progress: Callable[[int, int], None] | None = None) -> CropStore:
        """The pictures of a table that :meth:`tables` gave."""
        return CropStore(table, config.size, progress=progress)

    def attach(self, *, source: CropStore | None, target: CropStore | None) -> None:
        """Hand over the pictures: ``source`` with labels, ``target`` without."""
        self.source, self.target = source, target

    @property
    def total_epochs(self) -> int:
        """Epochs the loop runs."""
        return int(self.config.epochs)

    def optimisers(self) -> dict[str, torch.optim.Optimizer]:
        """One optimiser per phase that :meth:`step` yields."""
        raise NotImplementedError

    def lr_factor(self, epoch: float) -> float:
        """Learning rate at a fractional ``epoch`` as a multiple of the configured one."""
        return warmup_cosine(epoch, self.total_epochs, self.config.warmup_epochs)

    def learning_rate(self, epoch: float, group: str) -> float:
        """Learning rate at a fractional ``epoch`` of the optimisers' parameter groups called ``group`` (their key "name")."""
        return float(self.config.lr * self.lr_factor(epoch))

    def begin_epoch(self, epoch: int) -> None:
        """Called once before an epoch; not called again when an epoch is resumed in its middle."""

    def streams(self, epoch: int) -> dict[str, Stream]:
        """The epoch's batches; all streams are equally long."""
        raise NotImplementedError

    def step(self, batch: Mapping[str, Batch]) -> Iterator[tuple[str, Tensor]]:
        """Yield ``(phase, loss)`` pairs; after each, the loop steps the optimiser of that phase."""
        raise NotImplementedError

    def end_step(self) -> None:
        """Called after all phases of a step (e.g. to move a momentum teacher)."""

    @property
    def clip_length(self) -> int:
        """Frames of the clips that :meth:`embed` takes from tracklets, (B, T, 3, H, W); 1: it takes pictures."""
        return 1

    @property
    def of_tracklets(self) -> bool:
        """Whether it has learnt tracklets: where every test row has one, these are ranked instead of their pictures."""
        return self.clip_length > 1

    def embed(self, images: Tensor) -> Tensor:
        """L2-normalised features (B, D) of normalised pictures float32 (B, 3, H, W).

        A method with `takes_modality` has a second argument: int64 (B,), 0 = colour, 1 = any other modality.
        """
        return self.ranker.embed(self._seen(images))

    def feature_maps(self, images: Tensor) -> Tensor:
        """The last maps (B, D, h, w) of normalised pictures float32 (B, 3, H, W); as `embed`, but for clips."""
        return self.ranker.feature_maps(self._seen(images))

    def _seen(self, images: Tensor) -> Tensor:
        return self.config.seen(images) if isinstance(self.config, TrainConfig) else images

    @property
    def ranker(self) -> ReidNet:
        """The network whose features rank."""
        raise ConfigError(
            f"A run of '{self.name}' redraws pictures and does not rank them. Translate a dataset with it "
            "('reidapt translate'), train source-only with --extend on the result, and rank with that run."
        )

    @property
    def feature(self) -> str:
        """What `embed` gives, in words; evaluations record it."""
        return "BNNeck"

    def translate(self, images: Tensor, *args: Any, **inputs: Any) -> Tensor:
        """Redraw pictures: uint8 (B, 3, H, W) → uint8 (B, 3, H, W), a pure function of its arguments.

        A method that redraws names in ``inputs`` what it needs beside the pictures: ``masks`` and ``poses``, person masks
        uint8 (B, 1, H, W) as they are and as they are wanted, and ``contexts``, :class:`Contexts`.
        """
        raise ConfigError(
            f"A run of '{self.name}' ranks pictures and does not redraw them; give a run of a method that does, such as "
            "background-gan, spgan or context-rendering."
        )

    @classmethod
    def redraws(cls) -> bool:
        """Whether the method has a ``translate`` of its own."""
        return cls.translate is not Method.translate

    def samples(self) -> Tensor | None:
        """A picture of where training stands, uint8 (3, height, width), written after every epoch; None for none.

        It must leave every state as it was, that of the random generators included.
        """
        return None

    def load_initial(self, other: Method) -> None:
        """Start from the ranking network of a run of any method (``--init``)."""
        copy_network(self.ranker, other.ranker, classifier=self.same_classes(other))

    def same_classes(self, other: Method) -> bool:
        """Whether the classifiers of both tell the same persons apart: same source, same number."""
        return other.config.source == self.config.source and other.persons == self.persons

    def record(self, name: str, value: Tensor | float) -> None:
        """Log a scalar."""
        self.recorder.add(name, value)


def warmup_cosine(epoch: float, epochs: int, warmup: float, floor: float = 0.01) -> float:
    """Linear from 0.1 to 1 over ``warmup`` epochs, then half a cosine from 1 to ``floor`` at ``epochs``."""
    if epoch < warmup:
        return 0.1 + 0.9 * epoch / warmup
    progress = min(1.0, (epoch - warmup) / max(1e-9, epochs - warmup))
    return floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * progress))


def labels_of(batch: Batch) -> Tensor:
    """The labels of a batch from a labelled stream, int64 (B,)."""
    assert batch.labels is not None, "the stream has no labels"
    return batch.labels


def gathered_output(output: ReidOutput) -> ReidOutput:
    """What the network gave for the whole batch, of which each process has computed its part."""
    return ReidOutput(*map(gathered, output))


def build_network(config: TrainConfig, persons: int) -> ReidNet:
    """The re-ID network that the options describe."""
    return ReidNet(
        config.backbone, persons=persons, weights=config.weights, size=config.size, last_stride=config.last_stride
    )


def copy_network(network: ReidNet, other: ReidNet, *, classifier: bool = True) -> None:
    """Copy the weights of ``other``, with or without its classifier.

    Raises:
        RunError: the two have different architectures.
    """
    own, state = network.state_dict(), other.state_dict()
    if not classifier:
        del state["classifier.weight"]
    wrong = [k for k in own if k != "classifier.weight" and (k not in state or state[k].shape != own[k].shape)]
    wrong += [k for k in state if k not in own]
    if wrong:
        found, expected = (tuple(part[wrong[0]].shape) if wrong[0] in part else "nothing" for part in (state, own))
        same = "Use the same --backbone as that run."
        if not any(key.startswith("backbone.") for key in wrong):
            same = "The backbone fits; its head or pooling is of a kind that this method does not have."
        raise RunError(
            f"The run given by --init has another architecture: {len(wrong)} of {len(own)} tensors do not fit, first "
            f"'{wrong[0]}' (found {found}, expected {expected}). {same}"
        )
    network.load_state_dict({**own, **state})


def adam(parameters: Iterator[nn.Parameter], config: TrainConfig) -> torch.optim.Adam:
    """Adam over the parameters that want a gradient, with the configured rate and weight decay."""
    trainable = [parameter for parameter in parameters if parameter.requires_grad]
    return torch.optim.Adam(trainable, lr=config.lr, weight_decay=config.weight_decay, fused=True)
