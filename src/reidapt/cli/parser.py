"""What the verbs share: a parser whose errors are sentences, and the types of arguments."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NoReturn

from reidapt.config import nearest
from reidapt.errors import ConfigError

Handler = Callable[[argparse.Namespace], "int | None"]


class Parser(argparse.ArgumentParser):
    """argparse whose errors are sentences with the nearest valid name."""

    def error(self, message: str) -> NoReturn:
        words = message.split()
        if "unrecognized arguments:" in message:
            flag = next((w for w in words if w.startswith("--")), words[-1]).split("=")[0]
            valid = [o for a in self.every_action() for o in a.option_strings if o.startswith("--")]
            raise ConfigError(f"'{self.prog}' has no option or argument '{flag}'; {nearest(flag, valid)}")
        if "invalid choice:" in message:
            name = message.split("invalid choice: ")[1].split("'")[1]
            verbs = [c for a in self._actions if a.choices and name not in a.choices for c in map(str, a.choices)]
            raise ConfigError(f"'{self.prog}' does not know '{name}'; {nearest(name, verbs)}")
        raise ConfigError(f"'{self.prog}': {message}. See '{self.prog} --help'.")

    def every_action(self) -> list[argparse.Action]:
        """Own actions and those of the sub-commands."""
        actions = list(self._actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                for sub in action.choices.values():
                    actions += sub.every_action()
        return actions


def verb(verbs: argparse._SubParsersAction, name: str, handler: Handler | None, text: str) -> Parser:
    """Add a sub-command."""
    parser: Parser = verbs.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".", allow_abbrev=False)
    if handler:
        parser.set_defaults(handler=handler)
    return parser


def size(text: str) -> tuple[int, int]:
    """``128x64`` → (128, 64)."""
    try:
        height, width = (int(part) for part in text.lower().split("x"))
    except ValueError:
        raise ConfigError(f"The size '{text}' is not HEIGHTxWIDTH in px, such as 128x64.") from None
    return height, width
