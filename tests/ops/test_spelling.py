"""Names that other libraries use are answered with ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import tinygrad_seq as tg
from tinygrad_seq import ops
from tinygrad_seq.errors import SpellingError
from tinygrad_seq.ops.foreign import OURS

x = tg.tensor([[1.0, 2.0], [3.0, 4.0]])


@pytest.mark.parametrize("name", OURS)
def test_a_foreign_function_names_ours(name: str) -> None:
    ours = OURS[name].split("(")[0]
    assert ours in ops.__all__
    for function in (getattr(tg, name), getattr(x, name)):
        with pytest.raises(SpellingError, match=rf"there is no {name}\(\) here: write {ours}\("):
            function(x, 0)
    assert getattr(tg, name).__doc__ == f"Not here: write {OURS[name]}."


@pytest.mark.parametrize("name", OURS)
def test_a_foreign_name_is_none_of_ours(name: str) -> None:
    assert name not in ops.__all__
    assert name not in dir(tg)


WITH_AXIS: dict[str, Callable[..., Any]] = {
    **{name: getattr(tg, name) for name in ("sum", "mean", "max", "min", "prod", "var", "std", "logsumexp", "argmax")},
    **{name: getattr(tg, name) for name in ("softmax", "log_softmax", "cumsum", "sort", "argsort", "flip", "squeeze")},
    "split": lambda x, **named: tg.split(x, 2, **named),
    "repeat": lambda x, **named: tg.repeat(x, 2, **named),
    "take": lambda x, **named: tg.take(x, [0], **named),
    "take_along_axis": lambda x, **named: tg.take_along_axis(x, tg.tensor([[0]]), **named),
    "concat": lambda x, **named: tg.concat([x, x], **named),
    "stack": lambda x, **named: tg.stack([x, x], **named),
    "expand_dims": tg.expand_dims,
}
METHODS = ("sum", "mean", "max", "min", "argmax", "softmax", "squeeze", "expand_dims")


@pytest.mark.parametrize("name", WITH_AXIS)
def test_dim_is_axis(name: str) -> None:
    with pytest.raises(SpellingError, match=rf"{name}\(\) takes axis=, not dim="):
        WITH_AXIS[name](x, dim=0)


@pytest.mark.parametrize("name", METHODS)
def test_dim_is_axis_behind_a_dot_too(name: str) -> None:
    given = {"axis": 0} if name == "expand_dims" else {}
    with pytest.raises(SpellingError, match=rf"{name}\(\) takes axis=, not dim="):
        getattr(x, name)(**given, dim=0)


def test_other_arguments_are_translated() -> None:
    with pytest.raises(SpellingError, match="keepdims=, not keepdim="):
        tg.sum(x, axis=0, keepdim=True)
    with pytest.raises(SpellingError, match="correction=, not ddof="):
        tg.var(x, ddof=1)
    with pytest.raises(SpellingError, match="correction=, not unbiased="):
        tg.std(x, unbiased=False)


def test_a_spelling_error_is_a_type_error_and_ours() -> None:
    assert issubclass(SpellingError, TypeError)
    assert issubclass(SpellingError, tg.TinygradSeqError)


def test_an_unknown_name_is_a_plain_attribute_error() -> None:
    with pytest.raises(AttributeError, match="frobnicate"):
        tg.frobnicate  # noqa: B018
    with pytest.raises(AttributeError, match="frobnicate"):
        x.frobnicate  # noqa: B018
