"""The benchmark worlds: every plan can be asked for, and different plans have different names."""

from __future__ import annotations

import inspect
from dataclasses import replace

import pytest

from reidapt.errors import WorldError
from reidapt.world import STYLES, render_world
from reidapt.world.benchmarks import BENCHMARKS, Plan, find_plan
from reidapt.world.factors import Choice
from reidapt.world.layout import Arguments

PLANS = {
    f"{bench}/{size}/{role}": plan
    for bench, benchmark in BENCHMARKS.items()
    for size, roles in benchmark.sizes.items()
    for role, plan in roles.items()
}


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_is_found_and_fits_render_world(name):
    plan = find_plan(name)
    assert plan is PLANS[name]
    assert plan.style in STYLES
    assert set(plan.arguments()) <= set(inspect.signature(render_world).parameters)


def test_full_worlds_have_700_training_people_at_256x128():
    for name, plan in PLANS.items():
        if "/full/" in name:
            assert plan.people * plan.train_fraction >= 700
            assert plan.size == (256, 128)


def test_names_differ_where_arguments_differ():
    names = [plan.name for plan in PLANS.values()]
    assert len(set(names)) == len(names)
    plan = Plan("plaza", people=8)
    assert len({plan.name, replace(plan, hold=("hair",)).name, replace(plan, train_fraction=1.0).name}) == 3


def test_a_benchmark_with_one_world_needs_no_role():
    assert find_plan("bench-infrared/tiny") is PLANS["bench-infrared/tiny/world"]


def test_a_misspelt_benchmark_is_refused_with_the_nearest_name():
    with pytest.raises(WorldError, match="did you mean 'bench-colour/tiny/forecourt'"):
        find_plan("bench-color/tiny/forecourt")


@pytest.mark.parametrize("name", PLANS)
def test_every_plan_can_be_rendered(name):
    asked = PLANS[name].arguments()
    choice = Choice(hold=frozenset(asked.pop("hold", ())))
    Arguments(**asked, layout="table", choice=choice).check()
