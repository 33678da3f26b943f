"""One training step of background-gan beside the same losses written the plain way, in one process, alternating.

    python benchmarks/background_gan.py [--height 256 --width 128 --batch 8] [--repeats 5] [--out FILE]

`plain_step` is pix2pix's step with the report's losses as their formulas say: float32, PyTorch's default layout, eager, an
optimiser of default implementation. The step of `reidapt` keeps channels last, computes in bfloat16 where the processor
multiplies it natively, and uses the fused optimiser. First both are compared in float32 without dropout.

Times are medians over the repeats, of the clock and of the process's CPU. The last line is JSON.
"""

from __future__ import annotations

import argparse
import copy
import statistics
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from _measure import finish, machine, run_phases, timed
from torch import Tensor


def build(options: argparse.Namespace, **changes: Any) -> Any:
    """The report's networks and weights, random."""
    from reidapt.methods.background_gan import BackgroundGan, BackgroundGanConfig

    values = {"height": options.height, "width": options.width, "batch_size": options.batch, **changes}
    torch.manual_seed(0)
    return BackgroundGan(BackgroundGanConfig(model=4, **values), persons=0)


def plain_step(
    method: Any, optimisers: dict[str, Any], x: Tensor, y: Tensor, m_in: Tensor, m_out: Tensor
) -> list[float]:
    """Eq. 6-9 of the report, one after the other: the discriminator's loss, the generator's."""
    c, generator, discriminator = method.config, method.generator, method.discriminator
    fake = generator(x)
    condition = x * (1 - m_in)
    real, drawn = (discriminator(torch.cat([condition, picture], 1)) for picture in (y, fake.detach()))
    loss_d = 0.5 * (
        F.binary_cross_entropy_with_logits(real, torch.ones_like(real))
        + F.binary_cross_entropy_with_logits(drawn, torch.zeros_like(drawn))
    )
    optimisers["discriminator"].zero_grad()
    loss_d.backward()
    optimisers["discriminator"].step()
    verdict = discriminator(torch.cat([condition, fake], 1))
    loss_g = F.binary_cross_entropy_with_logits(verdict, torch.ones_like(verdict))
    loss_g = loss_g + c.foreground_weight * (fake * m_in - x * m_in).abs().mean()
    outside = (1 - m_in) * (1 - m_out)
    loss_g = loss_g + c.background_weight * (fake * outside - y * outside).abs().mean()
    optimisers["generator"].zero_grad()
    loss_g.backward()
    optimisers["generator"].step()
    return [float(loss_d.detach()), float(loss_g.detach())]


def plain_optimisers(method: Any) -> dict[str, Any]:
    """Adam over the same parameters, as PyTorch implements it by default."""
    c = method.config
    networks = {"discriminator": method.discriminator, "generator": method.generator}
    return {name: torch.optim.Adam(n.parameters(), lr=c.lr, betas=(c.beta1, 0.999)) for name, n in networks.items()}


def data(options: argparse.Namespace) -> tuple[Tensor, ...]:
    """Two batches of pictures in −1..1 and their masks in 0..1."""
    torch.manual_seed(1)
    shape = (options.batch, 3, options.height, options.width)
    pictures = [torch.rand(shape) * 2 - 1 for _ in range(2)]
    masks = [(torch.rand(shape)[:, :1] > 0.6).float() for _ in range(2)]
    return (*pictures, *masks)


def batch_of(x: Tensor, y: Tensor, m_in: Tensor, m_out: Tensor) -> Any:
    """What the loop hands to a step."""
    from reidapt.data import Batch

    rows = torch.arange(len(x))
    pairs = ((p.contiguous(memory_format=torch.channels_last), m) for p, m in ((x, m_in), (y, m_out)))
    source, target = (Batch(p, (p,), rows, None, rows, 0, m) for p, m in pairs)
    return {"source": source, "target": target}


def difference(options: argparse.Namespace) -> float:
    """Largest relative difference of both losses of a step, in float32 at 64×32 px without dropout."""
    small = argparse.Namespace(**{**vars(options), "height": 64, "width": 32})
    plain = build(small, dropout=0.0)
    ours = copy.deepcopy(plain).to(memory_format=torch.channels_last)
    one = plain_step(plain, plain_optimisers(plain), *data(small))
    two = run_phases(ours, ours.optimisers(), batch_of(*data(small)), half=False).values()
    return max(abs(a - b) / abs(a) for a, b in zip(one, two))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=0, help="0 = as PyTorch chooses")
    parser.add_argument("--out", type=Path, help="also write the JSON here, with machine and commit")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    from reidapt.training.precision import native_bfloat16

    about = machine()
    report: dict[str, Any] = {"size": f"{options.height}x{options.width}", "batch": options.batch}
    report["difference"] = difference(options)
    plain, half = build(options), native_bfloat16()
    ours = copy.deepcopy(plain).to(memory_format=torch.channels_last)
    optimisers = plain_optimisers(plain), ours.optimisers()
    x, batch = data(options), batch_of(*data(options))
    times: dict[str, list[tuple[float, float]]] = {"plain": [], "ours": []}
    for _ in range(options.repeats + 1):
        timed(lambda: plain_step(plain, optimisers[0], *x), times["plain"])
        timed(lambda: run_phases(ours, optimisers[1], batch, half), times["ours"])
    for name, each in times.items():
        report[f"{name}_s"], report[f"{name}_cpu_s"] = (statistics.median(t) for t in zip(*each[1:]))
    report |= {"bfloat16": half, "faster": report["plain_s"] / report["ours_s"]}
    report["faster_cpu"] = report["plain_cpu_s"] / report["ours_cpu_s"]
    finish(report, options.out, about)


if __name__ == "__main__":
    main()
