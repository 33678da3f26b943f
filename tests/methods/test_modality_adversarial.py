"""modality-adversarial: what each phase may change, the loss of Eq. 1, extra data, and every cross-modal layout end to end."""

import copy
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from tests.conftest import QUICK, write_market
from tests.data.layouts.trees import make_table

from reidapt.cli import main
from reidapt.config import parse
from reidapt.data import CropStore, CropTable, Loader, normalise, read
from reidapt.data.layouts import plan, write_layout
from reidapt.errors import ConfigError, DataError, RunError
from reidapt.evaluation import embed
from reidapt.losses.confidence import confidence_weights
from reidapt.losses.modality import modality_loss
from reidapt.losses.triplet import batch_hard_triplet
from reidapt.methods.modality_adversarial import PAPER, ModalityAdversarial, ModalityAdversarialConfig, mean_logits
from reidapt.methods.source_only import SourceOnly, SourceOnlyConfig
from reidapt.training import load
from reidapt.training.loop import fit

SMALL = {**QUICK, "persons_per_batch": 2, "part_dim": 8, "parts": 2, "classifier_width": 8}
SYSU = {"people": 8, "cameras": 6, "pictures": 2, "camera_modalities": ("colour", "colour", "infrared") * 2}


@pytest.fixture(scope="module")
def table(tmp_path_factory) -> CropTable:
    """Four training persons, four colour and two infrared cameras, two noise pictures in each."""
    return make_table(tmp_path_factory.mktemp("crops"), **SYSU, masks=False)


@pytest.fixture(scope="module")
def store(table) -> CropStore:
    return CropStore(table.select(split="train"), (48, 24))


def method_of(store, **options) -> ModalityAdversarial:
    torch.manual_seed(0)
    config = ModalityAdversarialConfig(**{**SMALL, "levels": [1, 2, 3, 4], "shared_from": 3, **options})
    method = ModalityAdversarial(config, persons=4)
    method.attach(source=store, target=None)
    method.device = torch.device("cpu")
    return method.train()


def first_batch(method):
    stream = method.streams(0)["source"]
    return {"source": Loader(stream.store, stream.batches, stream.augment, labels=stream.labels).batch(0)}


def run_step(method, batch) -> list[str]:
    """One step as the loop makes it; the phases in their order."""
    optimisers, phases = method.optimisers(), []
    for phase, loss in method.step(batch):
        optimisers[phase].zero_grad(set_to_none=True)
        loss.backward()
        optimisers[phase].step()
        phases.append(phase)
    return phases


def state(module) -> dict[str, torch.Tensor]:
    return copy.deepcopy(module.state_dict())


def equal(a, b) -> bool:
    return all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.parametrize(
    "options", [{}, {"flip_labels": True}, {"levels": [4, 5], "weighting": False}, {"neck": False}, {"norms": "own"}]
)
def test_a_phase_leaves_its_counterpart_bit_for_bit(store, options):
    method = method_of(store, **options)
    batch = first_batch(method)
    pictures = normalise(store.images(range(6)))
    for epoch, phase in ((0, "classifiers"), (1, "features"), (2, "classifiers")):
        method.begin_epoch(epoch)
        before, others = state(method.network), state(method.classifiers)
        features = method.eval().embed(pictures, method.modality[:6])
        assert run_step(method.train(), batch) == [phase]
        same = equal(before, method.network.state_dict())  # parameters and the statistics of BatchNorm
        assert same == (phase == "classifiers")
        assert torch.equal(features, method.eval().embed(pictures, method.modality[:6])) == same
        assert equal(others, method.classifiers.state_dict()) == (phase == "features")
        assert all(p.requires_grad for p in method.classifiers.parameters())


def test_both_phases_in_every_step_also_leave_each_other_alone(store):
    method = method_of(store, alternate="steps", weight_decay=0.0)
    method.begin_epoch(0)
    optimisers = method.optimisers()
    phases = method.step(first_batch(method))
    for expected, own, other in (
        ("features", method.network, method.classifiers),
        ("classifiers", method.classifiers, method.network),
    ):
        before, changed = state(other), state(own)
        phase, loss = next(phases)
        assert phase == expected
        optimisers[phase].zero_grad(set_to_none=True)
        loss.backward()
        optimisers[phase].step()
        assert equal(before, other.state_dict())
        assert not equal(changed, own.state_dict())
    assert method.total_epochs == method.config.epochs
    assert method_of(store).total_epochs == 2 * method.config.epochs
    assert method_of(store, levels=[]).total_epochs == method.config.epochs


@pytest.mark.parametrize("weighting", [True, False])
def test_loss_is_equation_1(store, weighting):
    method = method_of(
        store, weighting=weighting, triplet="batch-hard", label_smoothing=0.0, neck=False, adversarial_weight=0.7
    )
    method.begin_epoch(1)
    batch = first_batch(method)
    labels = batch["source"].labels
    (_, loss), *rest = method.step(batch)
    assert not rest
    with torch.no_grad():
        output = method.network(batch["source"].images, method.modalities(batch["source"]))
        m = method.modality[batch["source"].indices]
        xent = sum(torch.nn.functional.cross_entropy(z, labels) for z in output.logits)
        w = confidence_weights(torch.stack(output.logits).mean(0)) if weighting else torch.full((len(m),), 1 / len(m))
        method.classifiers.eval()
        adversarial = sum(modality_loss(method.classifiers[str(j)](output.levels[j]), m, w) for j in (1, 2, 3, 4))
        expected = xent + batch_hard_triplet(output.feature, labels, 0.3) - 0.7 * adversarial
    assert float(loss.detach()) == pytest.approx(float(expected), abs=1e-4)
    assert mean_logits(output).shape == (len(m), 4)


def test_features_learn_to_confuse_and_classifiers_to_tell(store):
    """With the classifiers fixed, feature steps raise their loss; with the features fixed, classifier steps lower it."""
    method = method_of(store, levels=[4], lr=5e-3, classifier_width=64, adversarial_weight=20.0, classifier_dropout=0.0)
    batch = first_batch(method)

    def verdict() -> float:
        with torch.no_grad():
            images, m = batch["source"].images, method.modalities(batch["source"])
            output = method.train().network(images, m)
            w = torch.full((len(m),), 1 / len(m))
            return float(modality_loss(method.classifiers["4"](output.levels[4]), m, w))

    for epoch, falls in ((0, True), (1, False)):
        method.begin_epoch(epoch)
        optimisers, before = method.optimisers(), verdict()
        for _ in range(25):
            for phase, loss in method.step(batch):
                optimisers[phase].zero_grad(set_to_none=True)
                loss.backward()
                optimisers[phase].step()
        assert (verdict() < before - 0.05) == falls
        assert (verdict() > before + 0.05) != falls


def test_rates_of_backbone_and_heads(store):
    method = method_of(store, optimiser="sgd", backbone_lr=0.1)
    features, classifiers = method.optimisers().values()
    assert [group.get("lr_scale", 1.0) for group in features.param_groups] == [0.1, 1.0]
    counted = [p for group in features.param_groups for p in group["params"]]
    assert len(counted) == len({id(p) for p in counted}) == sum(p.requires_grad for p in method.network.parameters())
    assert {id(p) for p in classifiers.param_groups[0]["params"]} == {id(p) for p in method.classifiers.parameters()}
    heads = {id(p) for p in method.network.classifiers.parameters()}
    assert heads <= {id(p) for p in features.param_groups[1]["params"]}


def test_the_loop_scales_the_rate_of_a_group(table, tmp_path):
    options = {**SMALL, "epochs": 1, "lr": 0.5, "optimiser": "sgd", "backbone_lr": 1e-9, "weight_decay": 0.0}
    config = ModalityAdversarialConfig(**options, source="made", out=str(tmp_path / "run"))
    run = fit(ModalityAdversarial, config, table.select(split="train"), None)
    torch.manual_seed(config.seed)
    import lightning

    lightning.seed_everything(config.seed, verbose=False)
    fresh, trained = ModalityAdversarial(config, persons=4), load(run.folder)
    change = {
        name: float((a - b).detach().abs().max())
        for (name, a), (_, b) in zip(fresh.network.named_parameters(), trained.network.named_parameters())
    }
    assert max(value for name, value in change.items() if name.startswith(("colour.", "other.", "shared."))) < 1e-6
    assert change["classifiers.0.weight"] > 1e-4


def test_batches_and_pictures(store):
    method = method_of(store)
    for batch in method.streams(3)["source"].batches:
        assert method.modality[batch].tolist() == ([0] * 2 + [1] * 2) * 2
    m = method.modality.numpy()
    assert ((store.table.column("modality") == "infrared") == m).all()


def test_embedding_knows_the_modality_of_each_row(store):
    method = method_of(store, shared_from=4).eval()
    for parameter in method.network.other.parameters():
        torch.nn.init.normal_(parameter, std=0.2)
    found = embed(method, store, batch_size=5)
    with torch.no_grad():
        expected = method.embed(normalise(store.images(range(len(store)))), method.modality)
        wrong = method.embed(normalise(store.images(range(len(store)))), 1 - method.modality)
    assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(found, wrong, atol=1e-2)
    assert embed(method, store, strips=2).shape == (len(store), 2 * 96)
    with pytest.raises(ConfigError, match="must know the modality of every picture"):
        method.embed(torch.zeros(1, 3, 48, 24))


def test_extra_colour_pictures_stand_for_the_other_modality(table, tmp_path):
    market = write_market(tmp_path / "market", train=4, test=2, cameras=4)
    options = {"source": "made", "extra": f"market1501:{market}"}
    config = ModalityAdversarialConfig(**{**SMALL, **options})
    train = table.select(split="train")
    both, _ = ModalityAdversarial.tables(config, train, None)
    assert len(both) == len(train) + 4 * 4 * 2
    pseudo = both.column("pseudo").astype(bool)
    assert len(set(both.camera[pseudo])) == 2
    assert not pseudo[: len(train)].any()
    assert set(both.column("modality")[pseudo]) == {"infrared"}
    assert not set(both.person[len(train) :]) & set(train.person)
    assert ModalityAdversarial.tables(config, train, None)[0].fingerprint() == both.fingerprint()
    method = ModalityAdversarial(config, persons=8)
    method.attach(source=ModalityAdversarial.open_store(config, both), target=None)
    plain, stream = CropStore(both, config.size), method.streams(0)["source"]
    batch = Loader(stream.store, stream.batches, stream.augment.off(), labels=stream.labels).batch(0)
    for row, image, kind in zip(batch.indices.tolist(), batch.images, method.modalities(batch).tolist()):
        shown = plain.images([row])
        if pseudo[row]:
            shown = shown[:, :1].expand(-1, 3, -1, -1).contiguous()
            assert kind == 1
        assert torch.allclose(image, normalise(shown)[0], atol=1e-5)
    exchanged = Loader(
        stream.store, stream.batches, replace(stream.augment.off(), exchange=1.0), labels=stream.labels
    ).batch(0)
    for row, image in zip(exchanged.indices.tolist(), exchanged.images):
        if pseudo[row]:  # of three red channels an exchange takes a red one
            red = plain.images([row])[:, :1].expand(-1, 3, -1, -1).contiguous()
            assert torch.allclose(image, normalise(red)[0], atol=1e-5)
    with pytest.raises(ConfigError, match="give one of the two"):
        ModalityAdversarialConfig(**{**SMALL, **options, "render": "runs/x"})
    one = ModalityAdversarialConfig(**{**SMALL, "extra": f"market1501:{write_market(tmp_path / 'one', cameras=1)}"})
    with pytest.raises(ConfigError, match=r"two cameras or more.*found 1 known"):
        ModalityAdversarial.tables(one, train, None)


def test_what_cannot_be_trained_is_said(source_dir, table, tmp_path):
    words = ["train", "modality-adversarial", "--source", f"market1501:{source_dir}", "--weights", "random"]
    with pytest.raises(ConfigError, match="has the modalities colour in its training split"):
        ModalityAdversarial.tables(ModalityAdversarialConfig(source="x"), read(f"market1501:{source_dir}"), None)
    assert main([*words, "--out", str(tmp_path / "r")]) == 2
    assert not (tmp_path / "r").exists()
    for wrong in ({"levels": [0]}, {"levels": [2, 2]}, {"parts": 0}, {"backbone_lr": 0.0}):
        with pytest.raises(ConfigError, match=next(iter(wrong))):
            ModalityAdversarialConfig(**wrong)
    alone = table.select(split="train").take(np.arange(6))
    with pytest.raises(DataError, match="without one of the modalities"):
        method_of(CropStore(alone, (48, 24)))


def test_presets():
    paper = parse(ModalityAdversarialConfig, ["--preset", "paper", "--epochs", "3"], program="p")
    assert {k: getattr(paper, k) for k in PAPER} == {**PAPER, "epochs": 3}
    assert parse(ModalityAdversarialConfig, ["--epochs", "3"], program="p") == ModalityAdversarialConfig(epochs=3)
    with pytest.raises(ConfigError, match="has no preset 'papr'; did you mean 'paper'"):
        parse(ModalityAdversarialConfig, ["--preset", "papr"], program="p")


def test_start_from_other_runs(store):
    method = method_of(store, shared_from=4)
    again = method_of(store, shared_from=4)
    torch.nn.init.normal_(again.network.embeddings[0].weight)
    again.load_initial(method)
    assert equal(method.network.state_dict(), again.network.state_dict())
    single = SourceOnly(SourceOnlyConfig(**QUICK), persons=4)
    again.load_initial(single)
    for branch in (again.network.colour, again.network.other):
        assert torch.equal(branch[1][0].conv1.weight, single.network.backbone.layer1[0].conv1.weight)
    with pytest.raises(RunError, match="another architecture"):
        again.load_initial(method_of(store, shared_from=1))
    with pytest.raises(RunError, match="a branch for each modality"):
        single.load_initial(method)


@pytest.mark.parametrize("norms", ["shared", "own"])
@pytest.mark.parametrize("connected", [False, True])
def test_a_start_that_knows_the_same_persons_brings_its_head(store, connected, norms):
    """With one stripe and average pooling both networks then compute the same."""
    torch.manual_seed(1)
    single = SourceOnly(SourceOnlyConfig(**QUICK), persons=4).eval()
    for module in single.network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            torch.nn.init.uniform_(module.running_var, 0.5, 2)
    part_dim = single.network.dim if connected else 0
    head = {"parts": 1, "part_dim": part_dim, "pooling": "average", "neck": True}
    method = method_of(store, **head, levels=[], norms=norms).eval()
    method.load_initial(single)
    images, m = torch.rand(4, 3, 48, 24), torch.tensor([0, 1, 1, 0])
    torch.testing.assert_close(method.network(images, m).logits[0], single.network(images).logits, rtol=1e-4, atol=1e-5)
    other = method_of(store, parts=1, part_dim=part_dim, neck=True, levels=[])
    before = state(other.network.classifiers)
    other.load_initial(SourceOnly(SourceOnlyConfig(**{**QUICK, "source": "csv:elsewhere"}), persons=4))
    assert equal(before, other.network.classifiers.state_dict())


def test_resume_in_either_phase_equals_an_uninterrupted_run(table, tmp_path, monkeypatch):
    """Killed in the middle of a classifier epoch and of a feature epoch, the weights come out the same."""
    from reidapt.training import loop

    train_rows = table.select(split="train")

    def config(out):
        return ModalityAdversarialConfig(
            **{**SMALL, "epochs": 1, "levels": [1, 4], "source": "made", "out": str(tmp_path / out), "exchange": 0.5,
               "checkpoint_steps": 1}
        )  # fmt: skip

    whole = fit(ModalityAdversarial, config("whole"), train_rows, None)
    original, steps = loop.Loop.train_step, []

    def killed(self, *arguments):
        if len(steps) in (1, 6):
            steps.append("killed")
            raise KeyboardInterrupt
        original(self, *arguments)
        steps.append("step")

    monkeypatch.setattr(loop.Loop, "train_step", killed)
    for _ in range(3):
        try:
            parts = fit(ModalityAdversarial, config("parts"), train_rows, None)
        except KeyboardInterrupt:
            continue
    assert steps.count("killed") == 2
    assert equal(load(whole.folder).state_dict(), load(parts.folder).state_dict())


LAYOUTS = {
    "sysu-mm01": ("sysu-mm01", {}),
    "regdb": ("regdb", {"people": 8, "pictures": 2}),
    "llcm": ("llcm", {}),
    "pku-sketch": ("pku-sketch", {}),
}


@pytest.mark.parametrize("dataset", sorted(LAYOUTS))
def test_every_cross_modal_layout_end_to_end(dataset, tmp_path, capsys):
    """Train on a layout, evaluate it by its own protocol, write embeddings; another trial is refused."""
    made = make_table(tmp_path / "made", **{**plan(dataset), **LAYOUTS[dataset][1]})
    folder = write_layout(made, dataset, tmp_path / "data")
    trial = "?trial=3" if dataset in ("regdb", "pku-sketch") else ""
    spec, run = f"{dataset}:{folder}{trial}", tmp_path / "run"
    quick = [word for key, value in {**SMALL, "epochs": 1}.items() for word in (f"--{key}", str(value))]
    words = ["train", "modality-adversarial", "--preset", "paper", "--source", spec, "--out", str(run)]
    assert main([*words, *quick, "--shared_from", "2"]) == 0
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert {line["epoch"] for line in lines} == {1, 2}
    assert any("classifier/accuracy-4" in line for line in lines)
    assert main(["evaluate", str(run), spec, "--name", "own"]) == 0
    result = json.loads((run / "evaluations" / "own.json").read_text())
    assert result["protocol"] == LAYOUTS[dataset][0]
    assert result["feature"] == "2 stripes, before the classifiers"
    assert result["rank1"] is not None
    if trial:
        capsys.readouterr()
        assert main(["evaluate", str(run), spec.replace("trial=3", "trial=4")]) == 2
        said = capsys.readouterr().err
        assert "was trained on trial 3" in said
        assert "trial 4 was asked for" in said
    if dataset == "llcm":
        assert main(["extract", str(run), spec, str(tmp_path / "f.npz")]) == 0
        with np.load(tmp_path / "f.npz") as file:
            table = read(spec)
            expected = embed(load(run), CropStore(table, (48, 24))).numpy()
            np.testing.assert_allclose(file["features"], expected, atol=1e-5)


def test_colour_only_training_on_grey_is_tested_on_grey(table, tmp_path):
    """The baseline of matching grey-scaled colour: what the network is shown has no colour, in testing neither."""
    config = SourceOnlyConfig(**{**QUICK, "persons_per_batch": 2, "grey": 1.0, "cameras": [1, 2, 4, 5]})
    method = SourceOnly(config, persons=4).eval()
    train_rows, _ = SourceOnly.tables(config, table.select(split="train"), None)
    assert set(train_rows.column("modality")) == {"colour"}
    images = torch.rand(3, 3, 48, 24)
    swapped = images.clone()
    swapped[:, 0] += 0.1 / 0.299 / 0.229  # red up and green down by the same luma
    swapped[:, 1] -= 0.1 / 0.587 / 0.224
    with torch.no_grad():
        assert torch.allclose(method.embed(images), method.embed(swapped), atol=1e-3)
