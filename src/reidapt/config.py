"""Typed configuration: a dataclass, a YAML file and flags, merged; an unknown name is refused with the nearest valid one."""

from __future__ import annotations

import argparse
import dataclasses
import difflib
import re
import warnings
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

import yaml

from reidapt.errors import ConfigError

T = TypeVar("T")


def nearest(name: str, valid: Iterable[str]) -> str:
    """A half-sentence that points from a misspelt ``name`` to the closest valid one, or lists what is valid."""
    options = sorted(valid)
    close = difflib.get_close_matches(name, options, n=1, cutoff=0.5)
    return f"did you mean '{close[0]}'?" if close else f"valid are: {', '.join(options)}."


def parse(schema: type[T], arguments: Sequence[str], *, program: str, constants: Mapping[str, str] | None = None) -> T:
    """Fill the dataclass ``schema`` from defaults, ``--preset``, the YAML file given by ``--config``, then flags.

    Args:
        schema: dataclass whose fields are the options; the docstring below each field is its help text. Its ``presets``,
            where it has any, are other values by name for some of the defaults.
        arguments: command-line words after the verb, e.g. ``["--epochs", "3"]``.
        program: what to call the command in ``--help``.
        constants: keys that a file may hold with just this value, such as the method in a run's ``config.yaml``.

    Raises:
        ConfigError: a name is unknown (the nearest valid one is named) or a value has the wrong type.
    """
    import jsonargparse

    warnings.filterwarnings("ignore", category=DeprecationWarning, module="jsonargparse")
    jsonargparse.set_parsing_settings(docstring_parse_attribute_docstrings=True)
    parser = jsonargparse.ArgumentParser(
        prog=program, description=(schema.__doc__ or "").strip(), exit_on_error=False, allow_abbrev=False
    )
    parser.add_argument("--config", action="config", help="YAML file with any of the options below; flags win.")
    for key, value in (constants or {}).items():
        parser.add_argument(f"--{key}", default=value, help=argparse.SUPPRESS)
    parser.add_class_arguments(schema)
    parser._action_groups[-1].title = "configuration"
    names = [field.name for field in dataclasses.fields(schema)]  # type: ignore[arg-type]
    arguments = [_with_underscores(word) for word in arguments]
    presets: Mapping[str, Mapping[str, Any]] = getattr(schema, "presets", {})
    if presets:
        parser.add_argument("--preset", choices=list(presets), help="Values that belong together; file and flags win.")
        chosen, arguments = _preset(arguments, presets, program)
        parser.set_defaults(**chosen)
    _refuse_unknown_flags(arguments, names, program)
    try:
        parsed = parser.parse_args(arguments)
    except Exception as problem:
        raise ConfigError(_sentence(problem, names, program)) from None
    for key, value in (constants or {}).items():
        if parsed[key] != value:
            raise ConfigError(f"The configuration of {program} says {key}: {parsed[key]}; it must be {value}.")
    return schema(**{name: parsed[name] for name in names})


def _with_underscores(word: str) -> str:
    """``--weight-decay=1`` → ``--weight_decay=1``: both spellings are accepted."""
    if not word.startswith("--"):
        return word
    flag, equals, value = word.partition("=")
    return "--" + flag[2:].replace("-", "_") + equals + value


def _preset(
    arguments: Sequence[str], presets: Mapping[str, Mapping[str, Any]], program: str
) -> tuple[Mapping[str, Any], list[str]]:
    """The values of the preset that the words name, and the words without it."""
    own = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    own.add_argument("--preset", default="")
    found, rest = own.parse_known_args(list(arguments))
    if found.preset and found.preset not in presets:
        raise ConfigError(f"{program} has no preset '{found.preset}'; {nearest(found.preset, presets)}")
    return presets.get(found.preset, {}), rest


def _refuse_unknown_flags(arguments: Sequence[str], names: Sequence[str], program: str) -> None:
    known = {*names, "config", "help", "print_config"}
    for word in arguments:
        flag = word[2:].split("=", 1)[0] if word.startswith("--") else None
        if flag is not None and flag not in known:
            raise ConfigError(f"{program} has no option '--{flag}'; {nearest(flag, names)}")


def _sentence(problem: Exception, names: Sequence[str], program: str) -> str:
    text = str(problem)
    unknown = re.search(r"Option '([^']+)' is not accepted", text)
    if unknown:
        return f"The configuration of {program} has the unknown key '{unknown[1]}'; {nearest(unknown[1], names)}"
    wrong = re.search(r'Parser key "([^"]+)":\s*(.*)', text, flags=re.S)
    if wrong:
        detail = " ".join(wrong[2].split()).replace("<class '", "").replace("'>", "").replace("typing.", "")
        return f"Option '{wrong[1]}' of {program} has an unusable value. {detail}."
    return f"The options of {program} cannot be read: {' '.join(text.split())}"


def to_dict(config: Any) -> dict[str, Any]:
    """A configuration dataclass as plain YAML-able values."""
    return {key: list(v) if isinstance(v, tuple) else v for key, v in dataclasses.asdict(config).items()}


def from_dict(schema: type[T], values: dict[str, Any], *, where: str) -> T:
    """The inverse of :func:`to_dict`; unknown keys are refused. ``where`` names the origin in the error."""
    names = {field.name for field in dataclasses.fields(schema)}  # type: ignore[arg-type]
    for key in values:
        if key not in names:
            raise ConfigError(f"{where} has the unknown key '{key}'; {nearest(key, names)}")
    return schema(**values)


def dump_yaml(values: dict[str, Any]) -> str:
    """YAML text in the given key order."""
    return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)


def differences(a: dict[str, Any], b: dict[str, Any]) -> list[str]:
    """Keys whose values differ, as ``key: a → b`` lines."""
    keys = [*a, *(key for key in b if key not in a)]
    return [f"{key}: {a.get(key)} → {b.get(key)}" for key in keys if a.get(key) != b.get(key)]
