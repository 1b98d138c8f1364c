"""The Tensor: an array that knows the operation it came from, with operators and methods that call `ops`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, Never, Self

import numpy as np

from . import ops
from .backend import Axis, Shape, current_backend, get_backend, is_array, is_floating, namespace, owner
from .engine import Leaf, Variable, backward
from .engine.variable import HookHandle
from .errors import BackendError, ConfigError, DTypeError, GradientError, ShapeError
from .ops.foreign import OURS, foreign

__all__ = ["Tensor", "from_dlpack", "from_numpy", "tensor"]


class Tensor(Variable):
    """An array of numbers on a backend, and, where gradients are on, the operation that made it.

    `Tensor(data)` copies. Python numbers and lists become float32 (whole numbers int64); arrays keep their type. Raises
    DTypeError for data that is no array of numbers, and for `requires_grad` of whole numbers.

    >>> import tinygrad_seq as tg
    >>> x = tg.Tensor([1.0, 2.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y
    tensor(5., op=sum)
    >>> y.backward()
    >>> x.grad
    tensor([2., 4.])
    """

    __slots__ = ("__weakref__",)
    __array_ufunc__ = None  # ndarray * tensor reaches __rmul__, np.exp(tensor) is a TypeError: no gradient is lost
    xp: ClassVar[Any] = ops

    def __init__(self, data: Any, requires_grad: bool = False, dtype: Any = None, backend: str | None = None) -> None:
        self.data = to_array(data, dtype, backend)
        self.node = None
        if requires_grad:
            self.requires_grad_()

    @property
    def shape(self) -> Shape:
        """The length of each axis."""
        shape: Shape = self.data.shape
        return shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return len(self.data.shape)

    @property
    def size(self) -> int:
        """The number of elements."""
        return int(np.prod(self.data.shape))

    @property
    def dtype(self) -> Any:
        """The type of its numbers."""
        return self.data.dtype

    @property
    def backend(self) -> str:
        """The name of the backend that its array belongs to."""
        return owner(self.data).name

    @property
    def device(self) -> str:
        """Where its array lives, such as `cpu` or `cuda:0`."""
        return owner(self.data).device(self.data)

    @property
    def T(self) -> Tensor:
        """The transpose of a matrix; for more axes say which: `swapaxes`, `permute_dims`, or `mT` for the last two."""
        if self.ndim != 2:
            raise ShapeError(f".T is for matrices; this tensor has shape {self.shape}. Write .mT or permute_dims().")
        return self.mT

    @property
    def mT(self) -> Tensor:
        """The last two axes exchanged."""
        return ops.matrix_transpose(self)

    # gradients

    @property
    def name(self) -> str:
        """What pictures, pages and errors call this tensor, if it collects a gradient: "" until it is given a name.

        A module names its parameters itself. Raises GradientError where no gradient is collected, and ConfigError for
        what is no text.

        >>> import tinygrad_seq as tg
        >>> W_hh = tg.tensor([[0.5]], requires_grad=True)
        >>> W_hh.name = "W_hh"
        >>> with tg.record() as tape:
        ...     h = tg.tanh(tg.ones((1, 1)) @ W_hh)
        >>> tape.nodes[1]
        <1: parameter 'W_hh' (1, 1) in 'top level'>
        """
        return self.node.name if type(self.node) is Leaf else ""

    @name.setter
    def name(self, name: str) -> None:
        if type(self.node) is not Leaf:
            raise GradientError(
                "names are for tensors that collect a gradient: those made with requires_grad=True, and parameters."
            )
        if not isinstance(name, str):
            raise ConfigError(f"a name is text; got {type(name).__name__}.")
        self.node.name = name

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient flows to or through this tensor."""
        return self.node is not None

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Turn a tensor without a graph into a leaf that collects `.grad`, or back. Raises DTypeError for integers."""
        if not self.is_leaf:
            if not requires_grad:
                raise GradientError("requires_grad_(False) is for leaves; x.detach() gives the numbers alone.")
        elif not requires_grad:
            self.node = None
        elif self.node is None:
            if not is_floating(self.data.dtype):
                raise DTypeError(
                    f"requires_grad needs floating numbers, and these are {self.data.dtype}: a step of integers has no"
                    " derivative.\n    Write 1.0 for 1, or pass dtype='float32'."
                )
            self.data = namespace(self.data).asarray(self.data)  # a leaf is written into, and NumPy's scalars cannot be
            self.node = Leaf(self.data.shape, self.data.dtype)
        return self

    @property
    def is_leaf(self) -> bool:
        """Whether no operation made it: gradients end here."""
        return self.node is None or type(self.node) is Leaf

    @property
    def grad(self) -> Tensor | None:
        """The gradient that `backward()` has added up here; None before the first, never a graph."""
        return self.node.grad if type(self.node) is Leaf else None  # type: ignore[return-value]  # engine: a Variable

    @grad.setter
    def grad(self, value: Tensor | None) -> None:
        if type(self.node) is not Leaf:
            raise GradientError(".grad is kept by leaves: tensors made with requires_grad=True, and parameters.")
        if value is None:
            self.node.grad = None
            return
        if not isinstance(value, Tensor):
            raise DTypeError(f".grad is a tensor or None; got {type(value).__name__}.")
        if value.shape != self.shape:
            raise ShapeError(f".grad has the tensor's own shape {self.shape}; got {value.shape}.")
        self.node.grad = value.detach()

    def backward(self, gradient: Tensor | None = None, retain_graph: bool | None = None) -> None:
        """Add d(self)/d(leaf) into `.grad` of every leaf that this tensor was made of.

        `gradient` weighs the elements of a tensor that is no scalar. The graph is freed unless `retain_graph=True`.
        Raises GradientError, GraphFreedError (a second time through a freed graph) and StaleReadError (a parameter was
        changed since the forward pass).
        """
        backward(self, gradient, retain_graph)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> HookHandle:
        """Call `hook(gradient)` when the gradient of this tensor is complete; what it returns replaces it."""
        if self.node is None:
            raise GradientError("register_hook() on a tensor without requires_grad=True: no gradient comes by.")
        return HookHandle(self.node, hook)

    def detach(self) -> Tensor:
        """Return the same numbers without their history; no gradient flows back through them."""
        return self.handle(self.data, None)

    # out of here

    def numpy(self) -> np.ndarray:
        """Return the numbers as a NumPy array, shared where they are on the host. Raises GradientError on a graph."""
        if self.node is not None:
            raise GradientError("numpy() would lose the gradient without a word. Write x.detach().numpy().")
        return owner(self.data).to_host(self.data)

    def item(self) -> Any:
        """Return the one element as a Python number."""
        if self.size != 1:
            raise ShapeError(f"item() is for tensors of one element; this one has shape {self.shape}.")
        return self.detach().numpy().item()

    def tolist(self) -> Any:
        """Return the numbers as nested lists."""
        return self.detach().numpy().tolist()

    def to(self, backend: str) -> Tensor:
        """Return the tensor on another backend; gradients do not cross. Raises GradientError on a graph."""
        if backend == self.backend:
            return self
        if self.node is not None:
            raise GradientError(
                f'to("{backend}") of a tensor with requires_grad: gradients do not cross backends.'
                f'\n    Write x.detach().to("{backend}"); for a model, model.to("{backend}").'
            )
        return self.handle(get_backend(backend).from_host(self.numpy()), None)

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if self.backend != "numpy":
            raise BackendError(f"this tensor is on {self.device}; NumPy cannot read it in passing. Write x.numpy().")
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def __dlpack__(self, **kwargs: Any) -> Any:
        if self.node is not None:
            raise GradientError("DLPack would lose the gradient without a word. Pass x.detach().")
        return namespace(self.data).asarray(self.data).__dlpack__(**kwargs)

    def __dlpack_device__(self) -> Any:
        return namespace(self.data).asarray(self.data).__dlpack_device__()

    def __copy__(self) -> Self:
        refuse_graph(self)
        twin = type(self)(self.data, self.requires_grad, backend=self.backend)
        if twin.node is not None:
            twin.name = self.name
        return twin

    def __deepcopy__(self, memo: Any) -> Self:
        return self.__copy__()

    def __reduce__(self) -> Any:
        refuse_graph(self)
        return type(self), (owner(self.data).to_host(self.data), self.requires_grad), self.name or None

    def __setstate__(self, name: str) -> None:
        self.name = name

    def __repr__(self) -> str:
        host = owner(self.data).to_host(self.data)
        text = np.array2string(host, precision=4, separator=", ", prefix="tensor(")
        if not self.size:
            text += f", shape={self.shape}"
        if str(self.dtype) not in {"float32", "int64", "bool"}:
            text += f", dtype={self.dtype}"
        if self.backend != "numpy":
            text += f", device={self.device}"
        if not self.is_leaf:
            text += f", op={self.node.op.name}"
        elif self.node is not None:
            text += ", requires_grad=True"
        return f"tensor({text})"

    # as Python sees it

    def __len__(self) -> int:
        if not self.data.shape:
            raise TypeError("len() of a 0-d tensor")
        return int(self.data.shape[0])

    def __iter__(self) -> Iterator[Tensor]:
        return (self[i] for i in range(len(self)))

    def __bool__(self) -> bool:
        if self.size != 1:
            raise ShapeError(
                f"the truth of a tensor of shape {self.shape} is not defined. Use .all() or .any() of its array."
            )
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if is_floating(self.dtype):
            raise DTypeError(f"only whole numbers index, and this tensor holds {self.dtype}.")
        return int(self.item())

    def __getitem__(self, index: Any) -> Tensor:
        return ops.getitem(self, index)

    def __setitem__(self, index: Any, value: Any) -> Never:
        raise TypeError(
            "a tensor is not written in place: the graph would still hold the old numbers."
            "\n    Build the new one: tg.where(mask, a, b), tg.concat([...]), or tg.index_add(x, index, values)."
        )

    __hash__ = object.__hash__

    # arithmetic

    def __add__(self, other: Any) -> Tensor:
        return ops.add(self, other)

    def __radd__(self, other: Any) -> Tensor:
        return ops.add(other, self)

    def __sub__(self, other: Any) -> Tensor:
        return ops.subtract(self, other)

    def __rsub__(self, other: Any) -> Tensor:
        return ops.subtract(other, self)

    def __mul__(self, other: Any) -> Tensor:
        return ops.multiply(self, other)

    def __rmul__(self, other: Any) -> Tensor:
        return ops.multiply(other, self)

    def __truediv__(self, other: Any) -> Tensor:
        return ops.divide(self, other)

    def __rtruediv__(self, other: Any) -> Tensor:
        return ops.divide(other, self)

    def __pow__(self, other: Any) -> Tensor:
        return ops.pow(self, other)

    def __rpow__(self, other: Any) -> Tensor:
        return ops.pow(other, self)

    def __matmul__(self, other: Any) -> Tensor:
        return ops.matmul(self, other)

    def __rmatmul__(self, other: Any) -> Tensor:
        return ops.matmul(other, self)

    def __neg__(self) -> Tensor:
        return ops.negative(self)

    def __abs__(self) -> Tensor:
        return ops.abs(self)

    def __eq__(self, other: object) -> Tensor:  # type: ignore[override]
        return ops.equal(self, other)

    def __ne__(self, other: object) -> Tensor:  # type: ignore[override]
        return ops.not_equal(self, other)

    def __lt__(self, other: Any) -> Tensor:
        return ops.less(self, other)

    def __le__(self, other: Any) -> Tensor:
        return ops.less_equal(self, other)

    def __gt__(self, other: Any) -> Tensor:
        return ops.greater(self, other)

    def __ge__(self, other: Any) -> Tensor:
        return ops.greater_equal(self, other)

    def __and__(self, other: Any) -> Tensor:
        return ops.logical_and(self, other)

    def __or__(self, other: Any) -> Tensor:
        return ops.logical_or(self, other)

    def __invert__(self) -> Tensor:
        return ops.logical_not(self)

    # the functions that read well behind a dot; `other` catches the names of other libraries

    def sum(self, axis: Axis = None, keepdims: bool = False, **other: Never) -> Tensor:
        """Return the sum along axis."""
        return ops.sum(self, axis, keepdims, **other)

    def mean(self, axis: Axis = None, keepdims: bool = False, **other: Never) -> Tensor:
        """Return the mean along axis."""
        return ops.mean(self, axis, keepdims, **other)

    def max(self, axis: Axis = None, keepdims: bool = False, **other: Never) -> Tensor:
        """Return the largest element along axis."""
        return ops.max(self, axis, keepdims, **other)

    def min(self, axis: Axis = None, keepdims: bool = False, **other: Never) -> Tensor:
        """Return the smallest element along axis."""
        return ops.min(self, axis, keepdims, **other)

    def argmax(self, axis: int | None = None, keepdims: bool = False, **other: Never) -> Tensor:
        """Return the index of the largest element along axis."""
        return ops.argmax(self, axis, keepdims, **other)

    def exp(self) -> Tensor:
        """Return e^x."""
        return ops.exp(self)

    def log(self) -> Tensor:
        """Return ln x."""
        return ops.log(self)

    def sqrt(self) -> Tensor:
        """Return the square root."""
        return ops.sqrt(self)

    def tanh(self) -> Tensor:
        """Return tanh x."""
        return ops.tanh(self)

    def sigmoid(self) -> Tensor:
        """Return 1 / (1 + e^-x)."""
        return ops.sigmoid(self)

    def relu(self) -> Tensor:
        """Return max(x, 0)."""
        return ops.relu(self)

    def softmax(self, axis: int = -1, **other: Never) -> Tensor:
        """Return e^x, divided by its sum along axis."""
        return ops.softmax(self, axis, **other)

    def reshape(self, *shape: int | Shape) -> Tensor:
        """Return the same numbers in another shape; one length may be -1."""
        return ops.reshape(self, shape[0] if len(shape) == 1 else shape)

    def swapaxes(self, axis1: int, axis2: int) -> Tensor:
        """Return the tensor with two axes exchanged."""
        return ops.swapaxes(self, axis1, axis2)

    def squeeze(self, axis: Axis = None, **other: Never) -> Tensor:
        """Return the tensor without axes of length one."""
        return ops.squeeze(self, axis, **other)

    def expand_dims(self, axis: int | tuple[int, ...], **other: Never) -> Tensor:
        """Return the tensor with new axes of length one."""
        return ops.expand_dims(self, axis, **other)

    def astype(self, dtype: Any) -> Tensor:
        """Return the numbers in another type; a gradient flows through floating types only."""
        return ops.astype(self, dtype)

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Answer a method that another library would have with the name of ours."""
            if name in OURS:
                return foreign(name)
            raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")


Tensor.kind = Tensor


def refuse_graph(x: Tensor) -> None:
    """Raise GradientError for the result of an operation: a copy would be without its history."""
    if not x.is_leaf:
        raise GradientError("a tensor in the middle of a graph cannot be pickled or copied. Use x.detach().")


def to_array(data: Any, dtype: Any, backend: str | None) -> Any:
    """Return a fresh array of `data` on a backend (default: the data's own, else the current one)."""
    if isinstance(data, Tensor):
        data = data.data
    home = owner(data) if is_array(data) else None
    place = get_backend(backend) if backend else home if home and home.name != "numpy" else current_backend()
    if home is not None and home is not place:
        data = home.to_host(data)
    if home is not place:
        data = host_array(data, dtype)
        if place.name != "numpy":
            data = place.from_host(data if dtype is None else data.astype(dtype))
    return place.xp.asarray(data, dtype=dtype, copy=True)


def host_array(data: Any, dtype: Any) -> np.ndarray:
    """Return anything NumPy understands as an array of numbers; Python floats are float32 where no dtype is named."""
    try:
        array = np.asarray(data)
    except GradientError as e:
        raise GradientError("a list of tensors on a graph: tg.stack([...]) joins them and keeps the gradient.") from e
    except (ValueError, TypeError) as e:
        raise DTypeError(f"a tensor is a box of numbers with equally long rows; got {type(data).__name__}: {e}") from e
    if array.dtype.kind not in "fiub":
        raise DTypeError(f"a tensor holds numbers; {type(data).__name__} gives elements of type {array.dtype}.")
    if dtype is None and array.dtype == np.float64 and not isinstance(data, np.ndarray | np.generic):
        return array.astype(np.float32)
    return array


def tensor(data: Any, requires_grad: bool = False, dtype: Any = None, backend: str | None = None) -> Tensor:
    """Return a tensor of `data`, copied: Python numbers as float32 (whole ones int64), arrays in their own type.

    >>> import tinygrad_seq as tg
    >>> tg.tensor([[1, 2], [3, 4]])
    tensor([[1, 2],
            [3, 4]])
    """
    return Tensor(data, requires_grad, dtype, backend)


def from_numpy(array: np.ndarray) -> Tensor:
    """Return a tensor that shares a NumPy array's memory (on a device backend: a copy there)."""
    if not isinstance(array, np.ndarray):
        raise DTypeError(f"from_numpy() shares a NumPy array; got {type(array).__name__}. Use tg.tensor() to copy.")
    owner(array)  # makes a subclass such as memmap known by its type
    return Tensor.handle(current_backend().from_host(array), None)


def from_dlpack(array: Any) -> Tensor:
    """Return a tensor that shares the memory of another library's array, such as a PyTorch tensor."""
    return Tensor.handle(current_backend().xp.from_dlpack(array), None)
