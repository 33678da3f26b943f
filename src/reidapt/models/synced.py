"""BatchNorm over the batch of all processes together."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from reidapt import processes
from reidapt.errors import ConfigError

BatchNorm = nn.modules.batchnorm._BatchNorm


def synchronise_statistics(network: nn.Module) -> None:
    """Let every BatchNorm layer normalise by the global batch, in place; the layers keep their names and tensors.

    Raises:
        ConfigError: a kind of BatchNorm whose arithmetic is not known here.
    """
    for module in network.modules():
        if type(module) is nn.BatchNorm1d:
            module.__class__ = SyncedBatchNorm1d
        elif type(module) is nn.BatchNorm2d:
            module.__class__ = SyncedBatchNorm2d
        elif isinstance(module, BatchNorm) and not isinstance(module, _Synced):
            raise ConfigError(
                f"The network has layers of type {type(module).__name__}, which cannot share their statistics between "
                "processes; train it in one process, or choose a backbone with plain BatchNorm, e.g. resnet50."
            )


class _Synced(BatchNorm):
    def forward(self, input: Tensor) -> Tensor:
        if not self.training or processes.count() == 1:
            return super().forward(input)
        x = input.float()
        axes = [0, *range(2, x.ndim)]
        shape = [1, -1, *[1] * (x.ndim - 2)]
        size = processes.summed(torch.tensor(float(x.numel() // x.shape[1]), device=x.device))
        mean = processes.summed(x.sum(axes)) / size
        centred = x - mean.view(shape)
        variance = processes.summed(centred.square().sum(axes)) / size
        self.track(mean.detach(), variance.detach() * size / (size - 1).clamp(min=1))
        result = centred * (variance + self.eps).rsqrt().view(shape)
        if self.affine:
            result = result * self.weight.view(shape) + self.bias.view(shape)
        return result.to(input.dtype)

    @torch.no_grad()
    def track(self, mean: Tensor, variance: Tensor) -> None:
        """Move the running statistics as nn.BatchNorm does."""
        if self.running_mean is None or self.running_var is None or self.num_batches_tracked is None:
            return
        self.num_batches_tracked.add_(1)
        share = 1.0 / float(self.num_batches_tracked) if self.momentum is None else self.momentum
        self.running_mean.lerp_(mean, share)
        self.running_var.lerp_(variance, share)


class SyncedBatchNorm1d(_Synced, nn.BatchNorm1d):
    """nn.BatchNorm1d over the global batch."""


class SyncedBatchNorm2d(_Synced, nn.BatchNorm2d):
    """nn.BatchNorm2d over the global batch."""
