"""context-rendering: what each network sees, which judge moves when, cameras and masks that are missing, exact resume."""

import shutil

import numpy as np
import pytest
import torch
from tests.conftest import QUICK
from tests.masked_market import write_masked_market
from tests.rendering_options import QUICK_CONTEXT
from tests.training.test_resume import Killed, assert_same_weights

from reidapt.data import CropStore, Loader, read
from reidapt.errors import DataError, RunError
from reidapt.methods.base import Contexts
from reidapt.methods.context_rendering import ContextRendering, ContextRenderingConfig, as_reid
from reidapt.methods.redrawing import without_person, without_surroundings
from reidapt.methods.source_only import SourceOnlyConfig
from reidapt.training import Run, load, train


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    root = tmp_path_factory.mktemp("context")
    return (
        write_masked_market(root / "source", train=5, test=3, cameras=2),
        write_masked_market(root / "target", train=4, test=2, cameras=3, seed=7),
    )


def config(places, out="", **options):
    data = {"source": f"market1501:{places[0]}", "target": f"market1501:{places[1]}", "out": str(out)}
    return ContextRenderingConfig(**{**QUICK_CONTEXT, **data, **options})


def attached(places, without=(), **options):
    c = config(places, **options)
    source, target = (read(f"market1501:{place}").select(split="train") for place in places)
    target = target.unlabelled()
    if "camera" in without:
        target = target.assign(camera=-1)
    torch.manual_seed(0)
    method = ContextRendering(c, persons=5)
    method.attach(source=CropStore(source, c.size), target=CropStore(target, c.size))
    return method


def batch_of(method, epoch):
    return {
        name: next(iter(Loader(s.store, s.batches, s.augment, stream=name, labels=s.labels, masks=s.masks)))
        for name, s in method.streams(epoch).items()
    }


def step(method, epoch):
    """One step as the loop does it; the phases that moved and what they cost."""
    optimisers, losses = method.optimisers(), {}
    method.train()
    for phase, loss in method.step(batch_of(method, epoch)):
        optimisers[phase].zero_grad()
        loss.backward()
        optimisers[phase].step()
        losses[phase] = loss.item()
    return losses


def state(network):
    return {key: value.clone() for key, value in network.state_dict().items() if isinstance(value, torch.Tensor)}


def same(a, b):
    return all(torch.equal(a[key], b[key]) for key in a)


def test_the_judges_are_trained_first_and_then_never_move(places):
    method = attached(places)
    before = {name: state(network) for name, network in method.named_children()}
    assert set(step(method, 0)) == {"identity", "camera"}
    moved = {name for name, network in method.named_children() if not same(before[name], state(network))}
    assert moved == {"identity", "camera"}
    before = {name: state(network) for name, network in method.named_children()}
    for _ in range(2):
        assert set(step(method, 1)) == {"discriminator", "generator"}
    moved = {name for name, network in method.named_children() if not same(before[name], state(network))}
    assert moved == {"discriminator", "generator"}  # running statistics included


def test_each_phase_reaches_its_own_network_alone(places):
    method = attached(places)
    for phase, loss in method.step(batch_of(method, 1)):
        method.zero_grad(set_to_none=True)
        loss.backward()
        touched = {name for name, n in method.named_children() if any(p.grad is not None for p in n.parameters())}
        assert touched == {phase}


def test_losses_equal_plain_loops(places):
    """Every term of the generator's loss, from G's picture, pixel by pixel and class by class."""
    method = attached(places, batch_size=3, adversarial_weight=2.0, identity_weight=3.0, camera_weight=4.0)
    batch = batch_of(method, 1)
    batch["target"].masks.copy_(batch["target"].masks.roll(5, dims=3))  # all people here stand in one place
    batch["source"].masks[..., 3:-3:2, :] *= 0.7  # and have hard outlines
    method.train()
    held = []
    handle = method.generator.register_forward_hook(lambda module, given, out: held.append(out.picture.detach()))
    for _ in method.step(batch):
        pass
    handle.remove()
    (x_g,) = held
    x_s, x_t, m_s, m_t = (getattr(batch[r], k) for k in ("images", "masks") for r in ("source", "target"))
    terms = {name.removeprefix("loss/"): value for name, value in method.recorder.flush().items() if "loss/" in name}

    def cross_entropy(logits, wanted):
        return -sum(float(torch.log_softmax(row, 0)[int(w)]) for row, w in zip(logits, wanted)) / len(logits)

    def norm(a, b, weight):
        rows = [(((a[n] - b[n]) * weight[n]) ** 2).sum() / a[n].numel() for n in range(len(a))]
        return float(sum(torch.sqrt(row + 1e-8) for row in rows)) / len(a)

    with torch.no_grad():
        verdicts = method.discriminator(x_g).flatten().tolist()
        adversarial = sum(np.log1p(np.exp(-v)) for v in verdicts) / len(verdicts)
        identity = cross_entropy(method.identity.eval()(as_reid(x_g)).logits, batch["source"].labels)
        classes = [sorted({1, 2, 3}).index(int(camera)) for camera in batch["target"].camera]
        camera = cross_entropy(method.camera.eval()(x_g), classes)
    assert terms["adversarial"] == pytest.approx(2 * adversarial, rel=1e-4)
    assert terms["identity"] == pytest.approx(3 * identity, rel=1e-4)
    assert terms["camera"] == pytest.approx(4 * camera, rel=1e-4)
    assert terms["person"] == pytest.approx(10 * norm(x_g, without_surroundings(x_s, m_s), m_s), rel=1e-4)
    assert terms["context"] == pytest.approx(10 * norm(x_g, x_t, (1 - m_s) * (1 - m_t)), rel=1e-4)
    assert terms["band"] == pytest.approx(5 * norm(x_g, without_person(x_t, m_t), (1 - m_s) * m_t), rel=1e-4)


def test_the_targets_person_is_not_seen(places):
    """Whoever stands in X_T, X_G is the same; what is behind them matters."""
    method = attached(places).eval()
    batch = batch_of(method, 1)
    x_s, x_t, m_s, m_t = (getattr(batch[r], k) for k in ("images", "masks") for r in ("source", "target"))
    drawn = method.draw(x_s, m_s, x_t, m_t).picture
    other = torch.randn_like(x_t)
    assert torch.equal(drawn, method.draw(x_s, m_s, torch.where(m_t == 1, other, x_t), m_t).picture)
    assert not torch.equal(drawn, method.draw(x_s, m_s, torch.where(m_t == 1, x_t, other), m_t).picture)


def test_what_lay_around_the_source_is_not_seen(places):
    """The person alone is taken over, and of a pixel on the outline only as much as is more person than not."""
    method = attached(places).eval()
    batch = batch_of(method, 1)
    x_s, x_t, m_s, m_t = (getattr(batch[r], k) for k in ("images", "masks") for r in ("source", "target"))
    drawn = method.draw(x_s, m_s, x_t, m_t).picture
    other = torch.where(m_s == 0, torch.randn_like(x_s), x_s)
    assert torch.equal(drawn, method.draw(other, m_s, x_t, m_t).picture)
    assert not torch.equal(drawn, attached(places, source_mask=False).eval().draw(other, m_s, x_t, m_t).picture)

    mask = torch.zeros(1, 1, 8, 6)
    mask[..., 2:6, 2:4] = 1
    for share in (0.3, 0.5, 0.75):
        mask[..., 2:6, 1] = share  # an outline before white
        seen = 0.25 * mask + (1 - mask)
        alone = without_surroundings(seen.expand(-1, 3, -1, -1), mask)
        assert torch.equal(alone[..., 2:6, 2:4], torch.full((1, 3, 4, 2), 0.25))
        rim = alone[..., 2:6, 1]
        if share > 0.5:
            assert float(rim.max()) < float(seen[..., 2:6, 1].min()) - 0.05
        else:
            assert torch.allclose(rim, torch.tensor(0.25))


def test_with_the_source_as_context_the_generator_can_return_the_source(places):
    method = attached(places, source_mask=False)  # has to find the person by itself
    batch = batch_of(method, 1)["source"]
    x, mask = batch.images, batch.masks
    optimiser, errors = torch.optim.Adam(method.generator.parameters(), lr=5e-3), []
    for _ in range(120):
        error = (method.draw(x, mask, x, mask).picture - x).square().mean()
        errors.append(error.item())
        optimiser.zero_grad()
        error.backward()
        optimiser.step()
    assert errors[0] > 0.02
    assert errors[-1] < 0.002


def test_without_cameras_the_camera_term_is_off_and_said(places, caplog):
    method = attached(places, without=("camera",))
    assert "camera loss is off" in caplog.text
    assert method.camera is None
    assert set(step(method, 0)) == {"identity"}
    assert set(step(method, 1)) == {"discriminator", "generator"}
    assert not any("camera" in name for name in method.recorder.flush())


def test_crops_with_bad_masks_are_left_out_of_the_generators_training(places, tmp_path):
    copy = shutil.copytree(places[0], tmp_path / "copy")
    bad = sorted((copy / "masks" / "bounding_box_train").iterdir())[:3]
    bad[0].unlink()
    bad[1].write_bytes(b"no picture")
    method = attached((copy, places[1]))
    counts = [sum(map(len, method.streams(epoch)["source"].batches)) for epoch in (0, 1)]
    rows = np.concatenate(method.streams(1)["source"].batches)
    assert {bad[0].stem, bad[1].stem}.isdisjoint(p.split("/")[-1][:-4] for p in method.source.table.paths[rows])
    assert counts[0] >= counts[1] > 0
    with pytest.raises(DataError, match="--bad_masks ellipse"):
        attached((copy, places[1]), bad_masks="stop")


def test_a_picture_is_translated_alone_as_in_a_batch_and_weights_stay(places):
    method = attached(places)
    step(method, 1)
    rows = np.arange(4)
    images, masks = method.source.images(rows), method.masks["source"].values[rows]
    contexts = Contexts(method.target.images(rows), method.masks["target"].values[rows])
    before = state(method)
    drawn = method.translate(images, masks=masks, contexts=contexts)
    assert drawn.dtype == torch.uint8
    assert drawn.shape == images.shape
    for row in range(4):
        one = slice(row, row + 1)
        alone = method.translate(images[one], masks=masks[one], contexts=Contexts(*(part[one] for part in contexts)))
        assert (alone.int() - drawn[one].int()).abs().max() <= 1
    assert same(before, state(method))
    assert method.samples().shape == (3, 3 * 48, 8 * 24)


def test_resume_anywhere_is_bit_exact_and_a_checkpoint_knows_its_cameras(places, tmp_path):
    steps = []
    train("context-rendering", config(places, tmp_path / "whole"), lambda done, total, what: steps.append(what))
    broken = config(places, tmp_path / "broken", checkpoint_steps=1)
    for moment in (1, 4):

        def stop(done, total, what, moment=moment):
            if what.startswith("epoch") and done >= moment:
                raise Killed

        with pytest.raises(Killed):
            train("context-rendering", broken, stop)
        torch.manual_seed(moment)
    train("context-rendering", broken)
    for run in ("whole", "broken"):  # the options differ in how often a checkpoint is written
        assert (tmp_path / run / "samples" / "epoch-002.png").exists()
    assert_same_weights(tmp_path / "whole", tmp_path / "broken")
    again = load(tmp_path / "whole")
    assert again.cameras.tolist() == [1, 2, 3]
    assert again.classes_of(torch.tensor([3, 1, 9, -1])).tolist() == [2, 0, -1, -1]


def test_the_identity_network_of_a_run_is_taken_as_it_is(places, tmp_path):
    source = f"market1501:{places[0]}"
    given = train("source-only", SourceOnlyConfig(**{**QUICK, "epochs": 1}, source=source, out=str(tmp_path / "reid")))
    run = train("context-rendering", config(places, tmp_path / "run", init=str(given.folder)))
    assert same(state(load(given.folder).network), state(load(run.folder).identity))
    other = SourceOnlyConfig(**{**QUICK, "epochs": 1}, source=f"market1501:{places[1]}", out=str(tmp_path / "other"))
    train("source-only", other)
    with pytest.raises(RunError, match="tells 4 persons"):
        train("context-rendering", config(places, tmp_path / "run2", init=str(tmp_path / "other")))
    assert not (tmp_path / "run2").exists()


def test_a_run_of_the_method_starts_from_another(places, tmp_path):
    first = train("context-rendering", config(places, tmp_path / "first"))
    options = {"init": str(first.folder), "prepare_epochs": 0, "lr": 1e-12}
    second = train("context-rendering", config(places, tmp_path / "second", **options))
    weights = [dict(load(run.folder).generator.named_parameters()) for run in (first, second)]
    assert all(torch.allclose(weights[0][k], weights[1][k], atol=1e-6) for k in weights[0])
    with pytest.raises(RunError, match="other networks"):
        train("context-rendering", config(places, tmp_path / "third", init=str(first.folder), generator_width=4))
    assert Run(first.folder).checkpoint.exists()
