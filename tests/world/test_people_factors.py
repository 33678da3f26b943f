"""Laws of drawing people: factors held, parameters set, outfits, look-alikes."""

from __future__ import annotations

from collections import defaultdict

import numpy as np
import pytest

from reidapt.errors import WorldError
from reidapt.world.factors import FACTORS, Choice
from reidapt.world.garments import BOTTOMS, PERIODS, TOPS, at, weigh
from reidapt.world.lookalikes import BLOCK, lookalike_cluster
from reidapt.world.people import sample_person
from reidapt.world.styles import STYLES

HOUSE = STYLES["plaza"].wardrobe
BODILY = ("sex", "height", "skin", "hair", "hair_colour", "beard", "glasses", "gait_stride")


def columns(index: int, choice: Choice = Choice(), **more: object) -> dict[str, object]:  # noqa: B008
    return sample_person(7, "plaza", index, HOUSE, choice, **more).columns()  # type: ignore[arg-type]


def changed(one: dict[str, object], other: dict[str, object]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


@pytest.mark.parametrize(
    "factor", ["body", "skin", "hair", "gait", "glasses", "colour", "shoes", "bag", "hat", "pattern"]
)
def test_a_held_factor_is_the_same_for_everybody_and_changes_nothing_else(factor):
    held = [columns(index, Choice(frozenset({factor}))) for index in range(40)]
    own = set(FACTORS[factor].parameters)
    # what depends on the factor's value by design: hair and beard on sex and age, garments' colours on their kind
    after = {
        "body": {"hair", "hair_colour", "beard", "upper", "lower", "hat", "hat_colour"},
        "skin": {"hair_colour"},
        "hat": {"hood_up"},
    }
    if factor == "body":
        assert len({row["sex"] for row in held}) == 1
    else:
        for name in own & {"skin", "gait_stride", "glasses", "bag"}:
            assert len({row[name] for row in held if row[name] != ""}) == 1, name
        for index in range(12):
            assert changed(columns(index), held[index]) <= own | after.get(factor, set())


def test_setting_a_parameter_changes_it_alone():
    for index in range(10):
        before = columns(index)
        assert changed(before, columns(index, Choice(values={"height": 1.9}))) == {"height"}
        assert changed(before, columns(index, Choice(values={"skin": "#804020"}))) == {"skin"}
        assert changed(before, columns(index, Choice(values={"hair": "afro"}))) <= {"hair"}
        assert changed(before, columns(index, Choice(values={"upper_rgb": "#102030"}))) == {"upper_rgb"}
        assert columns(index, Choice(values={"upper": "coat"}))["upper"] == "coat"
        assert columns(index, Choice(values={"lower": "skirt", "upper": "shirt"}))["lower"] == "skirt"


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"upper": "cot"}, "upper is set to 'cot'; did you mean 'coat'"),
        ({"height": 3.0}, "between 1.45 and 2.05"),
        ({"age": 0.2}, "'age' is set to 0.2"),
        ({"skin": "brown"}, "#rrggbb"),
        ({"hair": "mullet"}, "It can be: bald, buzz"),
        ({"height": "tall"}, "expected a number"),
    ],
)
def test_a_wrong_value_is_a_sentence(values, sentence):
    with pytest.raises(WorldError, match=sentence):
        columns(0, Choice(values=values))


def test_every_parameter_of_a_person_is_a_column_and_a_factor():
    row = columns(3)
    declared = {
        name for factor in FACTORS.values() if factor.level in ("person", "outfit") for name in factor.parameters
    }
    assert declared <= set(row)
    assert set(row) - declared <= {"lookalike"}


def test_outfits_change_the_clothes_and_not_the_body():
    clothes = 0
    for index in range(20):
        first, second = columns(index), columns(index, outfit=1)
        assert not changed(first, second) & set(BODILY)
        assert second["outfit"] == 1
        clothes += bool(changed(first, second) & {"upper", "upper_rgb", "lower", "lower_rgb"})
    assert clothes >= 19


def test_lookalikes_wear_the_same_in_nearly_the_same_colours():
    people = [sample_person(7, "plaza", index, HOUSE, lookalikes=0.3) for index in range(400)]
    clusters = defaultdict(list)
    for person in people:
        clusters[person.lookalike].append(person)
    alone = clusters.pop(-1)
    assert 0.22 <= 1.0 - len(alone) / len(people) <= 0.34
    different = 0
    for group in clusters.values():
        assert 2 <= len(group) <= 4
        assert len({(p.sex, p.top.kind, p.bottom.kind, p.top.cloth.pattern) for p in group}) == 1
        shades = np.array([p.top.cloth.base for p in group])
        assert np.ptp(shades, axis=0).max() < 0.25
        different += len({p.columns()["upper_rgb"] for p in group}) > 1 and len({p.height for p in group}) > 1
    assert different == len(clusters)
    for person in alone:  # the others are who they are without clusters
        assert changed(person.columns(), sample_person(7, "plaza", person.index, HOUSE).columns()) == set()


def test_the_share_of_lookalikes_is_kept_in_every_block():
    for share in (0.0, 0.1, 0.5, 1.0):
        for block in range(6):
            numbers = [lookalike_cluster(1, "mall", i, share) for i in range(block * BLOCK, (block + 1) * BLOCK)]
            assert abs(sum(n >= 0 for n in numbers) - share * BLOCK) <= 2


def test_a_person_is_a_pure_function_of_its_arguments():
    assert columns(5) == columns(5)
    assert columns(5) != columns(6)
    assert sample_person(8, "plaza", 5, HOUSE).columns() != columns(5)


def test_cuts_stay_in_their_ranges():
    for kind, cut in TOPS.items():
        tops = [sample_person(1, "street", index, HOUSE, Choice(values={"upper": kind})).top for index in range(12)]
        for top in tops:
            assert cut.hem[0] <= top.hem <= cut.hem[1]
            assert cut.loose[0] <= top.loose <= cut.loose[1]
            assert top.collar in cut.collars
            assert top.cloth.material in cut.materials
    for cut in BOTTOMS.values():
        assert cut.length[0] <= cut.length[1] <= 1.0
    assert all(low < high for low, high in PERIODS.values())
    assert at((2.0, 4.0), 0.25) == 2.5
    assert [weigh({"a": 1, "b": 3}, share) for share in (0.0, 0.24, 0.26, 0.999)] == ["a", "a", "b", "b"]
