"""The target's ids never influence training: shuffling them changes no weight; changing its pictures does."""

import numpy as np
import pytest
import torch
from tests.conftest import QUICK

from reidapt.data import read
from reidapt.errors import ConfigError
from reidapt.methods import load_method
from reidapt.training import Run, fit, train

ADAPT = {"source_epochs": 1, "epochs": 1, "eps": 0.7, "min_samples": 2, "k1": 6, "k2": 2}


def networks(run):
    return torch.load(Run(run).checkpoint, weights_only=True)["networks"]


def same(a, b):
    return all(torch.equal(a[k], b[k]) for k in a if isinstance(a[k], torch.Tensor))


def adapt(source, target, out):
    cls = load_method("cluster-teacher")
    options = {**QUICK, **ADAPT, "source": f"market1501:{source}", "target": f"market1501:{target}", "out": str(out)}
    train("cluster-teacher", cls.Config(**options))
    return networks(out)


def renamed(target, out, generator):
    """A copy of a Market-1501 folder whose training files carry other ids: same pictures, permuted names."""
    for folder in ("bounding_box_train", "bounding_box_test", "query"):
        (out / folder).mkdir(parents=True)
        files = sorted((target / folder).glob("*.jpg"))
        for camera in (1, 2, 3):
            mine = [f for f in files if f"_c{camera}" in f.name]
            order = generator.permutation(len(mine)) if folder == "bounding_box_train" else np.arange(len(mine))
            for file, other in zip(mine, order):
                (out / folder / mine[other].name).write_bytes(file.read_bytes())
    return out


def test_shuffled_ids_change_no_weight_and_changed_pictures_do(source_dir, target_dir, tmp_path):
    shuffled = renamed(target_dir, tmp_path / "renamed", np.random.default_rng(0))
    persons = [read(f"market1501:{d}").select(split="train") for d in (target_dir, shuffled)]
    assert sorted(persons[0].person) == sorted(persons[1].person)
    original = adapt(source_dir, target_dir, tmp_path / "a")
    assert same(original, adapt(source_dir, shuffled, tmp_path / "b"))

    from PIL import Image, ImageOps

    for file in sorted((shuffled / "bounding_box_train").glob("*_c1*.jpg")):
        with Image.open(file) as picture:
            ImageOps.invert(picture).save(file)
    assert not same(original, adapt(source_dir, shuffled, tmp_path / "c"))


def test_a_labelled_target_is_refused(source_dir, target_dir, tmp_path):
    cls = load_method("cluster-teacher")
    source, target = (read(f"market1501:{d}").select(split="train") for d in (source_dir, target_dir))
    with pytest.raises(ConfigError, match="unlabelled"):
        fit(cls, cls.Config(**QUICK, out=str(tmp_path)), source, target)


def test_junk_of_the_target_is_not_known_either(source_dir, target_dir, tmp_path):
    """A person column full of −1 (unknown) removes no picture of the target."""
    from reidapt.training.tables import training_tables

    table = read(f"market1501:{target_dir}").select(split="train")
    table.frame[["path", "camera"]].assign(person=-1).to_csv(tmp_path / "target.csv", index=False)
    cls = load_method("cluster-teacher")
    config = cls.Config(**QUICK, source=f"market1501:{source_dir}", target=f"csv:{tmp_path / 'target.csv'}")
    assert len(training_tables(cls, config)[1]) == len(table)
