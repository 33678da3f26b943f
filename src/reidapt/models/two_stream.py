"""Two-stream part network: branches of their own for two modalities, then shared stages, horizontal stripes.

Source: Mohammadi Meshky, Iodice, Mikolajczyk, "Domain Adversarial Training for Infrared-colour Person
Re-Identification", §3.1; stripes after Sun et al. 2018 (PCB); generalised-mean pooling after Radenović et al. 2019.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reidapt.errors import ConfigError
from reidapt.models.embedder import create_backbone, remove_last_stride
from reidapt.models.non_local import NonLocal

STAGES = 4
"""Residual stages of a ResNet; stage 0 is its stem."""

NON_LOCAL = (2, 3)
"""Stages that a non-local block follows, where asked for (Ye et al. 2021: these two)."""


class TwoStreamOutput(NamedTuple):
    """What one forward pass gives: level features g_j, part features f_i and the logits of each part's classifier."""

    levels: dict[int, Tensor]  # j = 1..4 -> g_j (B, C_j), the pooled output of stage j
    parts: list[Tensor]  # n times f_i (B, d), before the neck
    logits: list[Tensor]  # n times (B, persons)

    @property
    def feature(self) -> Tensor:
        """f = [f_1, ..., f_n], (B, n·d)."""
        return torch.cat(self.parts, dim=1)


class TwoStreamNet(nn.Module):
    """A ResNet whose first stages exist once per modality; the last map is cut into n stripes with a classifier each.

    Args:
        backbone: a timm ResNet, e.g. ``resnet50`` or ``resnet10t``.
        persons: training identities.
        weights, size, last_stride: as for ``ReidNet``.
        shared_from: first stage that both modalities share, 0..4: 0 = everything, 1 = all but the stem, 4 = the paper's
            "only the final residual module".
        parts: n, horizontal stripes of the last map.
        part_dim: d, width of each stripe's fully connected layer; 0 leaves it out and f_i is the pooled map.
        pooling: ``average`` or ``gem``, generalised mean with a learnt exponent, of the stripes.
        neck: a BatchNorm without shift between f_i and its classifier (Luo et al. 2019); it then ranks.
        non_local: non-local blocks after stages 2 and 3.
        norms: ``shared``, or ``own``: shared stages and necks have a BatchNorm for each modality (Chang et al. 2019).

    Raises:
        ConfigError: no ResNet of timm, or its weights cannot be had.
    """

    def __init__(
        self,
        backbone: str = "resnet50",
        *,
        persons: int,
        weights: str = "imagenet",
        size: tuple[int, int] = (288, 144),
        last_stride: int = 1,
        shared_from: int = 4,
        parts: int = 3,
        part_dim: int = 512,
        pooling: str = "average",
        neck: bool = False,
        non_local: bool = False,
        norms: str = "shared",
    ) -> None:
        super().__init__()
        stages, channels = resnet_stages(
            create_backbone(backbone, weights=weights, size=size), backbone, last_stride=last_stride
        )
        if non_local:
            for stage in NON_LOCAL:
                stages[stage] = nn.Sequential(stages[stage], NonLocal(channels[stage - 1]))
        branched = STAGES + 1 if norms == "own" else shared_from
        self.colour = nn.ModuleList(stages[:branched])
        self.other = copy.deepcopy(self.colour)  # both start from the same weights
        self.shared = nn.ModuleList(stages[branched:])
        share_all_but_norms(self.colour[shared_from:], self.other[shared_from:])
        self.level_dims = dict(enumerate(channels, 1))
        width = part_dim or channels[-1]
        self.dim = parts * width
        self.pool = StripePool(parts, pooling)
        self.embeddings = nn.ModuleList(
            nn.Linear(channels[-1], width) if part_dim else nn.Identity() for _ in range(parts)
        )
        self.necks = nn.ModuleList(nn.BatchNorm1d(width) if neck else nn.Identity() for _ in range(parts))
        self.classifiers = nn.ModuleList(nn.Linear(width, persons, bias=not neck) for _ in range(parts))
        for norm, classifier in zip(self.necks, self.classifiers):
            if isinstance(norm, nn.BatchNorm1d):
                norm.bias.requires_grad_(False)
                nn.init.normal_(classifier.weight, std=0.001)  # type: ignore[arg-type]
        self.other_necks = copy.deepcopy(self.necks) if norms == "own" else None

    def stage_maps(self, images: Tensor, modality: Tensor) -> list[Tensor]:
        """Maps (B, C_j, h_j, w_j) of the stages 1..4 of normalised pictures (B, 3, H, W); see :meth:`forward`."""
        maps = [] if not len(self.colour) else self._branches(images, modality)
        x = maps[-1] if maps else images
        for stage in self.shared:
            maps.append(x := stage(x))
        return maps[1:]

    def forward(self, images: Tensor, modality: Tensor) -> TwoStreamOutput:
        """Everything training needs.

        Args:
            images: float32 (B, 3, H, W), normalised.
            modality: int64 (B,), whose branch each picture takes: 0 = colour, 1 = the other modality.
        """
        maps = self.stage_maps(images, modality)
        parts = self.part_features(maps[-1])
        logits = [classifier(f).float() for f, classifier in zip(self.after_necks(parts, modality), self.classifiers)]
        return TwoStreamOutput({j: m.float().mean((2, 3)) for j, m in enumerate(maps, 1)}, parts, logits)

    def embed(self, images: Tensor, modality: Tensor) -> Tensor:
        """The feature that ranks: all parts (after their necks), L2-normalised, float32 (B, n·d)."""
        parts = self.part_features(self.stage_maps(images, modality)[-1])
        return F.normalize(torch.cat([f.float() for f in self.after_necks(parts, modality)], dim=1), dim=1)

    def feature_maps(self, images: Tensor, modality: Tensor) -> Tensor:
        """The last maps, float32 (B, C, h, w)."""
        return self.stage_maps(images, modality)[-1].float()

    def part_features(self, maps: Tensor) -> list[Tensor]:
        """f_1, ..., f_n, float32 (B, d) each, from the last maps."""
        stripes = self.pool(maps.float())
        return [embedding(stripe).float() for embedding, stripe in zip(self.embeddings, stripes.unbind(2))]

    def after_necks(self, parts: list[Tensor], modality: Tensor) -> list[Tensor]:
        """The parts' features behind their necks, (B, d) each."""
        if self.other_necks is None:
            return [neck(f) for neck, f in zip(self.necks, parts)]
        return [
            by_modality(modality, f, colour, other) for f, colour, other in zip(parts, self.necks, self.other_necks)
        ]

    def copy_backbone(self, backbone: Any) -> None:
        """Take the weights of a single-stream timm ResNet of the same kind, for both branches.

        Raises:
            RuntimeError: another architecture.
            ConfigError: no ResNet.
        """
        given, _ = resnet_stages(backbone, type(backbone).__name__, last_stride=2)
        for branch in (self.colour, self.other):
            for own, stage in zip([*branch, *self.shared], given):
                wrapped = isinstance(own, nn.Sequential) and isinstance(own[-1], NonLocal)
                (own[0] if wrapped else own).load_state_dict(stage.state_dict())  # type: ignore[index]

    def copy_head(self, neck: nn.BatchNorm1d, classifier: nn.Linear) -> None:
        """Let every stripe begin with the neck and the classifier of a single-stream network that knows the same persons.

        Its features must be as wide as a stripe's and there must be necks; fully connected layers between become the identity.
        """
        for embedding, own, logits in zip(self.embeddings, self.necks, self.classifiers):
            if isinstance(embedding, nn.Linear):
                nn.init.eye_(embedding.weight)
                nn.init.zeros_(embedding.bias)
            own.load_state_dict(neck.state_dict())
            logits.load_state_dict(classifier.state_dict())
        if self.other_necks is not None:
            self.other_necks.load_state_dict(self.necks.state_dict())

    def _branches(self, images: Tensor, modality: Tensor) -> list[Tensor]:
        """The outputs of the stages before the shared ones, in the order of the pictures."""
        rows = [torch.nonzero(modality == m).flatten() for m in (0, 1)]
        found = []
        for mine, branch in zip(rows, (self.colour, self.other)):
            if len(mine):
                x, outputs = images[mine], []
                for stage in branch:
                    outputs.append(x := stage(x))
                found.append(outputs)
        if len(found) == 1:
            return found[0]
        back = torch.argsort(torch.cat(rows))
        return [torch.cat(pair)[back] for pair in zip(*found)]


def share_all_but_norms(first: nn.Module, second: nn.Module) -> None:
    """Give the second of two equal modules the parameters of the first, but for those of its BatchNorms."""
    for mine, other in zip(first.modules(), second.modules()):
        if not isinstance(mine, nn.modules.batchnorm._BatchNorm):
            for name, parameter in mine.named_parameters(recurse=False):
                setattr(other, name, parameter)


def by_modality(modality: Tensor, x: Tensor, colour: nn.Module, other: nn.Module) -> Tensor:
    """(B, d) of `colour` for rows of modality 0 and of `other` for those of 1."""
    rows = [torch.nonzero(modality == m).flatten() for m in (0, 1)]
    found = [module(x[mine]) for mine, module in zip(rows, (colour, other)) if len(mine)]
    return torch.cat(found)[torch.argsort(torch.cat(rows))]


class StripePool(nn.Module):
    """Pool each of n horizontal stripes of equal height: (B, C, h, w) → (B, C, n).

    Where n does not divide h, neighbouring stripes share a row, as in adaptive pooling.
    """

    def __init__(self, parts: int, kind: str = "average") -> None:
        super().__init__()
        self.parts = parts
        self.power = nn.Parameter(torch.tensor(3.0)) if kind == "gem" else None

    def forward(self, maps: Tensor) -> Tensor:
        if self.power is None:
            return F.adaptive_avg_pool2d(maps, (self.parts, 1))[:, :, :, 0]
        powers = maps.clamp(min=1e-6).pow(self.power)
        return F.adaptive_avg_pool2d(powers, (self.parts, 1))[:, :, :, 0].pow(1 / self.power)


def resnet_stages(model: Any, name: str, *, last_stride: int) -> tuple[list[nn.Module], list[int]]:
    """The stem and the four stages of a timm ResNet, and the channels of the stages.

    Raises:
        ConfigError: another architecture.
    """
    names = [f"layer{stage}" for stage in range(1, STAGES + 1)]
    if not all(hasattr(model, part) for part in ("conv1", "bn1", "act1", "maxpool", *names)):
        raise ConfigError(
            f"The two-stream network is cut out of a ResNet's stem and four stages, which '{name}' does not have; choose "
            "a timm ResNet such as resnet50, resnet18 or resnet10t."
        )
    if last_stride == 1:
        remove_last_stride(model)
    channels = {info["module"]: info["num_chs"] for info in model.feature_info}
    stem = nn.Sequential(model.conv1, model.bn1, model.act1, model.maxpool)
    return [stem, *(getattr(model, part) for part in names)], [channels[part] for part in names]
