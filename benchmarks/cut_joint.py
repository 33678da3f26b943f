"""One training step of cut-joint beside the same losses written the plain way, in one process, alternating.

    python benchmarks/cut_joint.py [--height 256 --width 128 --batch 8] [--repeats 3] [--out results/benchmarks/cut-joint.json]

`plain_step` computes every term of the step as its formula says: float32, tensors in PyTorch's default layout, no pass shared
between terms but the encoder's on the source, which both decoder and head take; an optimiser of default implementation. The
step of `reidapt` shares passes, keeps channels last, computes in bfloat16 where the processor multiplies it natively, and
uses the fused optimiser. First both are compared in float32 with every patch taken, so that no random draw differs.

Times are the best of the repeats, of the process's CPU and of the clock. The last line is JSON.
"""

from __future__ import annotations

import argparse
import copy
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from _measure import finish, run_phases, timed
from torch import Tensor


def build(options: argparse.Namespace, **changes: Any) -> Any:
    """The thesis' networks and weights, random."""
    from reidapt.methods.cut_joint import CutJoint, CutJointConfig

    config = CutJointConfig(
        backbone=options.backbone, weights="random", height=options.height, width=options.width,
        persons_per_batch=options.batch, **changes,
    )  # fmt: skip
    torch.manual_seed(0)
    return CutJoint(config, persons=100)


def plain_generator_loss(method: Any, x: Tensor, y: Tensor, labels: Tensor) -> tuple[Tensor, Tensor]:
    """Adversarial, PatchNCE, similarity and identity loss of the generator, each by its formula; and G(x)."""
    c, net, discriminator = method.config, method.network, method.discriminator
    maps = method.encoder(x)
    fake = method.decoder(maps)
    loss = c.gan_weight * (discriminator(fake) - 1).square().mean()
    losses = []
    keys, queries = (method.encoder.features(p, set(c.layers)) for p in (x, fake))
    for layer in c.layers:
        height, width = keys[layer].shape[2:]
        places = torch.randperm(height * width)[: c.patches]
        k, q = (
            method.projectors[str(layer)](f[layer].flatten(2).transpose(1, 2)[:, places]).float()
            for f in (keys, queries)
        )
        logits = q @ k.detach().transpose(1, 2) / c.temperature
        wanted = torch.arange(logits.shape[1]).expand(len(x), -1)
        losses.append(F.cross_entropy(logits.transpose(1, 2), wanted))
    loss = loss + c.content_weight * sum(losses) / len(losses)
    real, generated = discriminator.features(y)[1], discriminator.features(fake)[1]
    loss = loss + c.similarity_weight * sum(F.mse_loss(g, r.detach()) for r, g in zip(real, generated)) / len(real)
    features = net.backbone.stages(maps).mean((2, 3))
    logits = net.classifier(net.neck(features))
    return loss + c.reid_weight * F.cross_entropy(logits, labels, label_smoothing=c.label_smoothing), fake


def plain_discriminator_loss(method: Any, x: Tensor, y: Tensor, fake: Tensor) -> Tensor:
    """Adversarial and similarity loss of the discriminator's phase."""
    discriminator = method.discriminator
    loss = 0.5 * ((discriminator(y) - 1).square().mean() + discriminator(fake.detach()).square().mean())
    source, generated = discriminator.features(x)[1], discriminator.features(fake.detach())[1]
    similarity = sum(F.mse_loss(g, s) for s, g in zip(source, generated)) / len(source)
    return loss + method.config.similarity_weight * similarity


def plain_step(method: Any, optimisers: dict[str, Any], x: Tensor, y: Tensor, labels: Tensor) -> dict[str, float]:
    """Both phases; returns their losses."""
    values = {}
    loss, fake = plain_generator_loss(method, x, y, labels)
    for phase in ("generator", "discriminator"):
        if phase == "discriminator":
            loss = plain_discriminator_loss(method, x, y, fake)
        optimisers[phase].zero_grad()
        loss.backward()
        optimisers[phase].step()
        values[phase] = float(loss.detach())
    return values


def plain_optimisers(method: Any) -> dict[str, Any]:
    """Adam over the same parameters, as PyTorch implements it by default."""
    return {
        phase: torch.optim.Adam(
            [p for g in optimiser.param_groups for p in g["params"]], lr=method.config.lr, betas=(method.config.beta1, 0.999),
            weight_decay=method.config.weight_decay,
        )
        for phase, optimiser in method.optimisers().items()
    }  # fmt: skip


def data(options: argparse.Namespace) -> tuple[Tensor, Tensor, Tensor]:
    """Pictures of source and target in −1..1, and labels."""
    torch.manual_seed(1)
    x, y = (torch.rand(options.batch, 3, options.height, options.width) * 2 - 1 for _ in range(2))
    return x, y, torch.arange(options.batch)


def batch_of(x: Tensor, y: Tensor, labels: Tensor) -> Any:
    """What the loop hands to a step."""
    from reidapt.data import Batch

    x, y = (t.contiguous(memory_format=torch.channels_last) for t in (x, y))
    return {"source": Batch(x, (x,), labels, labels, labels, 0), "target": Batch(y, (y,), labels, None, labels, 0)}


def differences(options: argparse.Namespace) -> dict[str, float]:
    """Relative difference of both losses in float32 on pictures of 64x32 px, over two steps."""
    small = argparse.Namespace(**{**vars(options), "height": 64, "width": 32})
    plain = build(small, patches=10**6, blocks=5)
    x, y, labels = data(small)
    shared = copy.deepcopy(plain).to(memory_format=torch.channels_last)
    optimisers = plain_optimisers(plain), shared.optimisers()
    found: dict[str, float] = {}
    for _ in range(2):
        one = plain_step(plain, optimisers[0], x, y, labels)
        two = run_phases(shared, optimisers[1], batch_of(x, y, labels), half=False)
        for phase in one:
            found[phase] = max(found.get(phase, 0.0), abs(one[phase] - two[phase]) / abs(one[phase]))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=128)
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--backbone", default="resnet50")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--threads", type=int, default=0)
    parser.add_argument("--float32", action="store_true", help="ours in float32 too: what the rest is worth")
    parser.add_argument("--out", type=Path, help="also write the JSON here, with machine and commit")
    options = parser.parse_args()
    if options.threads:
        torch.set_num_threads(options.threads)
    from reidapt.training.precision import native_bfloat16

    half = native_bfloat16() and not options.float32
    report: dict[str, Any] = {
        "size": [options.height, options.width], "batch": options.batch, "backbone": options.backbone,
        "ours": "bfloat16" if half else "float32", "difference_float32": differences(options),
    }  # fmt: skip
    x, y, labels = data(options)
    plain, shared = build(options), build(options).to(memory_format=torch.channels_last)
    optimisers, batch = (plain_optimisers(plain), shared.optimisers()), batch_of(x, y, labels)
    times: dict[str, list[tuple[float, float]]] = {"plain": [], "ours": []}
    for _ in range(options.repeats + 1):  # the first of each is a warm-up
        timed(lambda: plain_step(plain, optimisers[0], x, y, labels), times["plain"])
        timed(lambda: run_phases(shared, optimisers[1], batch, half), times["ours"])
    for name, found in times.items():
        report[f"{name}_s"], report[f"{name}_cpu_s"] = (min(column) for column in list(zip(*found[1:])))
    report["faster_cpu"] = report["plain_cpu_s"] / report["ours_cpu_s"]
    report["faster"] = report["plain_s"] / report["ours_s"]
    finish(report, options.out)


if __name__ == "__main__":
    main()
