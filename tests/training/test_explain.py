"""reidapt explain: ranked lists with maps for any method, the correlation for one with levels."""

import json

from PIL import Image
from tests.conftest import QUICK
from tests.data.layouts.trees import make_table

from reidapt.cli import main
from reidapt.data.layouts import plan, write_layout
from reidapt.methods.modality_adversarial import ModalityAdversarialConfig
from reidapt.methods.source_only import SourceOnlyConfig
from reidapt.training import train


def test_explain_any_run(source_dir, target_dir, tmp_path, capsys):
    config = SourceOnlyConfig(**{**QUICK, "epochs": 1}, source=f"market1501:{source_dir}", out=str(tmp_path / "run"))
    run = train("source-only", config).folder
    words = ["explain", str(run), f"market1501:{target_dir}", str(tmp_path / "out"), "--queries", "2", "-k", "3"]
    assert main(words) == 0
    with Image.open(tmp_path / "out" / "ranked-lists.png") as picture:
        assert picture.size[0] > 4 * 80
        assert picture.size[1] > 4 * 160
    assert not (tmp_path / "out" / "correlation.png").exists()
    assert main([*words[:-1], "0"]) == 2
    assert "both must be 1 or more" in capsys.readouterr().err


def test_explain_two_modalities_and_refuse_another_trial(tmp_path, capsys):
    made = make_table(tmp_path / "made", **plan("regdb"), masks=False)
    spec = f"regdb:{write_layout(made, 'regdb', tmp_path / 'data')}"
    small = {**QUICK, "persons_per_batch": 2, "part_dim": 8, "levels": [1], "classifier_width": 8, "epochs": 1}
    config = ModalityAdversarialConfig(**small, source=f"{spec}?trial=2", out=str(tmp_path / "run"))
    run = train("modality-adversarial", config).folder
    assert main(["explain", str(run), spec, str(tmp_path / "out"), "--queries", "2"]) == 0
    levels = json.loads((tmp_path / "out" / "correlation.json").read_text())
    assert list(levels) == ["g1", "g2", "g3", "g4", "f"]
    assert (tmp_path / "out" / "correlation.png").exists()
    capsys.readouterr()
    assert main(["explain", str(run), f"{spec}?trial=4", str(tmp_path / "other")]) == 2
    assert "was trained on trial 2" in capsys.readouterr().err
    words = ["--source", f"{spec}?trial=4", "--init", str(run), "--out", str(tmp_path / "next")]
    assert main(["train", "modality-adversarial", *words]) == 2
    assert "trained on trial 2 of regdb" in capsys.readouterr().err
    assert not (tmp_path / "next" / "metrics.jsonl").exists()
