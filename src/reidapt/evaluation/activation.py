"""Activation maps of any embedder: which places of a picture raise its similarity to another one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn
from torch.nn import functional

from reidapt.evaluation.embedding import evaluating

#: Colours of a map from 0 to 1: the picture itself, then blue, green, yellow, red.
SCALE = np.array([[30, 60, 160], [40, 160, 160], [120, 200, 60], [250, 220, 40], [220, 40, 30]], np.float64)


def activation_maps(
    embedder: Callable[[Tensor], Tensor], images: Tensor, towards: Tensor, module: nn.Module | None = None
) -> Tensor:
    r"""Where a picture's similarity to a feature comes from.

    Gradient times activation, place by place, on the last map that the network makes of all pictures (HiResCAM, Draelos
    and Carin 2020; unlike Grad-CAM it does not average the gradient over the picture, so it holds for networks whose
    head treats places differently, such as stripes):

    .. math:: L(p) = \max\Bigl(0, \sum_c \frac{\partial\, f(x) \cdot t}{\partial A_c(p)} A_c(p)\Bigr)

    f is L2-normalised, so the places of one picture compete: what raises the similarity less than others is cold. Without
    a module, or one that makes no map, A is the picture itself and the map is smoothed.

    Args:
        embedder: normalised pictures (B, 3, H, W) → (B, D).
        images: float32 (B, 3, H, W), normalised.
        towards: t, (B, D), a feature for each picture, such as that of the query it was ranked for.
        module: the network whose maps are looked at; by default `embedder` where it is a module.

    Returns:
        float32 (B, H, W) in 0..1, the largest value of each picture 1, or 0 everywhere where nothing raises it.
    """
    network = module if module is not None else embedder if isinstance(embedder, nn.Module) else None
    size = images.shape[2:]
    with evaluating(network), torch.enable_grad(), _without_parameter_gradients(network):
        pictures = images.detach().clone().requires_grad_(True)
        with _last_map(network, len(images)) as found:
            features = functional.normalize(embedder(pictures).float(), dim=1)
        maps = found[-1] if found else pictures
        score = (features * functional.normalize(towards.detach().to(features).float(), dim=1)).sum()
        (gradient,) = torch.autograd.grad(score, maps)
    heat = (gradient.float() * maps.detach().float()).sum(1, keepdim=True).clamp(min=0)
    if not found:
        side = max(3, size[1] // 8 * 2 + 1)
        heat = functional.avg_pool2d(heat, side, 1, side // 2, count_include_pad=False)
    heat = functional.interpolate(heat, size=size, mode="bilinear", align_corners=False)[:, 0]
    peak = heat.amax((1, 2), keepdim=True)
    return torch.where(peak > 0, heat / peak.clamp(min=1e-30), torch.zeros_like(heat)).cpu()


def overlay(picture: Tensor, heat: Tensor, strength: float = 0.55) -> Image.Image:
    """A picture, uint8 (3, H, W), under its map (H, W) in 0..1; cold places stay as they are, in grey."""
    plain = picture.permute(1, 2, 0).numpy().astype(np.float64)
    grey = plain @ np.array([0.299, 0.587, 0.114])
    value = heat.double().clamp(0, 1).numpy()
    places = np.linspace(0, 1, len(SCALE))
    colour = np.stack([np.interp(value, places, SCALE[:, channel]) for channel in range(3)], axis=2)
    share = (strength * np.sqrt(value))[:, :, None]
    return Image.fromarray((grey[:, :, None] * (1 - share) + colour * share).round().clip(0, 255).astype(np.uint8))


@contextmanager
def _last_map(module: nn.Module | None, pictures: int) -> Iterator[list[Tensor]]:
    """The last output (B, C, h, w) of any part of the network made inside, in a list; of more than one place."""
    found: list[Tensor] = []

    def look(part: nn.Module, arguments: Any, output: Any) -> None:
        is_map = isinstance(output, Tensor) and output.ndim == 4 and len(output) == pictures
        if is_map and output.requires_grad and output.shape[2] * output.shape[3] > 1:
            found[:] = [output]

    handles = [part.register_forward_hook(look) for part in module.modules()] if module is not None else []
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _without_parameter_gradients(module: nn.Module | None) -> Iterator[None]:
    """No gradient reaches the parameters, and each of them wants what it wanted before."""
    parameters = list(module.parameters()) if module is not None else []
    wanted = [parameter.requires_grad for parameter in parameters]
    try:
        for parameter in parameters:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter, before in zip(parameters, wanted):
            parameter.requires_grad_(before)
