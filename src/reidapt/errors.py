"""Errors meant for the person who can fix them: every message is a sentence, and the command line exits with code 2.

A message says what was found, where, what was expected and what to do.
"""

from __future__ import annotations


class ReidaptError(Exception):
    """Base of all errors caused by input, configuration or the machine rather than by a defect of reidapt."""


class DataError(ReidaptError):
    """A dataset, table or picture is not what was expected."""


class ConfigError(ReidaptError):
    """An option, a configuration file or a combination of options cannot be used."""


class RunError(ReidaptError):
    """A run folder or checkpoint cannot be used, written or resumed."""


class WorldError(ReidaptError):
    """A world cannot be rendered as asked."""


def first_line(problem: BaseException) -> str:
    """The first line of another library's message, or the error's name, for use inside a sentence."""
    return (str(problem).strip() or type(problem).__name__).splitlines()[0][:160]
