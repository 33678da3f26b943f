"""Feature extractors for comparing image sets, each with a name and the hash of its weights; nothing is downloaded."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from reidapt.errors import ConfigError, first_line
from reidapt.evaluation.embedding import PictureStore, evaluating, module_device

FID_WEIGHTS = "6726825d"
"""First digits of the SHA-256 of the PyTorch port of the Inception weights of 2015-12-05, the only ones FID is named for."""


@dataclass(frozen=True)
class Extractor:
    """Turns pictures into feature vectors.

    Attributes:
        name: how results call it.
        sha256: of its weights.
        resize: what it does to a picture's size.
        run: uint8 (B, 3, H, W) -> float (B, D).
        model: the network that has to be in evaluation mode, if any.
        is_fid: True for the Inception weights that FID is defined by.
    """

    name: str
    sha256: str
    resize: str
    run: Callable[[Tensor], Tensor]
    model: Any = None
    is_fid: bool = False

    def features(
        self, store: PictureStore, batch_size: int = 64, progress: Callable[[int, int], None] | None = None
    ) -> np.ndarray:
        """(N, D) float64 features of all pictures of `store`, in its order."""
        device = module_device(self.model)
        parts = []
        with evaluating(self.model), torch.inference_mode():
            for start in range(0, len(store), batch_size):
                rows = torch.arange(start, min(start + batch_size, len(store)))
                parts.append(self.run(store.images(rows).to(device)).double().cpu().numpy())
                if progress is not None:
                    progress(start + len(rows), len(store))
        return np.concatenate(parts) if parts else np.empty((0, 0))


def from_model(model: Any, name: str, device: torch.device | str | None = None) -> Extractor:
    """The embedding of a re-ID model (something with `embed`, or a callable on normalised pictures)."""
    from reidapt.data import normalise

    function = model.embed if hasattr(model, "embed") else model
    place = torch.device(device) if device is not None else module_device(model)

    def run(pictures: Tensor) -> Tensor:
        return function(normalise(pictures.to(place)))

    return Extractor(name, weights_hash(model), "as the store gives them", run, model)


def random_network(seed: int = 0) -> Extractor:
    """Three random convolutions, pooled: needs no weights, gives the same features everywhere, means nothing by itself.

    Useful to try a measure out. Results call it "random-network", never FID or LPIPS.
    """
    network = random_layers(seed)

    def run(pictures: Tensor) -> Tensor:
        x = functional.interpolate(pictures.float() / 127.5 - 1, (64, 32), mode="bilinear", antialias=True)
        return torch.cat([layer.mean(dim=(2, 3)) for layer in stages(network, x)], dim=1)

    return Extractor(f"random-network-{seed}", weights_hash(network), "64x32 bilinear, antialiased", run, network)


def random_layers(seed: int) -> nn.Sequential:
    """The convolutions of `random_network`: three stages of stride 2 with 32, 64 and 128 channels."""
    generator = torch.Generator().manual_seed(seed)
    layers: list[nn.Module] = []
    for inside, outside in ((3, 32), (32, 64), (64, 128)):
        convolution = nn.Conv2d(inside, outside, 3, stride=2, padding=1, bias=False)
        with torch.no_grad():
            convolution.weight.normal_(0, (2 / (9 * inside)) ** 0.5, generator=generator)
        layers += [convolution, nn.ReLU()]
    return nn.Sequential(*layers).eval().requires_grad_(False)


def stages(network: nn.Sequential, x: Tensor) -> list[Tensor]:
    """The outputs of every second module."""
    found = []
    for position, module in enumerate(network):
        x = module(x)
        if position % 2:
            found.append(x)
    return found


def inception(path: str | Path, device: torch.device | str = "cpu") -> Extractor:
    """Inception-v3 pooled features (2048) with weights from a local file, as FID uses them.

    Pictures are resized to 299x299 (bilinear, no antialiasing) and scaled to -1..1. Only the weights of 2015-12-05
    (`pt_inception-2015-12-05-6726825d.pth`) make a Fréchet distance "FID".

    Raises:
        ConfigError: no such file, or one of another network.
    """
    from reidapt.evaluation.inception import FidInception

    file = Path(path)
    state, digest = load_weights(file, "the Inception weights (pt_inception-2015-12-05-6726825d.pth)")
    network = FidInception()
    try:
        network.load_state_dict(state)
    except RuntimeError as problem:
        raise ConfigError(
            f"{file} holds weights of another network than Inception-v3 with 1008 classes ({first_line(problem)}); "
            "expected pt_inception-2015-12-05-6726825d.pth."
        ) from None
    network = network.to(device).eval().requires_grad_(False)
    official = digest.startswith(FID_WEIGHTS)
    name = "inception-v3-2015-12-05" if official else f"inception-v3 ({file.name})"
    return Extractor(name, digest, "299x299 bilinear, not antialiased", network, network, official)


def load_weights(path: Path, what: str) -> tuple[dict[str, Tensor], str]:
    """(state, SHA-256 of the file). ConfigError naming `what` where the file can't be read as a state."""
    if not path.is_file():
        raise ConfigError(f"there is no file {path}; give the path of {what}. Nothing is downloaded.")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        state = state.get("state_dict", state)
        assert all(isinstance(value, Tensor) for value in state.values())
    except Exception as problem:
        raise ConfigError(f"{path} can't be read as {what}: {first_line(problem)}.") from None
    return state, hashlib.sha256(path.read_bytes()).hexdigest()


def weights_hash(model: Any) -> str:
    """SHA-256 of a module's parameters and buffers with their names; of its name where it has none."""
    digest = hashlib.sha256()
    if not isinstance(model, nn.Module):
        return hashlib.sha256(getattr(model, "__qualname__", type(model).__qualname__).encode()).hexdigest()
    for name, value in sorted(model.state_dict().items()):
        digest.update(name.encode())
        if isinstance(value, Tensor):
            digest.update(value.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy().tobytes())
    return digest.hexdigest()
