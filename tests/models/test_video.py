"""The video network: pooling over time against plain loops; a picture is a clip of one frame."""

from __future__ import annotations

import pytest
import torch

from reidapt.models.temporal import AttentionPool, ConvolutionPool, temporal_pool
from reidapt.models.video import VideoNet


@pytest.fixture
def frames() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.randn(3, 5, 8)


@pytest.mark.parametrize("kind", ["mean", "attention", "convolution"])
def test_every_pooling_starts_as_the_mean_and_takes_any_length(kind: str, frames: torch.Tensor) -> None:
    pool = temporal_pool(kind, 8)  # type: ignore[arg-type]
    for length in (1, 2, 5):
        assert torch.allclose(pool(frames[:, :length]), frames[:, :length].mean(1), atol=1e-6)


def test_attention_equals_a_plain_loop(frames: torch.Tensor) -> None:
    pool = AttentionPool(8, hidden=4)
    for parameter in pool.parameters():
        torch.nn.init.normal_(parameter)
    one, _, two = pool.score
    for clip, pooled in zip(frames, pool(frames)):
        scores = [float(two.weight @ torch.tanh(one.weight @ f + one.bias) + two.bias) for f in clip]
        weights = torch.tensor(scores).exp() / torch.tensor(scores).exp().sum()
        assert torch.allclose(pooled, sum(w * f for w, f in zip(weights, clip)), atol=1e-5)


def test_convolution_equals_a_plain_loop(frames: torch.Tensor) -> None:
    pool = ConvolutionPool(8)
    for parameter in pool.parameters():
        torch.nn.init.normal_(parameter)
    for clip, pooled in zip(frames, pool(frames)):
        zero, outputs = torch.zeros(8), []
        for t in range(5):
            near = [clip[t - 1] if t else zero, clip[t], clip[t + 1] if t < 4 else zero]
            hidden = torch.relu(sum(pool.mix.weight[:, :, k] @ near[k] for k in range(3)) + pool.mix.bias)
            outputs.append(clip[t] + pool.back.weight[:, :, 0] @ hidden + pool.back.bias)
        assert torch.allclose(pooled, torch.stack(outputs).mean(0), atol=1e-4)


def test_a_video_network_is_its_parts_one_after_the_other() -> None:
    torch.manual_seed(0)
    net = VideoNet("test_resnet", persons=4, weights="random", size=(32, 16), pooling="attention").eval()
    clips = torch.randn(2, 3, 3, 32, 16)
    features = torch.stack([net.features(clip) for clip in clips])
    assert torch.allclose(net.frame_features(clips), features, atol=1e-5)
    output = net(clips)
    assert torch.allclose(output.feature, net.temporal(features), atol=1e-5)
    unit = torch.nn.functional.normalize(net.neck(output.feature), dim=1)
    assert torch.allclose(net.embed(clips), unit, atol=1e-5)
    assert torch.allclose(net.embed(clips[:, 0]), net.embed(clips[:, :1]), atol=1e-6)
    assert torch.allclose(net(clips[:, 0]).logits, net(clips[:, :1]).logits, atol=1e-6)
