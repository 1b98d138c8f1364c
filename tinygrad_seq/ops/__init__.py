"""All operations as functions, spelt as in the Array API.

They take Tensors and give Tensors; arrays of a backend give arrays. The same functions are what a derivative rule calls
under `create_graph=True`, in the place of the backend's own.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from . import arithmetic, compare, elementwise, index, linalg, reduce, shape
from . import carry as _carry
from .compositions import (
    astype,
    clip,
    concat,
    einsum,
    getitem,
    index_add,
    matmul,
    pad,
    pow,
    prod,
    repeat,
    stack,
    std,
    swapaxes,
    take,
    take_along_axis,
    var,
)

__all__ = [
    "abs",
    "add",
    "argmax",
    "argmin",
    "argsort",
    "astype",
    "broadcast_to",
    "clip",
    "concat",
    "cos",
    "cumsum",
    "divide",
    "einsum",
    "equal",
    "exp",
    "expand_dims",
    "expm1",
    "flip",
    "gelu",
    "getitem",
    "greater",
    "greater_equal",
    "index_add",
    "isfinite",
    "leaky_relu",
    "less",
    "less_equal",
    "log",
    "log1p",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "logsigmoid",
    "logsumexp",
    "matmul",
    "matrix_transpose",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "multiply",
    "negative",
    "not_equal",
    "pad",
    "permute_dims",
    "pow",
    "prod",
    "relu",
    "repeat",
    "reshape",
    "rsqrt",
    "sigmoid",
    "sign",
    "sin",
    "softmax",
    "softplus",
    "sort",
    "split",
    "sqrt",
    "squeeze",
    "stack",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "tanh",
    "topk",
    "tril",
    "triu",
    "var",
    "where",
]

V = TypeVar("V")


class Unary(Protocol):
    """A function of one array and its settings."""

    def __call__(self, x: V, /, *args: Any, **settings: Any) -> V: ...


class Binary(Protocol):
    """A function of two arrays, one of which may be a number."""

    def __call__(self, a: Any, b: Any, /) -> Any: ...


class Choice(Protocol):
    """A function of a mask and two arrays."""

    def __call__(self, mask: Any, a: Any, b: Any, /) -> Any: ...


class Several(Protocol):
    """A function of one array with several results."""

    def __call__(self, x: V, /, *args: Any, **settings: Any) -> tuple[V, ...]: ...


add: Binary = arithmetic.Add.apply
subtract: Binary = arithmetic.Subtract.apply
multiply: Binary = arithmetic.Multiply.apply
divide: Binary = arithmetic.Divide.apply
negative: Unary = arithmetic.Negative.apply
maximum: Binary = arithmetic.Maximum.apply
minimum: Binary = arithmetic.Minimum.apply
where: Choice = arithmetic.Where.apply

abs: Unary = elementwise.Abs.apply
exp: Unary = elementwise.Exp.apply
expm1: Unary = elementwise.Expm1.apply
log: Unary = elementwise.Log.apply
log1p: Unary = elementwise.Log1p.apply
sqrt: Unary = elementwise.Sqrt.apply
rsqrt: Unary = elementwise.Rsqrt.apply
sin: Unary = elementwise.Sin.apply
cos: Unary = elementwise.Cos.apply
tanh: Unary = elementwise.Tanh.apply
sigmoid: Unary = elementwise.Sigmoid.apply
relu: Unary = elementwise.Relu.apply
leaky_relu: Unary = elementwise.LeakyRelu.apply
gelu: Unary = elementwise.Gelu.apply
softplus: Unary = elementwise.Softplus.apply
logsigmoid: Unary = elementwise.Logsigmoid.apply

equal: Binary = compare.Equal.apply
not_equal: Binary = compare.NotEqual.apply
less: Binary = compare.Less.apply
less_equal: Binary = compare.LessEqual.apply
greater: Binary = compare.Greater.apply
greater_equal: Binary = compare.GreaterEqual.apply
logical_and: Binary = compare.LogicalAnd.apply
logical_or: Binary = compare.LogicalOr.apply
logical_not: Unary = compare.LogicalNot.apply
isfinite: Unary = compare.Isfinite.apply
sign: Unary = compare.Sign.apply
argmax: Unary = compare.Argmax.apply
argmin: Unary = compare.Argmin.apply
sort: Unary = compare.Sort.apply
argsort: Unary = compare.Argsort.apply
topk: Several = compare.Topk.apply

sum: Unary = reduce.Sum.apply
mean: Unary = reduce.Mean.apply
max: Unary = reduce.Max.apply
min: Unary = reduce.Min.apply
logsumexp: Unary = reduce.Logsumexp.apply
softmax: Unary = reduce.Softmax.apply
log_softmax: Unary = reduce.LogSoftmax.apply
cumsum: Unary = reduce.Cumsum.apply

linear: Callable[..., Any] = linalg.Linear.apply
matrix_transpose: Unary = linalg.MatrixTranspose.apply
reshape: Unary = shape.Reshape.apply
squeeze: Unary = shape.Squeeze.apply
expand_dims: Unary = shape.ExpandDims.apply
permute_dims: Unary = shape.PermuteDims.apply
broadcast_to: Unary = shape.BroadcastTo.apply
flip: Unary = shape.Flip.apply
tril: Unary = shape.Tril.apply
triu: Unary = shape.Triu.apply
split: Several = shape.Split.apply
unindex: Unary = index.Unindex.apply
carry: Unary = _carry.Carry.apply
