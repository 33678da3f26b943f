"""Configuration: defaults, then the file, then the flags; every unknown name is refused."""

from dataclasses import dataclass
from typing import Literal

import pytest

from reidapt.config import differences, from_dict, nearest, parse, to_dict
from reidapt.errors import ConfigError


@dataclass
class Options:
    """Something to configure."""

    epochs: int = 3
    """Epochs."""
    weight_decay: float = 0.1
    """Decay."""
    mode: Literal["a", "b"] = "a"
    """Mode."""


def read(*words):
    return parse(Options, words, program="reidapt thing")


def test_flags_win_over_the_file_and_the_file_over_defaults(tmp_path):
    (tmp_path / "c.yaml").write_text("epochs: 5\nmode: b\n")
    config = ["--config", str(tmp_path / "c.yaml")]
    assert read() == Options()
    assert read(*config) == Options(epochs=5, mode="b")
    assert read(*config, "--epochs", "7") == Options(epochs=7, mode="b")
    assert read("--epochs=7", *config, "--epochs=8") == Options(epochs=8, mode="b")


@pytest.mark.parametrize("flag", ["--weight-decay=0.5", "--weight_decay=0.5"])
def test_both_spellings(flag):
    assert read(flag).weight_decay == 0.5


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--epoch=3"], "did you mean 'epochs'?"),
        (["--epochs=soon"], "'epochs'"),
        (["--mode=c"], "'mode'"),
        (["--epochs"], "expected one argument"),
        (["stray"], "stray"),
        (["--config=nowhere.yaml"], "nowhere.yaml"),
    ],
)
def test_errors_are_sentences(words, said):
    with pytest.raises(ConfigError) as problem:
        read(*words)
    assert said in str(problem.value)
    assert "Traceback" not in str(problem.value)


def test_a_file_may_hold_a_constant_with_its_value_only(tmp_path):
    file = tmp_path / "c.yaml"
    file.write_text("method: thing\nepochs: 4\n")
    words = ["--config", str(file)]
    assert parse(Options, words, program="reidapt thing", constants={"method": "thing"}) == Options(epochs=4)
    with pytest.raises(ConfigError, match="says method: thing; it must be other"):
        parse(Options, words, program="reidapt other", constants={"method": "other"})


def test_unknown_key_in_a_file(tmp_path):
    (tmp_path / "c.yaml").write_text("epoch: 5\n")
    with pytest.raises(ConfigError, match="unknown key 'epoch'; did you mean 'epochs'"):
        read("--config", str(tmp_path / "c.yaml"))


def test_round_trip_and_differences():
    options = Options(epochs=9)
    assert from_dict(Options, to_dict(options), where="here") == options
    assert differences(to_dict(Options()), to_dict(options)) == ["epochs: 3 → 9"]
    with pytest.raises(ConfigError, match="did you mean 'epochs'"):
        from_dict(Options, {"epochz": 1}, where="here")


def test_nearest_lists_what_is_valid_when_nothing_is_close():
    assert nearest("zzz", ["alpha", "beta"]) == "valid are: alpha, beta."
