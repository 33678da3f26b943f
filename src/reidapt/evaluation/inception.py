"""The Inception-v3 of the Fréchet inception distance: torchvision's, with the pooling of the network of 2015."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional
from torchvision.models import inception

HEAD = ("avgpool", "dropout", "fc")


class PooledA(inception.InceptionA):
    """Average pooling that leaves the padding out."""

    def _forward(self, x: Tensor) -> list[Tensor]:
        return [*super()._forward(x)[:-1], self.branch_pool(average(x))]


class PooledC(inception.InceptionC):
    """Average pooling that leaves the padding out."""

    def _forward(self, x: Tensor) -> list[Tensor]:
        return [*super()._forward(x)[:-1], self.branch_pool(average(x))]


class PooledE(inception.InceptionE):
    """Average pooling that leaves the padding out; in the last block, which has 2048 channels before it, maxima."""

    def _forward(self, x: Tensor) -> list[Tensor]:
        pooled = functional.max_pool2d(x, 3, stride=1, padding=1) if x.shape[1] == 2048 else average(x)
        return [*super()._forward(x)[:-1], self.branch_pool(pooled)]


class FidInception(inception.Inception3):
    """Pictures uint8 (B, 3, H, W) -> float32 (B, 2048), the pooled features before the classifier.

    The names of its state are those of the PyTorch port of the weights of 2015-12-05.
    """

    def __init__(self) -> None:
        blocks = [
            inception.BasicConv2d,
            PooledA,
            inception.InceptionB,
            PooledC,
            inception.InceptionD,
            PooledE,
            inception.InceptionAux,
        ]
        super().__init__(num_classes=1008, aux_logits=False, inception_blocks=blocks, init_weights=False)

    def forward(self, pictures: Tensor) -> Tensor:
        x = functional.interpolate(pictures.float() / 255, (299, 299), mode="bilinear", align_corners=False)
        x = 2 * x - 1
        for name, module in self.named_children():
            if name not in HEAD:
                x = module(x)
        return x.mean(dim=(2, 3))


def average(x: Tensor) -> Tensor:
    """3x3 means of stride 1 that count no padding."""
    return functional.avg_pool2d(x, 3, stride=1, padding=1, count_include_pad=False)
