"""The re-ID network: any timm backbone, pooled to one feature, BNNeck, classifier (Luo et al. 2019, "Bag of Tricks")."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any, NamedTuple

import timm
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from reidapt.errors import ConfigError, first_line
from reidapt.models.encoder_backbone import EncoderBackbone, encoder_options


class ReidOutput(NamedTuple):
    """What one forward pass gives: the triplet feature f_t, the BN feature f_i and the identity logits."""

    feature: Tensor  # (B, D), before the neck
    neck: Tensor  # (B, D), after the neck
    logits: Tensor  # (B, persons); (B, 0) for a network without classifier


class ReidNet(nn.Module):
    """Backbone → average pool → f_t → BN without bias → f_i → linear classifier without bias.

    Args:
        backbone: a timm model name, e.g. ``resnet50``, ``resnet10t``, ``vit_small_patch16_224``; or the encoder of a
            translation in place of a ResNet's stem and first stage, e.g. ``encoder9+resnet50`` (nine residual blocks).
        persons: number of training identities; 0 leaves the classifier out.
        weights: ``imagenet`` (timm's pretrained weights), ``random``, or the path of a backbone state file.
        size: (height, width) of the pictures in px; only vision transformers need it.
        last_stride: stride of the last residual stage, 1 (as in the source) or 2; ignored where there is none.

    Raises:
        ConfigError: unknown backbone, or the weights cannot be had.
    """

    def __init__(
        self,
        backbone: str = "resnet50",
        *,
        persons: int,
        weights: str = "imagenet",
        size: tuple[int, int] = (256, 128),
        last_stride: int = 1,
    ) -> None:
        super().__init__()
        self.backbone = create_backbone(backbone, weights=weights, size=size)
        if last_stride == 1:
            remove_last_stride(self.backbone)
        dim = int(self.backbone.num_features)
        self.dim = dim
        self.neck = nn.BatchNorm1d(dim)
        self.neck.bias.requires_grad_(False)  # BNNeck: the shift is fixed at zero
        with warnings.catch_warnings():  # the classifier of no person: PyTorch warns that it initialises nothing
            warnings.filterwarnings("ignore", "Initializing zero-element tensors")
            self.classifier = nn.Linear(dim, persons, bias=False)
        nn.init.normal_(self.classifier.weight, std=0.001)

    def features(self, images: Tensor) -> Tensor:
        """f_t: float32 (B, D) from normalised pictures (B, 3, H, W)."""
        return self.pooled(self.backbone.forward_features(images))

    def pooled(self, maps: Tensor) -> Tensor:
        """f_t: float32 (B, D) from what the backbone gives."""
        if maps.ndim == 4 and maps.shape[1] == self.dim:
            return maps.float().mean(dim=(2, 3))
        return self.backbone.forward_head(maps, pre_logits=True).float()

    def feature_maps(self, images: Tensor) -> Tensor:
        """The backbone's last maps, float32 (B, D, h, w), of normalised pictures (B, 3, H, W).

        Raises:
            ConfigError: a backbone without maps, such as a vision transformer.
        """
        maps = self.backbone.forward_features(images)
        if maps.ndim != 4 or maps.shape[1] != self.dim:
            raise ConfigError(
                f"The backbone gives features of shape {tuple(maps.shape[1:])} a picture, no maps (channels, height, "
                "width); use pooled features, or a convolutional backbone."
            )
        return maps.float()

    def forward(self, images: Tensor) -> ReidOutput:
        return self.head(self.features(images))

    def head(self, feature: Tensor) -> ReidOutput:
        """Neck and classifier on features f_t, float32 (B, D)."""
        neck = self.neck(feature)
        return ReidOutput(feature, neck, self.classifier(neck).float())

    def embed(self, images: Tensor) -> Tensor:
        """L2-normalised f_i, float32 (B, D): the feature that ranks."""
        return F.normalize(self.neck(self.features(images)).float(), dim=1)


def create_backbone(name: str, *, weights: str, size: tuple[int, int]) -> Any:
    """A timm model without its classifier; see :class:`ReidNet` for the arguments."""
    if (joined := encoder_options(name)) is not None:
        options, resnet = joined
        return EncoderBackbone(create_backbone(resnet, weights=weights, size=size), **options)
    if name not in timm.list_models():
        close = timm.list_models(f"*{name}*")[:3] or _nearest_models(name)
        raise ConfigError(f"timm {timm.__version__} has no backbone '{name}'; did you mean {' or '.join(close)}?")
    options = {"img_size": size} if "vit" in name or "swin" in name or "deit" in name else {}
    if weights == "imagenet":
        try:
            return timm.create_model(name, pretrained=True, num_classes=0, **options)
        except Exception as problem:
            raise ConfigError(
                f"The ImageNet weights of '{name}' could not be loaded ({first_line(problem)}). Connect to the network "
                "once so that timm can cache them, give a local state file with --weights PATH, or start from random "
                "weights with --weights random."
            ) from None
    model = timm.create_model(name, pretrained=False, num_classes=0, **options)
    if weights != "random":
        load_backbone(model, Path(weights))
    return model


def load_backbone(model: nn.Module, path: Path) -> None:
    """Load a backbone's state file (``.pt``/``.pth``/``.safetensors``); classifier rows are left out."""
    if not path.is_file():
        raise ConfigError(
            f"--weights is 'imagenet', 'random' or the path of a state file; '{path}' is none of these (no such file)."
        )
    try:
        if path.suffix == ".safetensors":
            from safetensors.torch import load_file

            loaded: Any = load_file(path)
        else:
            loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as problem:
        raise ConfigError(f"The weights file {path} cannot be read: {first_line(problem)}") from None
    state: dict[str, Any] = loaded.get("state_dict", loaded)
    own = model.state_dict()
    fitting = {key: value for key, value in state.items() if key in own and own[key].shape == value.shape}
    missing = [key for key in own if key not in fitting]
    if missing:
        raise ConfigError(
            f"The weights file {path} is of another architecture: {len(missing)} of {len(own)} tensors are missing or "
            f"have another shape, first '{missing[0]}' (expected {tuple(own[missing[0]].shape)}). Choose the backbone "
            "that the file was made from."
        )
    model.load_state_dict(fitting)


def remove_last_stride(backbone: nn.Module) -> None:
    """Set the stride of a ResNet's last stage to 1, so that a 256×128 picture gives a 16×8 map (Sun et al. 2018)."""
    stage = getattr(backbone, "layer4", None)
    if stage is None:
        return
    for module in stage.modules():
        if isinstance(module, nn.Conv2d) and module.stride == (2, 2):
            module.stride = (1, 1)
        if isinstance(module, nn.AvgPool2d) and module.stride in (2, (2, 2)):
            module.kernel_size, module.stride = 1, 1


def _nearest_models(name: str) -> list[str]:
    import difflib

    return difflib.get_close_matches(name, timm.list_models(), n=3, cutoff=0.3) or ["resnet50", "resnet10t"]
