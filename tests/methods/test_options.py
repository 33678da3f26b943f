"""No option of any method is ignored: each is read somewhere as an attribute."""

import dataclasses
import re
from pathlib import Path

import pytest

import reidapt
from reidapt.methods import METHODS, load_method

SOURCE = "\n".join(path.read_text() for path in Path(reidapt.__file__).parent.rglob("*.py"))


@pytest.mark.parametrize("name", METHODS)
def test_every_option_is_read(name):
    options = [field.name for field in dataclasses.fields(load_method(name).Config)]
    assert [option for option in options if not re.search(rf"\.{option}\b", SOURCE)] == []
