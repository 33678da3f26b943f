"""A way around a wrong convolution: oneDNN's AMX kernel leaves a part of one-column outputs unwritten."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def widen_narrow_outputs(network: nn.Module) -> None:
    """Let strided convolutions compute two output columns where one is asked for, in bfloat16 on the CPU; in place.

    In bfloat16 on processors with AMX, the oneDNN of PyTorch 2.14 computes a 3×3 convolution of stride 2 whose output is
    one column wide and several rows high wrongly: half of the output is whatever the memory held before, NaN now and
    then. A ResNet with its last stride meets this shape at 64×32 px.
    """
    for module in network.modules():
        if type(module) is nn.Conv2d and module.stride[1] > 1 and module.padding_mode == "zeros":
            module.__class__ = WidenedConv2d


class WidenedConv2d(nn.Conv2d):
    """A convolution that gets zero columns on its right and loses the second output column, where it would have one.

    The padding is zero anyway: values and gradients are the same.
    """

    def _conv_forward(self, images: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if not self.affected(images):
            return super()._conv_forward(images, weight, bias)
        return super()._conv_forward(F.pad(images, (0, self.stride[1])), weight, bias)[..., :1]

    def affected(self, images: Tensor) -> bool:
        """Whether the faulty kernel would compute an output of one column."""
        if images.device.type != "cpu" or isinstance(self.padding, str):
            return False
        autocast = torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16
        reach = self.dilation[1] * (self.kernel_size[1] - 1) + 1
        one_column = (images.shape[-1] + 2 * self.padding[1] - reach) // self.stride[1] == 0
        return one_column and (autocast or images.dtype == torch.bfloat16)
