"""The parts of cluster-teacher against plain recomputation."""

import copy

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from tests.conftest import QUICK

from reidapt.data import CropStore, normalise, read
from reidapt.errors import ConfigError
from reidapt.methods.base import warmup_cosine
from reidapt.methods.cluster_teacher import ClusterTeacher, ClusterTeacherConfig
from reidapt.methods.pseudo_labels import find_clusters, group_means
from reidapt.models.statistics import frozen_statistics
from reidapt.training import train
from reidapt.training.tables import training_tables

GROUPINGS = ("average", "dbscan")


@pytest.fixture
def method(source_dir, target_dir):
    torch.manual_seed(0)
    config = ClusterTeacherConfig(
        **{
            **QUICK,
            "eps": 0.7,
            "min_samples": 2,
            "k1": 6,
            "k2": 2,
            "source_epochs": 1,
            "source": f"market1501:{source_dir}",
        }
    )
    built = ClusterTeacher(config, persons=6)
    source = CropStore(read(f"market1501:{source_dir}").select(split="train"), config.size)
    target = CropStore(read(f"market1501:{target_dir}").select(split="train").unlabelled(), config.size)
    built.attach(source=source, target=target)
    return built


def test_group_means_leave_outliers_out():
    features = torch.eye(4)
    means = group_means(features, torch.tensor([0, 0, 1, -1]), 2)
    assert torch.allclose(means[0], torch.tensor([0.5**0.5, 0.5**0.5, 0, 0]))
    assert torch.equal(means[1], features[2])


def test_centroids_move_one_feature_after_the_other(method):
    torch.manual_seed(1)
    method.centroids = F.normalize(torch.randn(3, method.student.dim), dim=1)
    features, labels = F.normalize(torch.randn(4, method.student.dim), dim=1), torch.tensor([2, 0, 2, 2])
    expected = method.centroids.clone()
    for f, y in zip(features, labels.tolist()):
        moved = method.config.centroid_momentum * expected[y] + (1 - method.config.centroid_momentum) * f
        expected[y] = moved / moved.norm()
    method.update_memory(features, labels, torch.arange(4))
    assert torch.allclose(method.centroids, expected, atol=1e-6)
    assert torch.equal(method.centroids[1], expected[1])


def test_frozen_statistics_normalise_by_the_batch_but_do_not_move(method):
    network, images = method.student.train(), torch.randn(6, 3, 48, 24)
    before = copy.deepcopy(network.state_dict())
    with frozen_statistics(network):
        inside = network(images).feature
    after = network.state_dict()
    for key in before:
        if "running" in key:
            assert torch.equal(before[key], after[key]), key
    outside = network(images).feature
    assert torch.equal(inside, outside)
    assert any(not torch.equal(before[k], network.state_dict()[k]) for k in before if "running" in k)


def test_statistics_are_the_targets_average(method):
    """With one batch holding the whole target, the stem's statistics equal those of its input, computed directly."""
    from reidapt.data import normalise

    method.adapt_statistics()
    name, norm = next((n, m) for n, m in method.student.named_modules() if isinstance(m, torch.nn.BatchNorm2d))
    seen = []
    handle = norm.register_forward_pre_hook(lambda module, args: seen.append(args[0].detach()))
    method.student.train()
    with torch.no_grad():
        method.student.embed(normalise(method.target.images(range(len(method.target)))))
    handle.remove()
    assert torch.allclose(
        dict(method.teacher.named_buffers())[f"{name}.running_mean"], seen[0].mean((0, 2, 3)), atol=1e-4
    )


def test_plan_source_first_then_both_streams_equally_long(method):
    assert method.total_epochs == 3
    assert list(method.streams(0)) == ["source"]
    method.begin_epoch(1)
    streams = method.streams(1)
    assert set(streams) == {"source", "target"}
    assert len(streams["source"].batches) == len(streams["target"].batches)
    for batch in streams["target"].batches:
        assert (streams["target"].labels[batch] >= 0).all()


def test_streams_are_a_pure_function_of_the_state(method):
    method.begin_epoch(1)
    first, second = method.streams(1), method.streams(1)
    for name in first:
        assert all(np.array_equal(a, b) for a, b in zip(first[name].batches, second[name].batches))
    assert not np.array_equal(first["target"].batches[0], method.streams(2)["target"].batches[0])


def test_no_cluster_is_a_sentence(method):
    method.config.eps, method.config.min_samples = 0.001, 50
    with pytest.raises(ConfigError, match="Raise --eps"):
        method.cluster_target()


def test_learning_rate_warms_up_and_falls():
    values = [warmup_cosine(e / 10, 20, 2.0) for e in range(201)]
    assert values[0] == pytest.approx(0.1)
    assert max(values) == pytest.approx(values[20]) == pytest.approx(1.0)
    assert values[-1] == pytest.approx(0.01)
    assert values[20:] == sorted(values[20:], reverse=True)


def test_every_crop_counts_the_same_in_the_statistics(method):
    """130 crops: not a batch of 128 and one of 2 whose averages then weigh the same."""
    from reidapt.data import normalise

    table = method.target.table
    method.target = CropStore(table.take(np.arange(130) % len(table)), method.config.size)
    method.adapt_statistics()
    name, norm = next((n, m) for n, m in method.student.named_modules() if isinstance(m, torch.nn.BatchNorm2d))
    seen = []
    handle = norm.register_forward_pre_hook(lambda module, args: seen.append(args[0].detach()))
    with torch.no_grad():
        method.student.embed(normalise(method.target.images(range(130))))
    handle.remove()
    assert torch.allclose(
        dict(method.teacher.named_buffers())[f"{name}.running_mean"], seen[0].mean((0, 2, 3)), atol=1e-5
    )


def test_centroids_follow_the_networks_to_another_device(method):
    method.begin_epoch(1)
    state = copy.deepcopy(method.state_dict())
    resumed = ClusterTeacher(method.config, persons=6)
    resumed.load_state_dict(state)
    assert torch.equal(resumed.centroids, method.centroids)
    assert resumed.to("meta").centroids.device.type == "meta"


def test_in_grey_what_is_clustered_is_what_ranks(method):
    method.config.grey, method.config.normalise_cameras, method.config.flip_features = 1.0, False, False
    pictures = method.target.images(torch.arange(len(method.target)))
    assert (pictures[:, 0] != pictures[:, 2]).any()
    method.eval()
    with torch.no_grad():
        ranked, coloured = method.embed(normalise(pictures)), method.teacher.embed(normalise(pictures))
    clustered = method.target_features()
    apart = (clustered - ranked).norm(dim=1).max()
    assert apart < 0.1 * (clustered - coloured).norm(dim=1).max()
    assert apart < 0.02  # grey levels are whole numbers in a store


def test_in_grey_the_statistics_are_of_grey_pictures(method):
    method.config.grey, network = 1.0, method.student
    method.adapt_statistics()
    first = next(m for m in network.modules() if isinstance(m, torch.nn.BatchNorm2d))
    in_grey = first.running_mean.clone()
    weights = torch.tensor([0.299, 0.587, 0.114]).view(3, 1, 1)
    target = method.target

    class Luma:
        def __len__(self):
            return len(target)

        def images(self, rows):
            return (target.images(rows) * weights).sum(1, keepdim=True).round().byte().repeat(1, 3, 1, 1)

    method.config.grey = 0.0
    method.adapt_statistics()
    assert not torch.allclose(first.running_mean, in_grey, atol=1e-3)
    method.target = Luma()
    method.adapt_statistics()
    assert torch.allclose(first.running_mean, in_grey, atol=1e-5)


@pytest.mark.parametrize("grouping", GROUPINGS)
def test_the_grouping_asked_for_is_used(method, grouping):
    c = method.config
    c.grouping, c.join_margin = grouping, 9.0
    method.cluster_target()
    options = {name: getattr(c, name) for name in ("eps", "min_samples", "k1", "k2")}
    expected = {kind: find_clusters(method.target_features(), grouping=kind, **options).labels for kind in GROUPINGS}
    assert not np.array_equal(*expected.values())
    assert np.array_equal(method.pseudo_labels, expected[grouping])


def test_one_cluster_asks_for_a_smaller_radius(method):
    method.config.k1 = 96
    with pytest.raises(ConfigError, match=r"1 cluster\(s\).* Lower --eps"):
        method.cluster_target()


def test_only_a_classifier_of_the_same_persons_is_taken_over(method):
    from reidapt.methods.source_only import SourceOnly, SourceOnlyConfig

    for source, same in (("market1501:here", True), ("market1501:there", False)):
        method.config.source = "market1501:here"
        other = SourceOnly(SourceOnlyConfig(**{**QUICK, "source": source}), persons=6)
        before = method.student.classifier.weight.clone()
        method.load_initial(other)
        assert torch.equal(method.student.neck.weight, other.network.neck.weight)
        expected = other.network.classifier.weight if same else before
        assert torch.equal(method.student.classifier.weight, expected)


def test_the_teachers_statistics_move_with_the_student_alone(method):
    """With soft targets the teacher sees batches too; its running statistics stay the student's average."""
    method.config.soft_weight = 1.0
    method.begin_epoch(1)
    from reidapt.data import Loader

    streams = method.streams(1)
    batch = {name: next(iter(Loader(s.store, s.batches, s.augment, labels=s.labels))) for name, s in streams.items()}
    method.train()
    before = {k: v.clone() for k, v in method.teacher.state_dict().items() if "running" in k}
    list(method.step(batch))
    assert all(torch.equal(before[k], method.teacher.state_dict()[k]) for k in before)


def test_modalities_of_one_camera_are_cameras_to_the_proxies_too(method):
    table = method.target.table
    kinds = np.where(np.arange(len(table)) % 2, "infrared", "colour")
    method.target.table = table.assign(camera=1, modality=kinds)
    method.attach(source=method.source, target=method.target)
    features = F.normalize(torch.randn(-(-len(table) // 4), 8).repeat_interleave(4, dim=0)[: len(table)], dim=1)
    method.target_features = lambda: features
    method.cluster_target()
    assert len(set(method.proxy_cameras.tolist())) == 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"source": "", "init": "runs/x", "extend": "csv:drawn.csv"},
            "--extend 'csv:drawn.csv' adds crops to the source",
        ),
        ({"source": "", "init": "runs/x", "render": "runs/y"}, "--render 'runs/y' redraws source crops"),
        ({"tracklets": True}, "--tracklets is on, but the crops of"),
    ],
)
def test_options_without_what_they_need_are_refused(options, sentence, source_dir, target_dir, tmp_path):
    given = {"source": f"market1501:{source_dir}", "target": f"market1501:{target_dir}", "out": str(tmp_path / "run")}
    with pytest.raises(ConfigError, match=sentence):
        train("cluster-teacher", ClusterTeacherConfig(**{**QUICK, **given, **options}))
    assert not (tmp_path / "run").exists()


def test_a_target_in_the_working_folder_is_no_source(target_dir, monkeypatch):
    monkeypatch.chdir(target_dir)
    config = ClusterTeacherConfig(**{**QUICK, "source": "", "target": "market1501:.", "init": "runs/x"})
    source, target = training_tables(ClusterTeacher, config)
    assert source is None
    assert not target.labelled
