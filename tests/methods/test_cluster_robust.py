"""Targets that do not suit clustering: cluster-teacher ends with a sentence or a sane model, never with NaN."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from PIL import Image
from tests.conftest import QUICK, write_market

from reidapt.data import CropStore, Loader, read
from reidapt.errors import ConfigError
from reidapt.methods.cluster_teacher import ClusterTeacher, ClusterTeacherConfig
from reidapt.training import Run, train

OPTIONS = {**QUICK, "epochs": 1, "source_epochs": 1, "min_samples": 3, "k1": 8, "k2": 3}
LOSSES = {"triplet_weight": 1.0, "camera_weight": 0.5, "soft_weight": 0.5, "join_margin": 0.02}


@pytest.fixture(scope="module")
def target():
    """96 crops whose features are set by the tests."""

    class Blank(CropStore):
        def images(self, indices):
            generator = torch.Generator().manual_seed(0)
            return torch.randint(0, 256, (len(indices), 3, 48, 24), generator=generator, dtype=torch.uint8)

    import pandas as pd

    from reidapt.data import CropTable

    frame = pd.DataFrame({"path": [f"/{i}.png" for i in range(96)], "camera": np.arange(96) % 3 + 1})
    store = Blank.__new__(Blank)
    store.table, store.size, store._paths = CropTable(frame, "target", "/"), (48, 24), frame["path"].tolist()
    return store


def method_on(target, features, monkeypatch, **options):
    """A method whose teacher sees these unit features, after the clustering of its first epoch."""
    torch.manual_seed(0)
    method = ClusterTeacher(ClusterTeacherConfig(**{**OPTIONS, **LOSSES, **options, "init": "x"}), persons=0)
    method.attach(source=None, target=target)
    padded = F.normalize(F.pad(features, (0, method.student.dim - features.shape[1])), dim=1)
    monkeypatch.setattr(method, "target_features", lambda: padded)
    monkeypatch.setattr(method, "adapt_statistics", lambda: None)
    method.begin_epoch(0)
    return method


def one_step(method):
    """Losses of one step and the gradients they leave."""
    stream = method.streams(0)["target"]
    batch = next(iter(Loader(stream.store, stream.batches, stream.augment, labels=stream.labels)))
    method.train()
    ((_, loss),) = list(method.step({"target": batch}))
    loss.backward()
    method.end_step()
    return loss


def assert_sane(method):
    assert torch.isfinite(one_step(method))
    for name, tensor in [*method.named_parameters(), *method.named_buffers()]:
        assert torch.isfinite(tensor).all(), name
        assert tensor.grad is None or torch.isfinite(tensor.grad).all(), name
    assert torch.allclose(method.centroids.norm(dim=1), torch.ones(len(method.centroids)), atol=1e-4)


def assert_sentence_or_sane(build):
    problems = []
    try:
        assert_sane(build())
    except ConfigError as problem:
        problems.append(str(problem))
    assert all("cluster(s)" in problem for problem in problems)


def people(persons, noise, seed=0):
    random = np.random.default_rng(seed)
    centres = random.standard_normal((persons, 32))
    rows = np.arange(96) % persons
    return F.normalize(torch.from_numpy(centres[rows] + noise * random.standard_normal((96, 32))).float(), dim=1)


def test_people_who_melt_together_give_fewer_clusters(target, monkeypatch):
    features = people(12, 0.15)
    features[np.arange(96) % 12 >= 6] = features[np.arange(96) % 12 < 6]  # the last six look like the first
    method = method_on(target, features, monkeypatch, k1=16)
    assert 2 <= len(method.centroids) <= 6
    assert_sane(method)


def test_two_clusters_are_enough(target, monkeypatch):
    method = method_on(target, people(2, 0.1), monkeypatch, k1=20)
    assert len(method.centroids) == 2
    assert_sane(method)


def test_noise_is_a_sentence_or_a_sane_model(target, monkeypatch):
    features = people(96, 0.0)
    with pytest.raises(ConfigError, match=r"gave 0 cluster\(s\).*Raise --eps"):
        method_on(target, features, monkeypatch, eps=0.05)
    assert_sentence_or_sane(lambda: method_on(target, features, monkeypatch))


def test_one_cluster_is_a_sentence(target, monkeypatch):
    with pytest.raises(ConfigError, match=r"gave 1 cluster\(s\).*Lower --eps or --k1"):
        method_on(target, people(1, 1e-4), monkeypatch, k1=90, eps=0.6)


def test_identical_features_do_not_divide_by_zero(target, monkeypatch):
    features = torch.ones(96, 32) / 32**0.5
    assert_sentence_or_sane(lambda: method_on(target, features, monkeypatch))


def test_near_duplicates_cluster_with_each_other(target, monkeypatch):
    features = people(12, 0.0) + 1e-7
    method = method_on(target, F.normalize(features, dim=1), monkeypatch)
    assert len(method.centroids) == 12
    assert (method.pseudo_labels >= 0).all()
    assert_sane(method)


def test_crops_of_nobody_do_not_take_the_people_along(target, monkeypatch):
    features = people(8, 0.15)
    nobody = np.random.default_rng(1).random(96) < 0.3
    features[nobody] = people(96, 0.0, seed=5)[nobody]
    method = method_on(target, features, monkeypatch, join_margin=1.0)
    labels, person = method.pseudo_labels, np.arange(96) % 8
    for label in range(len(method.centroids)):
        inside = (labels == label) & ~nobody
        assert len(set(person[inside])) <= 1
    assert_sane(method)


def test_a_later_epoch_without_clusters_goes_on_with_the_last_ones(target, monkeypatch, caplog):
    method = method_on(target, people(12, 0.15), monkeypatch, eps=0.5)
    before = method.pseudo_labels.copy()
    noise = F.normalize(torch.randn(96, method.student.dim), dim=1)
    monkeypatch.setattr(method, "target_features", lambda: noise)
    method.config.eps = 0.01
    method.cluster_target()
    assert np.array_equal(method.pseudo_labels, before)
    assert "goes on with the clusters of the last one" in caplog.text
    assert_sane(method)


def finite(run):
    return all(
        torch.isfinite(v).all()
        for v in torch.load(Run(run).checkpoint, weights_only=True)["networks"].values()
        if isinstance(v, torch.Tensor) and v.is_floating_point()
    )


def run(source, target, out, **options):
    given = {"source": f"market1501:{source}"} if source else {}
    config = ClusterTeacherConfig(**{**OPTIONS, **LOSSES, **given, "target": target, "out": str(out), **options})
    return train("cluster-teacher", config).folder


def test_one_camera(source_dir, tmp_path):
    folder = write_market(tmp_path / "market", train=6, cameras=1, pictures=8, seed=3)
    assert finite(run(source_dir, f"market1501:{folder}", tmp_path / "run"))


def test_a_third_of_the_target_is_not_a_person(source_dir, tmp_path):
    folder = write_market(tmp_path / "market", train=6, cameras=2, pictures=5, seed=3)
    random = np.random.default_rng(0)
    for i in range(25):
        picture = Image.fromarray(random.integers(0, 256, (48, 24, 3), dtype=np.uint8))
        picture.save(folder / "bounding_box_train" / f"0099_c{1 + i % 2}s1_{1000 + i:06d}_01.jpg")
    assert finite(run(source_dir, f"market1501:{folder}", tmp_path / "run"))


def test_the_target_alone_from_a_run(source_dir, target_dir, tmp_path):
    first = run(source_dir, f"market1501:{target_dir}", tmp_path / "first")
    second = run("", f"market1501:{target_dir}", tmp_path / "second", init=str(first))
    assert finite(second)
    assert "source" not in read_json(second / "data.json")


def read_json(path):
    import json

    return json.loads(path.read_text())


def test_the_target_alone_from_nothing_is_a_sentence(target_dir, tmp_path):
    with pytest.raises(ConfigError, match="nothing from which"):
        run("", f"market1501:{target_dir}", tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_generated_crops_join_the_source(source_dir, target_dir, tmp_path):
    table = read(f"market1501:{source_dir}").select(split="train")
    table.frame.to_csv(tmp_path / "drawn.csv", index=False)
    folder = run(source_dir, f"market1501:{target_dir}", tmp_path / "run", extend=f"csv:{tmp_path / 'drawn.csv'}")
    assert read_json(folder / "data.json")["source"]["rows"] == 2 * len(table)
