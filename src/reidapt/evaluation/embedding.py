"""Turn pictures into embeddings with any model, batch after batch."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import torch
from torch import Tensor, nn
from torch.nn import functional

from reidapt.errors import ConfigError, DataError
from reidapt.models.narrow import NarrowConvolutions

Embedder = Callable[[Tensor], Tensor]


class PictureStore(Protocol):
    """What embeddings are computed from; `reidapt.data.CropStore` is one."""

    def __len__(self) -> int: ...

    def images(self, indices: Tensor) -> Tensor:
        """uint8 (B, 3, H, W) of the rows `indices` (B,) int64."""
        ...


def embed(
    model: Any,
    store: PictureStore,
    batch_size: int = 256,
    flip: bool = False,
    strips: int = 0,
    device: torch.device | str | None = None,
    progress: Callable[[int, int], None] | None = None,
    bf16: bool = False,
) -> Tensor:
    """L2-normalised embeddings of all pictures of `store`, in its order.

    The model is in evaluation mode during the call, and every part of it is put back in its mode afterwards. The result
    doesn't depend on `batch_size` beyond floating point rounding.

    Args:
        model: something with `embed(images)`, else a callable: float32 (B, 3, H, W) normalised pictures -> (B, D). One
            whose `takes_modality` is true is called as `embed(images, modality)` with int64 (B,), see `modality_codes`.
        store: the pictures; with a `table` where the model takes modalities.
        batch_size: pictures at once.
        flip: average the embeddings of each picture and its mirror image. Say so in the result
            (`rank(..., record={"flip": True})`).
        strips: instead of the model's embedding, the maxima of its feature maps over this many horizontal strips, one
            after the other (LMP, Deng et al., CVPR 2018); the model needs `feature_maps(images)`. 0 is off.
        device: where to compute; by default where the model's parameters are, else the CPU.
        progress: called with (pictures done, pictures in all) after every batch.
        bf16: run the model in bfloat16 autocast (faster on recent GPUs; embeddings differ by about 1e-2).

    Returns:
        (N, D) float32 on the CPU; each row has length 1.

    Raises:
        DataError: an empty store, or a model that gives something else than one vector a picture, or NaN.
    """
    total = len(store)
    if total == 0:
        raise DataError("there are no pictures to embed: the table is empty. Check the split and the selection.")
    if batch_size < 1:
        raise ValueError(f"batch_size is {batch_size}; expected at least 1.")
    codes = modality_codes(store) if getattr(model, "takes_modality", False) else None
    plain: Callable[..., Tensor] = model.embed if hasattr(model, "embed") else model
    if strips:
        plain = strip_maxima(model, strips)
    place = torch.device(device) if device is not None else module_device(model)
    features: Tensor | None = None
    half = torch.autocast(place.type, torch.bfloat16, enabled=bf16)
    with evaluating(model), torch.inference_mode(), half, NarrowConvolutions():
        for start in range(0, total, batch_size):
            indices = torch.arange(start, min(start + batch_size, total))
            function = plain if codes is None else functools.partial(plain, modality=codes[indices].to(place))
            batch = _embed_batch(function, store.images(indices).to(place, non_blocking=True), flip)
            if features is None:
                features = torch.empty(total, batch.shape[1])
            features[start : start + len(batch)] = batch.cpu()
            if progress is not None:
                progress(start + len(batch), total)
    assert features is not None
    bad = torch.nonzero(~torch.isfinite(features).all(dim=1)).flatten()
    if len(bad):
        raise DataError(
            f"the model gave NaN or infinite embeddings for {len(bad)} of {total} pictures (the first is picture "
            f"{int(bad[0])}); its weights have probably diverged. Use an earlier checkpoint or a smaller learning rate."
        )
    return features.clone()  # an ordinary tensor: those made in inference mode can't be used in training


def modality_codes(store: Any) -> Tensor:
    """int64 (N,) for the pictures of a store with a table: 0 = colour, 1 = any other modality."""
    return torch.from_numpy((store.table.column("modality") != "colour").astype("int64"))


def strip_maxima(model: Any, strips: int) -> Callable[..., Tensor]:
    """A function from pictures (B, 3, H, W) to (B, strips * D): the maximum of each map in each horizontal strip.

    Raises ConfigError where the model has no `feature_maps`, or they are lower than that.
    """
    maps_of = getattr(model, "feature_maps", None)
    if maps_of is None or strips < 1:
        raise ConfigError(
            f"pooling over {strips} strips isn't possible with {type(model).__name__}; expected a model with "
            "feature_maps(images) -> (B, D, h, w) and at least one strip. Use its own embedding instead."
        )

    def pooled(images: Tensor, **given: Tensor) -> Tensor:
        maps = maps_of(images, **given)
        if maps.shape[2] < strips:
            raise ConfigError(f"feature maps of {maps.shape[2]} rows can't be cut into {strips} strips; ask for fewer.")
        return functional.adaptive_max_pool2d(maps.float(), (strips, 1)).flatten(2).transpose(1, 2).flatten(1)

    return pooled


def _embed_batch(function: Embedder, pictures: Tensor, flip: bool) -> Tensor:
    """(B, D) float32 unit vectors of uint8 pictures (B, 3, H, W) or clips (B, T, 3, H, W)."""
    images = normalised(pictures)
    features = _checked(function(images), len(images))
    if flip:
        features = features + _checked(function(images.flip(-1)), len(images))
    return functional.normalize(features, dim=1)


def normalised(pictures: Tensor) -> Tensor:
    """Normalised float32 of uint8 pictures (B, 3, H, W) or clips (B, T, 3, H, W)."""
    from reidapt.data import normalise

    return normalise(pictures.flatten(0, -4)).view(pictures.shape)


def _checked(features: Any, pictures: int) -> Tensor:
    """Unit vectors from a model's output. Raises DataError on another shape."""
    if not isinstance(features, Tensor) or features.ndim != 2 or len(features) != pictures:
        found = tuple(features.shape) if isinstance(features, Tensor) else type(features).__name__
        raise DataError(
            f"the model gave {found} for {pictures} pictures; expected a tensor ({pictures}, D), one vector a picture."
        )
    return functional.normalize(features.float(), dim=1)


def module_device(model: Any) -> torch.device:
    """Where the model's first parameter or buffer is; the CPU if it has none."""
    if isinstance(model, nn.Module):
        for tensor in (*model.parameters(), *model.buffers()):
            return tensor.device
    return torch.device("cpu")


@contextlib.contextmanager
def evaluating(model: Any) -> Iterator[None]:
    """Put every module in evaluation mode, and afterwards each one back in the mode it had."""
    modules = list(model.modules()) if isinstance(model, nn.Module) else []
    training = [module.training for module in modules]
    try:
        for module in modules:
            module.training = False
        yield
    finally:
        for module, mode in zip(modules, training):
            module.training = mode
