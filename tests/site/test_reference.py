"""The reference: every public name, each once."""

from __future__ import annotations

from collections import Counter
from importlib import import_module

import tinygrad_seq as tg
from docs.site.reference import MODULES, full, listing, pages, public


def test_every_public_name_is_listed_once():
    names = listing()
    assert [path for path, n in Counter(name.path for name in names).items() if n > 1] == []
    listed = {id(resolved(name.path)) for name in names}
    missing = [f"{module}.{name}" for module in MODULES for name, value in public(module) if id(value) not in listed]
    assert missing == []


def test_whatever_a_part_of_the_package_offers_stands_on_a_page():
    parts = {name for name in tg.__all__ if type(getattr(tg, name)).__name__ == "module"}
    assert parts - set(MODULES) == set()


def test_a_page_asks_for_each_of_its_names_once():
    written = "\n".join(pages().values())
    asked = [line.removeprefix("::: ") for line in written.splitlines() if line.startswith("::: ")]
    assert sorted(asked) == sorted(name.path for name in listing())


def test_a_name_that_is_offered_twice_says_where_else():
    (grad,) = [name for name in listing() if name.path == "tinygrad_seq.engine.walk.grad"]
    assert grad.module == "autograd"
    assert grad.others == ("tg.grad",)


def test_a_function_that_hides_its_module_is_not_spelt_through_it():
    assert [name.others for name in listing() if name.path.endswith("race.run.race")] == [()]
    assert full("") == "tinygrad_seq"


def resolved(path):
    module, _, name = path.rpartition(".")
    return getattr(import_module(module), name)
