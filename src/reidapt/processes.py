"""Several processes that train one model together: who am I, gather, sum; without torchrun, one process and no-ops.

Every process works on its rows of every global batch, but losses are computed by all of them on the gathered features of
the whole batch. The loss is then a function of the global batch alone, however many processes share the work; a process
differentiates it through its own rows, and the sum of the processes' gradients is the gradient.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor

from reidapt.errors import ConfigError

T = TypeVar("T")


@contextmanager
def joined(device: str) -> Iterator[None]:
    """Within the context the processes that torchrun started know each other; nothing happens without torchrun.

    Raises:
        ConfigError: several processes, but ``device`` names one of several GPUs.
    """
    if int(os.environ.get("WORLD_SIZE", "1")) == 1 or dist.is_initialized():
        yield
        return
    if ":" in device:
        raise ConfigError(
            f"Option 'device' is '{device}', but {os.environ['WORLD_SIZE']} processes were started; each takes a device of "
            "its own, so give --device cuda or cpu."
        )
    cuda = device == "cuda" or (device == "auto" and torch.cuda.is_available())
    if cuda:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if cuda else "gloo")
    try:
        yield
    finally:
        dist.destroy_process_group()


def count() -> int:
    """Number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def rank() -> int:
    """This process's number; 0 writes the run folder."""
    return dist.get_rank() if dist.is_initialized() else 0


def own(rows: int) -> slice:
    """Which of ``rows`` consecutive rows are this process's: shares differ by one row at most, in the order of ranks."""
    whole, rest = divmod(rows, count())
    start = rank() * whole + min(rank(), rest)
    return slice(start, start + whole + (rank() < rest))


def gathered(rows: Tensor) -> Tensor:
    """The rows of all processes (B, ...) from each one's share, in the order of ranks; differentiable in its own rows."""
    return rows if count() == 1 else _Gather.apply(rows)


def summed(tensor: Tensor) -> Tensor:
    """The sum over all processes; differentiable, the gradients of all processes being summed too."""
    return tensor if count() == 1 else _Sum.apply(tensor)


def any_of(flag: bool) -> bool:
    """Whether the flag is set in any process."""
    if count() == 1:
        return flag
    votes = torch.tensor(float(flag), device=_device())
    dist.all_reduce(votes)
    return bool(votes > 0)


def _device() -> torch.device:
    """Where tensors must be for the processes to exchange them."""
    return torch.device("cuda", torch.cuda.current_device()) if dist.get_backend() == "nccl" else torch.device("cpu")


def sum_gradients(parameters: list[torch.nn.Parameter]) -> None:
    """Replace every gradient by the sum over all processes."""
    gradients = [p.grad for p in parameters if p.grad is not None]
    if count() == 1 or not gradients:
        return
    flat = torch.cat([g.flatten() for g in gradients])
    dist.all_reduce(flat)
    for gradient, part in zip(gradients, flat.split([g.numel() for g in gradients])):
        gradient.copy_(part.view_as(gradient))


def once(work: Callable[[], T]) -> T:
    """Do ``work`` in process 0 and hand its result (or its exception) to all."""
    if count() == 1:
        return work()
    done: list[Any] = [None, None]
    if rank() == 0:
        try:
            done[0] = work()
        except Exception as problem:
            done[1] = problem
    dist.broadcast_object_list(done, device=_device())
    if done[1] is not None:
        raise done[1]
    return done[0]


class _Gather(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor) -> Tensor:
        sizes = torch.zeros(count(), dtype=torch.int64, device=rows.device)
        sizes[rank()] = len(rows)
        dist.all_reduce(sizes)
        ctx.place = int(sizes[: rank()].sum()), int(sizes[: rank() + 1].sum())
        whole = rows.new_zeros(int(sizes.sum()), *rows.shape[1:])
        whole[slice(*ctx.place)] = rows
        dist.all_reduce(whole)  # shares may differ in size, and adding to zero changes no bit
        return whole

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        return gradients[0][slice(*ctx.place)]


class _Sum(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, tensor: Tensor) -> Tensor:
        total = tensor.clone()
        dist.all_reduce(total)
        return total

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Tensor:
        total = gradients[0].contiguous().clone()
        dist.all_reduce(total)
        return total
