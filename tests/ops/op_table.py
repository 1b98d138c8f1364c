"""Every operation and every way to call it, as expressions that mean the same to us and to NumPy.

One row drives all tests of `test_op_table.py`: values, number types, memory layouts, first and second derivatives, and
the same once more on the fake device. A new operation needs rows here, and a function in `reference.py` if NumPy lacks
it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType
from typing import Any
from zlib import crc32

import numpy as np

from .reference import NUMPYS, OURS

FLOATS = ("float16", "float32", "float64")
NUMBERS = (*FLOATS, "int8", "int32", "int64", "uint8")
ALL = (*NUMBERS, "bool")
WIDE = (*FLOATS, "int64")

Shape = tuple[int, ...]
MARGIN = 0.05  # from a kink, in units of the argument; differences step 1e-6


@dataclass(frozen=True)
class Row:
    """One expression, and what is known of it.

    An input is a shape, to be filled with random numbers; an array of floats, to be taken as it is; or an array of
    integers or booleans, which is a constant (an index, a mask).
    """

    code: CodeType
    id: str
    inputs: dict[str, Shape | np.ndarray]
    dtypes: tuple[str, ...]
    domain: tuple[float, float]
    kinks: tuple[float, ...]  # arguments at which there is no derivative
    smooth: bool  # there are derivatives, of every order
    analytic: bool  # our own forward pass may be taken into the complex plane
    waits: bool  # the result's length depends on numbers: a device has to be asked for it

    def ours(self, *inputs: Any) -> Any:
        """Evaluate the expression with our functions, of tensors or of arrays of a backend."""
        return eval(self.code, OURS | dict(zip(self.inputs, inputs, strict=True)))  # noqa: S307

    def numpys(self, *inputs: Any) -> Any:
        """Evaluate the expression with NumPy's functions."""
        return eval(self.code, NUMPYS | dict(zip(self.inputs, inputs, strict=True)))  # noqa: S307

    def draw(self, dtype: str = "float64") -> list[np.ndarray]:
        """Return the inputs, read-only; the same at every call."""
        rng = np.random.default_rng(crc32(self.id.encode()))
        arrays = [self.drawn(rng, given, dtype) for given in self.inputs.values()]
        for array in arrays:
            array.flags.writeable = False
        return arrays

    def drawn(self, rng: np.random.Generator, given: Shape | np.ndarray, dtype: str) -> np.ndarray:
        if isinstance(given, np.ndarray):
            return given.astype(dtype if given.dtype.kind == "f" else given.dtype)
        low, high = self.domain
        if dtype in FLOATS:
            x = rng.uniform(low, high, given)
            for kink in self.kinks:
                x = np.where(np.abs(x - kink) < MARGIN, kink + 2 * MARGIN, x)
            return np.array(x, dtype)
        lowest = 0 if dtype in {"uint8", "bool"} else -2
        return np.array(rng.integers(max(int(np.ceil(low)), lowest), int(high) + 1, given), dtype)


def row(
    text: str,
    *,
    dtypes: tuple[str, ...] = FLOATS,
    domain: tuple[float, float] = (-2.0, 2.0),
    kinks: tuple[float, ...] = (),
    smooth: bool = True,
    analytic: bool = True,
    waits: bool = False,
    **inputs: Shape | np.ndarray,
) -> Row:
    described = (f"{n}={v if isinstance(v, tuple) else v.dtype.name + str(v.tolist())}" for n, v in inputs.items())
    return Row(
        compile(text, text, "eval"),
        f"{text} {' '.join(described)} {'' if domain == (-2.0, 2.0) else domain}".strip().replace(", ", ","),
        inputs,
        dtypes,
        domain,
        kinks,
        smooth,
        analytic,
        waits,
    )


def unary(text: str, **settings: Any) -> list[Row]:
    """A function of x, element by element: for every class of shapes."""
    return [row(text, x=shape, **settings) for shape in [(), (0,), (1,), (2, 3)]]


def binary(text: str, **settings: Any) -> list[Row]:
    """A function of a and b, element by element: for every class of shapes that broadcast."""
    shapes: list[tuple[Shape, Shape]] = [((), ()), ((2, 3), (2, 3)), ((2, 3), (3,)), ((), (2, 2)), ((1, 1), (3,))]
    shapes += [((3, 1), (1, 4)), ((0, 3), (1,))]
    return [row(text, a=a, b=b, **settings) for a, b in shapes]


def integers(*values: Any, dtype: Any = np.int64) -> np.ndarray:
    return np.array(values, dtype)


def booleans(*values: Any) -> np.ndarray:
    return np.array(values, bool)


def arithmetic() -> Iterator[Row]:
    yield from binary("add(a, b)", dtypes=ALL)
    yield from binary("subtract(a, b)", dtypes=NUMBERS)
    yield from binary("multiply(a, b)", dtypes=ALL)
    yield from binary("divide(a, b)", domain=(0.5, 3.0), dtypes=NUMBERS)
    yield from binary("divide(a, b)", domain=(-3.0, -0.5))
    yield from binary("pow(a, b)", domain=(0.3, 2.5), dtypes=NUMBERS)
    yield from binary("maximum(a, b)", dtypes=ALL)
    yield from binary("minimum(a, b)", dtypes=ALL)
    yield from unary("negative(x)", dtypes=NUMBERS)
    for text in ("a + b", "a - b", "a * b", "a / b", "a**b", "a @ b"):
        yield row(text, a=(2, 2), b=(2, 2), domain=(0.3, 2.5))
    for text in (
        "-x",
        "x + 2",
        "2 + x",
        "x + 0.5",
        "x - 2",
        "2 - x",
        "x * 2",
        "0.5 * x",
        "x / 4",
        "x**2",
        "x**1",
        "x**0",
    ):
        yield row(text, x=(2, 3), dtypes=NUMBERS)
    for text in ("2 / x", "x**3"):
        yield row(text, x=(2, 3), dtypes=NUMBERS, domain=(1.0, 3.0))
    for text in ("x**-1.0", "x**2.5", "x**0.5", "2**x", "0.5**x", "0.0**x", "pow(x, 1.5)", "pow(3, x)"):
        yield row(text, x=(2, 3), domain=(0.3, 2.0))
    yield row("pow(x, 3)", x=np.array([-1.5, 0.0, 2.0]))
    yield row("x**2", x=np.array([-1.5, 0.0, 2.0]))
    yield row("maximum(x, 0.5)", x=(2, 3), kinks=(0.5,))
    yield row("minimum(0.5, x)", x=(2, 3), kinks=(0.5,))
    yield from unary("clip(x, -0.7, 0.8)", kinks=(-0.7, 0.8))
    yield from unary("clip(x, min=-0.7)", kinks=(-0.7,))
    yield from unary("clip(x, max=0.8)", kinks=(0.8,))
    yield row("clip(x)", x=(2, 3))
    yield row("clip(x, 0, 1)", x=(2, 3), dtypes=NUMBERS[3:], smooth=False)


def elementwise() -> Iterator[Row]:
    for name in ("exp", "expm1", "sin", "cos", "tanh"):
        yield from unary(f"{name}(x)", dtypes=ALL)
    for name in ("log", "sqrt", "rsqrt"):
        yield from unary(f"{name}(x)", domain=(0.2, 3.0), dtypes=FLOATS if name == "rsqrt" else NUMBERS)
    yield from unary("log1p(x)", domain=(-0.8, 3.0), dtypes=ALL)
    yield from unary("abs(x)", kinks=(0.0,), dtypes=ALL, analytic=False)
    yield from unary("relu(x)", kinks=(0.0,), dtypes=NUMBERS)
    yield from unary("leaky_relu(x)", kinks=(0.0,), dtypes=WIDE)
    yield from unary("leaky_relu(x, slope=0.3)", kinks=(0.0,))
    yield from unary("sigmoid(x)", dtypes=WIDE)
    yield from unary("gelu(x)", dtypes=WIDE)
    yield from unary("softplus(x)", dtypes=WIDE, analytic=False)
    yield from unary("logsigmoid(x)", dtypes=WIDE, analytic=False)
    for dtype in ALL:  # the derivative through another floating type would measure its rounding
        yield row(f"astype(x, {dtype!r})", x=(2, 3), dtypes=ALL, smooth=dtype == "float64", analytic=False)


def compare() -> Iterator[Row]:
    for name in ("equal", "not_equal", "less", "less_equal", "greater", "greater_equal"):
        yield from binary(f"{name}(a, b)", dtypes=ALL, smooth=False)
    for text in ("a == b", "a != b", "a < b", "a <= b", "a > b", "a >= b", "a > 0", "0 < a", "a == 1"):
        yield row(text, a=(2, 3), b=(3,), dtypes=NUMBERS, smooth=False)
    for text in ("logical_and(a, b)", "logical_or(a, b)", "a & b", "a | b", "~a"):
        yield from binary(text, dtypes=("bool",), smooth=False, domain=(0.0, 1.0))
    yield from unary("logical_not(x)", dtypes=("bool",), smooth=False, domain=(0.0, 1.0))
    yield from unary("isfinite(x)", smooth=False)
    yield row("isfinite(x)", x=np.array([1.0, np.inf, -np.inf, np.nan, 0.0]), smooth=False)
    yield from unary("sign(x)", smooth=False, dtypes=NUMBERS)
    for settings in ("", ", axis=1", ", axis=-1, keepdims=True"):
        yield row(f"argmax(x{settings})", x=(3, 4), smooth=False, dtypes=NUMBERS)
        yield row(f"argmin(x{settings})", x=(3, 4), smooth=False, dtypes=NUMBERS)
    for settings in ("", ", axis=0"):
        yield row(f"sort(x{settings})", x=(3, 4), smooth=False, dtypes=NUMBERS)
        yield row(f"argsort(x{settings})", x=(3, 4), smooth=False, dtypes=NUMBERS)
    for k in (0, 2, 4):
        for shape in ((4,), (3, 4), (2, 3, 5)):
            yield row(f"topk(x, {k})", x=shape, smooth=False, dtypes=NUMBERS)
    mask = booleans([True, False, True], [False, False, True])
    for a, b in [((2, 3), (2, 3)), ((3,), (2, 1)), ((4, 1, 1), ()), ((), ())]:
        yield row("where(mask, a, b)", mask=mask, a=a, b=b, dtypes=ALL)
    yield row("where(mask, a, b)", mask=booleans([True], [False]), a=(3,), b=())
    yield row("where(mask, x, 0)", mask=mask, x=(2, 3), dtypes=NUMBERS)
    yield row("where(mask, 1.5, x)", mask=mask, x=(2, 3))
    yield row("where(x > 0, x, -x)", x=(2, 3), kinks=(0.0,))


AXES = ("", ", axis=0", ", axis=-1", ", axis=(0, 2)", ", axis=1, keepdims=True", ", keepdims=True", ", axis=()")


def reduce() -> Iterator[Row]:
    for settings in AXES:
        for name in ("sum", "mean", "prod", "max", "min"):
            yield row(f"{name}(x{settings})", x=(2, 3, 2), dtypes=ALL)
        yield row(f"var(x{settings})", x=(2, 3, 2), dtypes=WIDE)
        yield row(f"logsumexp(x{settings})", x=(2, 3, 2), dtypes=WIDE)
    for settings in AXES[:-1]:  # of one number each the deviation is 0, and its root has no derivative there
        yield row(f"std(x{settings})", x=(2, 3, 2), dtypes=WIDE, analytic=False)
    for name in ("sum", "mean", "prod", "max", "min", "var", "logsumexp"):
        yield row(f"{name}(x)", x=(), analytic=name != "var")
        yield row(f"{name}(x)", x=(1,))
    for settings in ("", ", keepdims=True", ", axis=0", ", axis=1"):
        yield row(f"sum(x{settings})", x=(0, 3), dtypes=ALL)
        yield row(f"prod(x{settings})", x=(0, 3), dtypes=ALL)
    for text in ("mean(x, axis=0)", "max(x, axis=0)", "max(x, axis=1)", "logsumexp(x, axis=0)", "var(x, axis=0)"):
        yield row(text, x=(3, 3, 0))
    for values in ([1, 2, 0, 3], [1, 0, 0, 3], [0, 0, 0, 3], [0]):
        yield row("prod(x)", x=np.array(values, float))
    yield row("prod(x)", x=(7,))
    yield row("logsumexp(x, axis=1)", x=(1, 3))
    yield row("mean(x, axis=(0, -1))", x=(2, 3, 2))
    yield row("prod(x, axis=1)", x=(1, 1))
    for settings in (", correction=1", ", axis=-2, correction=1", ", axis=(0, 1), correction=2"):
        yield row(f"var(x{settings})", x=(2, 3, 2))
        yield row(f"std(x{settings})", x=(2, 3, 2), analytic=False)
    for name in ("softmax", "log_softmax"):
        for settings in ("", ", axis=0", ", axis=-2"):
            yield row(f"{name}(x{settings})", x=(2, 3, 2), dtypes=WIDE)
    for axis in (0, -1):
        yield row(f"cumsum(x, axis={axis})", x=(2, 3), dtypes=ALL)
    yield row("cumsum(x, axis=0)", x=(0, 3))


# fmt: off
MATMUL: list[tuple[Shape, Shape]] = [
    ((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((2, 3), (3, 4)), ((1, 3), (3, 1)),
    ((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (5, 3, 4)), ((1, 2, 3), (5, 3, 4)),
    ((2, 1, 2, 3), (3, 3, 2)), ((3,), (5, 3, 4)), ((5, 2, 3), (3,)), ((1, 3), (3,)), ((3,), (3, 1)),
    ((0,), (0,)), ((0, 3), (3, 4)), ((2, 0), (0, 4)), ((2, 2, 0), (0, 4)), ((2, 2, 3), (3, 0)), ((0, 2, 3), (3, 4)),
]
EINSUM: list[tuple[Any, ...]] = [
    ("ij,jk->ik", (2, 3), (3, 4)), ("bth,bsh->bts", (2, 3, 4), (2, 5, 4)), ("ij,ij->ij", (2, 3), (2, 3)),
    ("i,j->ij", (2,), (3,)), ("i,i->", (3,), (3,)), ("ij->ji", (2, 3)), ("ij->", (2, 3)), ("ij->j", (2, 3)),
    ("ij,jk", (2, 3), (3, 4)), ("ba", (2, 3)), ("i,i", (3,), (3,)), ("ij,kj", (2, 3), (4, 3)),  # output left out
    ("ij,kl->ik", (2, 3), (4, 2)), ("ij,k->i", (2, 3), (4,)),  # axes that one input has alone
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 2)), ("i,i,i->", (2,), (2,), (2,)),
    ("...ij,...jk->...ik", (5, 2, 3), (5, 3, 4)), ("...ij,...jk->...ik", (2, 1, 2, 3), (3, 3, 4)),
    ("...i,i->...", (2, 3), (3,)), ("...i,...i", (2, 3), (3,)), ("...i->i...", (2, 4, 3)), ("...", (2, 3)),
    ("i...,i->...", (3, 2), (3,)), ("...,...->...", (), (3,)),
    ("ij,jk->ik", (2, 1), (3, 4)), ("i,i->i", (1,), (3,)), (",i->i", (), (3,)),  # of length one: stretched
    ("ij,jk->ik", (2, 0), (0, 3)), ("i , i -> i", (3,), (3,)),
]
# fmt: on


def linalg() -> Iterator[Row]:
    for a, b in MATMUL:
        yield row("matmul(a, b)", a=a, b=b, dtypes=NUMBERS)
    for subscripts, *shapes in EINSUM:
        inputs = dict(zip("abc", shapes, strict=False))
        yield row(f"einsum({subscripts!r}, {', '.join(inputs)})", **inputs, dtypes=NUMBERS)
    for shape in [(2, 3), (4, 2, 3), (0, 2)]:
        yield row("matrix_transpose(x)", x=shape, dtypes=ALL)
    for x in [(3,), (2, 3), (4, 2, 3), (0, 3), (2, 0, 3)]:
        yield row("linear(x, W, b)", x=x, W=(5, 3), b=(5,), dtypes=NUMBERS)
        yield row("linear(x, W, None)", x=x, W=(5, 3), dtypes=NUMBERS)
    yield row("linear(x, W, b)", x=(2, 0), W=(3, 0), b=(3,), dtypes=NUMBERS)
    yield row("linear(x, W, b)", x=(2, 3), W=(0, 3), b=(0,), dtypes=NUMBERS)


# fmt: off
SHAPES: list[tuple[Any, ...]] = [
    ("reshape(x, (6,))", (2, 3)), ("reshape(x, (3, -1))", (2, 3)), ("reshape(x, 6)", (2, 3)),
    ("reshape(x, ())", (1,)), ("reshape(x, (1, 1))", ()), ("reshape(x, (0,))", (0, 3)),
    ("squeeze(x)", (1, 3, 1)), ("squeeze(x, axis=0)", (1, 3, 1)), ("squeeze(x, axis=(0, -1))", (1, 3, 1)),
    ("expand_dims(x, axis=0)", (2, 3)), ("expand_dims(x, axis=-1)", (2, 3)), ("expand_dims(x, axis=(0, 2))", (2, 3)),
    ("expand_dims(x, axis=0)", ()),
    ("permute_dims(x, (1, 0, 2))", (2, 3, 4)), ("permute_dims(x, (2, 0, 1))", (2, 3, 4)),
    ("permute_dims(x, (-1, 0, 1))", (2, 3, 4)), ("permute_dims(x, (0, 1))", (2, 3)),
    ("swapaxes(x, 0, 1)", (2, 3, 4)), ("swapaxes(x, 0, -1)", (2, 3, 4)), ("swapaxes(x, 1, 1)", (2, 3)),
    ("broadcast_to(x, (2, 3))", (3,)), ("broadcast_to(x, (2, 3))", (2, 1)), ("broadcast_to(x, (2, 3))", ()),
    ("broadcast_to(x, (0, 3))", (1, 1)), ("broadcast_to(x, (2, 3))", (2, 3)),
    ("flip(x)", (2, 3)), ("flip(x, axis=0)", (2, 3)), ("flip(x, axis=-1)", (2, 3)), ("flip(x, axis=(0, 1))", (2, 3)),
    ("repeat(x, 2)", (2, 3)), ("repeat(x, 3, axis=0)", (2, 3)), ("repeat(x, 2, axis=-1)", (2, 3)),
    ("repeat(x, 0, axis=1)", (2, 3)), ("repeat(x, 1, axis=0)", (2, 3)), ("repeat(x, 2)", ()),
    ("tril(x)", (3, 4)), ("tril(x, k=-1)", (2, 3, 3)), ("triu(x)", (3, 4)), ("triu(x, k=1)", (2, 3, 3)),
    ("pad(x, 1)", (2, 3)), ("pad(x, (1, 2))", (2, 3)), ("pad(x, ((0, 1), (2, 0)))", (2, 3)),
    ("pad(x, [(1, 1), (0, 0)])", (2, 3)), ("pad(x, 1)", (0, 2)), ("pad(x, 1, value=3)", (2, 2)),
    ("concat([a, b])", (2, 3), (1, 3)), ("concat([a, b, c], axis=-1)", (2, 3), (2, 1), (2, 2)),
    ("concat([a])", (3,)), ("concat([a, b])", (0, 3), (2, 3)), ("concat([a, a], axis=1)", (2, 3)),
    ("stack([a, b])", (2, 3), (2, 3)), ("stack([a, b], axis=1)", (2, 3), (2, 3)),
    ("stack([a, b], axis=-1)", (2, 3), (2, 3)), ("stack([a, b, c])", (), (), ()),
    ("split(x, 2)", (4, 3)), ("split(x, (1, 3), axis=-1)", (2, 4)), ("split(x, (0, 9))", (4, 3)),
    ("split(x, 1)", (3,)), ("split(x, 3)[1]", (6, 2)), ("split(x, 2, axis=1)[0]", (2, 4)), ("split(x, 2)", (0, 2)),
    ("carry(x, name='h')", (2, 3)),
]
# fmt: on


def shape() -> Iterator[Row]:
    for text, *shapes in SHAPES:
        names = [name for name in "abcx" if name in compile(text, text, "eval").co_names]
        yield row(text, **dict(zip(names, shapes, strict=True)), dtypes=ALL)


# fmt: off
STATIC = [
    "x[1]", "x[-1]", "x[1, -1]", "x[1:3]", "x[:-1]", "x[::2]", "x[::-1]", "x[:, 3:0:-2]", "x[2:2]", "x[1:99]", "x[()]",
    "x[None]", "x[:, None, 1]", "x[...]", "x[..., 2]", "x[None, ..., None, 0]", "x[True]", "x[1][2]", "x[1:][0] * x[0]",
    "x[[2, 0, 2]]", "x[[]]", "x[:, [0, 0, 1]]", "x[[0, 1], [1, 2]]", "x[[[0], [1]]]", "x[[0], :, None]", "x[1, [3, 0]]",
    "getitem(x, 1)", "getitem(x, (slice(1, None), -1))", "index_add(x, 0, 1)", "index_add(x, (slice(None), [1, 1]), 1)",
    "take(x, [1, 0], axis=0)", "take(x, (1, 0), axis=0)", "take(x, 2, axis=0)", "take(x, 2, axis=-1)",
    "take(x, 2, axis=-2)", "take(x, [[7, 0], [7, 7]])",
]
ARRAYS: list[tuple[Any, ...]] = [
    ("i", integers(2, 0, 1)), ("i", integers(1, 1, 1, 0)), ("i", integers(-1, 0, 2)), ("i", integers([0, 1], [2, 2])),
    ("i", np.array(2)), ("i", np.zeros((0,), np.int64)), ("i", integers(2, 0, 2, dtype=np.uint8)),
    ("i, j", integers(0, 2, 0), integers(1, 3, 1)), ("i, j", integers([0], [2]), integers(1, 3, 1)),
    ("slice(1, None), i", integers(3, 0, 3)), ("1, i", integers(3, 0, 3)), ("i, None, 0", integers(2, 2)),
]
MASKS: list[tuple[Any, ...]] = [
    ("i", booleans([True, False, True, False], [False] * 4, [True] * 4)), ("i", booleans(True, False, True)),
    ("slice(None), i", booleans(True, False, False, True)), ("i", booleans(False, False, False)),
    ("i, j", booleans(True, False, True), integers(1, 2)),
]
# fmt: on


def indexed() -> Iterator[Row]:
    for text in STATIC:
        yield row(text, x=(3, 4), dtypes=NUMBERS)
    yield row("x[()]", x=())
    yield row("x[[True, False, True]]", x=(3, 4), waits=True)
    yield row("x[i]", x=(3,), i=integers(2, 0, 2))
    yield row("x[i]", x=(3,), i=booleans(True, False, True), waits=True)
    for index, *arrays in ARRAYS + MASKS:
        constants = dict(zip("ij", arrays, strict=False))
        waits = arrays[0].dtype == bool
        yield row(f"getitem(x, ({index}))", x=(3, 4), **constants, dtypes=ALL, waits=waits)
        values = eval(f"x[{index}]", {"x": np.zeros((3, 4)), **constants}).shape  # noqa: S307
        text = f"index_add(x, ({index}), v)"
        yield row(text, x=(3, 4), v=values, **constants, dtypes=NUMBERS, analytic=False, waits=waits)
    for index, values in [("1", (4,)), ("slice(2)", (2, 4)), ("(0, 1)", ()), ("[2, 2]", (2, 4))]:
        yield row(f"index_add(x, {index}, v)", x=(3, 4), v=values, analytic=False)
    for index, values in [("slice(2)", (1, 4)), ("slice(2)", ()), ("[2, 2]", (4,)), ("[2, 0, 2]", ())]:
        yield row(f"index_add(x, {index}, v)", x=(3, 4), v=values, analytic=False)  # that broadcast
    for places, axis in [(integers(5, 0, 5), None), (integers(2, 0, 2), 0), (integers([0, 1], [1, 1]), -1)]:
        yield row(f"take(x, i, axis={axis})", x=(3, 4), i=places, dtypes=ALL)
    for places, axis in [(integers([0, 3], [1, 1], [2, 0]), -1), (integers([2, 0, 0, 1]), 0), (integers([3]), 1)]:
        yield row(f"take_along_axis(x, i, axis={axis})", x=(3, 4), i=places, dtypes=ALL)
    yield row("unindex(x, index=1, shape=(3, 2))", x=(2,))


ROWS = [*arithmetic(), *elementwise(), *compare(), *reduce(), *linalg(), *shape(), *indexed()]
SMOOTH = [row for row in ROWS if row.smooth]
