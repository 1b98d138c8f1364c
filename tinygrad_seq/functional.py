"""Losses and layers as functions of tensors. The class axis is always the last one."""

from __future__ import annotations

from typing import Any, Literal

from . import ops, random
from .backend import is_array, namespace, owner
from .errors import ConfigError, DTypeError, ShapeError
from .ops.cross_entropy import CrossEntropy
from .ops.dropout import Dropout, noise
from .ops.layer_norm import LayerNorm
from .tensor import Tensor

__all__ = [
    "binary_cross_entropy_with_logits",
    "cross_entropy",
    "dropout",
    "embedding",
    "huber_loss",
    "l1_loss",
    "layer_norm",
    "linear",
    "mse_loss",
    "nll_loss",
    "one_hot",
]

Reduction = Literal["mean", "sum", "none"]


def linear(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """Return y = x W^T + b.

    Shapes: x (..., I), weight (O, I), bias (O,), y (..., O).
    """
    if x.shape[-1:] != weight.shape[1:]:
        raise ShapeError(
            f"linear: x of shape {x.shape} for a weight of {weight.shape}: {x.shape[-1:]} != {weight.shape[1:]}."
        )
    y: Tensor = ops.linear(x, weight, bias)
    return y


def embedding(ids: Any, weight: Tensor) -> Tensor:
    """Return y = weight[ids], a row for every integer.

    Shapes: ids any, weight (V, E), y (*ids.shape, E). Raises ShapeError for an id outside 0 .. V - 1.
    """
    ids = integers(ids, weight.backend)
    check_range(ids, weight.shape[0], "embedding")
    return ops.getitem(weight, ids)


def one_hot(ids: Any, n: int, dtype: Any = "float32") -> Tensor:
    """Return y with y[..., k] = 1 where k is the id, else 0.

    Shapes: ids any, y (*ids.shape, n).
    """
    ids = integers(ids)
    check_range(ids, n, "one_hot")
    xp = namespace(ids)
    return Tensor.handle(xp.astype(xp.expand_dims(ids, axis=-1) == xp.arange(n), dtype), None)


def dropout(x: Tensor, p: float = 0.5, training: bool = True, *, batch_axis: int = 0) -> Tensor:
    """Return x with each element zeroed with probability p and the others divided by 1 - p; x itself outside training.

    The mask is a function of (seed, step, draw): see `tinygrad_seq.random`. Where processes share a batch, each takes
    its rows of the joined batch's mask; `batch_axis` is where x counts rows.
    """
    if not 0 <= p < 1:
        raise ConfigError(f"dropout: p={p} is no probability below 1.")
    if not training or p == 0:
        return x
    key, rows = random.next_key(), random.here.get()
    if rows is None:
        (y,) = Dropout.apply(x, p=p, key=key)
        return y
    before, (count, *after) = x.shape[:batch_axis], x.shape[batch_axis:]
    if count != rows.stop - rows.first:
        raise ShapeError(
            f"dropout: x has shape {x.shape}, and this process has rows {rows.first} to {rows.stop} of a batch of "
            f"{rows.total}: axis {batch_axis} does not count them.\n    Say which axis does: batch_axis=1."
        )
    joined = noise(x.data, (*before, rows.total, *after), p, key)
    return x * Tensor.handle(joined[(slice(None),) * batch_axis + (slice(rows.first, rows.stop),)], None)


def layer_norm(x: Tensor, weight: Tensor | None = None, bias: Tensor | None = None, eps: float = 1e-5) -> Tensor:
    """Return y = (x - mean x) / sqrt(var x + eps) * weight + bias over the last axis.

    Shapes: x (..., H), weight and bias (H,). Source: Ba et al., Layer Normalization, 2016.
    """
    (y,) = LayerNorm.apply(x, weight, bias, eps=eps)
    return y


def cross_entropy(
    logits: Tensor,
    targets: Any,
    *,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    mask: Any = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Return L = -mean over positions of ln softmax(logits)[target], in nats.

    Shapes: logits (..., V), the class axis last; targets (...), integers; weight (V,); mask (...), True where a
    position counts. A position with target `ignore_index` does not count. With `label_smoothing` e the target is 1 - e
    on the class and e / V on all. The mean is weighted: sum w L / sum w. Without any position that counts L is 0.
    Raises ShapeError, and DTypeError for targets that are no whole numbers.

    >>> import tinygrad_seq as tg
    >>> tg.functional.cross_entropy(tg.zeros((3, 4)), [0, 1, 2])
    tensor(1.3863)
    """
    if label_smoothing:  # every class is in the target
        return nll_loss(
            ops.log_softmax(logits),
            targets,
            weight=weight,
            ignore_index=ignore_index,
            mask=mask,
            label_smoothing=label_smoothing,
            reduction=reduction,
        )
    ids, counts = counted(targets, logits, ignore_index, mask)
    (loss,) = CrossEntropy.apply(logits, ids, counts)
    if weight is not None:
        loss = loss * ops.getitem(weight, ids)
    return averaged(loss, ids, counts, weight, reduction)


def nll_loss(
    log_probs: Tensor,
    targets: Any,
    *,
    weight: Tensor | None = None,
    ignore_index: int = -100,
    mask: Any = None,
    label_smoothing: float = 0.0,
    reduction: Reduction = "mean",
) -> Tensor:
    """Return L = -mean over positions of log_probs[target]; arguments as `cross_entropy`."""
    ids, counts = counted(targets, log_probs, ignore_index, mask)
    loss = -ops.squeeze(ops.take_along_axis(log_probs, namespace(ids).expand_dims(ids, axis=-1), axis=-1), axis=-1)
    if weight is not None:
        loss = loss * ops.getitem(weight, ids)
    if label_smoothing:
        smooth = log_probs if weight is None else log_probs * weight
        loss = (1 - label_smoothing) * loss - label_smoothing * smooth.mean(axis=-1)
    loss = ops.where(Tensor.handle(counts, None), loss, 0.0)
    return averaged(loss, ids, counts, weight, reduction)


def counted(targets: Any, scores: Tensor, ignore_index: int, mask: Any) -> tuple[Any, Any]:
    """Return the classes, 0 where a position does not count, and which positions count, as arrays of one shape."""
    ids = integers(targets, scores.backend)
    if ids.shape != scores.shape[:-1]:
        raise ShapeError(
            f"cross_entropy: targets of shape {tuple(ids.shape)} for scores of shape {scores.shape}; expected"
            f" {scores.shape[:-1]}.\n    The class axis is the last one (PyTorch has it second)."
        )
    xp = namespace(ids)
    counts = ids != ignore_index
    if mask is not None:
        mask = like_mask(mask, scores)
        if mask.shape != ids.shape:
            raise ShapeError(f"cross_entropy: a mask of shape {mask.shape} for targets of shape {ids.shape}.")
        counts = counts & mask
    ids = xp.where(counts, ids, 0)
    check_range(ids, scores.shape[-1], "cross_entropy")
    return ids, counts


def averaged(loss: Tensor, ids: Any, counts: Any, weight: Tensor | None, reduction: Reduction) -> Tensor:
    """Return the losses reduced; the mean is over the weights of the positions that count, and 0 where none does."""
    if reduction != "mean":
        return reduced(loss, reduction)
    xp = namespace(counts)
    if weight is None:
        return loss.sum() / xp.maximum(xp.sum(counts), 1)
    total = ops.where(Tensor.handle(counts, None), ops.getitem(weight, ids), 0.0).sum()
    return loss.sum() / ops.where(total == 0, 1.0, total)


def mse_loss(prediction: Tensor, target: Any, reduction: Reduction = "mean") -> Tensor:
    """Return L = mean (prediction - target)^2."""
    d = prediction - matching(prediction, target, "mse_loss")
    return reduced(d * d, reduction)


def l1_loss(prediction: Tensor, target: Any, reduction: Reduction = "mean") -> Tensor:
    """Return L = mean |prediction - target|."""
    return reduced(abs(prediction - matching(prediction, target, "l1_loss")), reduction)


def huber_loss(prediction: Tensor, target: Any, delta: float = 1.0, reduction: Reduction = "mean") -> Tensor:
    """Return L = mean of d^2 / 2 where |d| <= delta, else delta (|d| - delta / 2), with d = prediction - target."""
    d = prediction - matching(prediction, target, "huber_loss")
    size = abs(d)
    return reduced(ops.where(size <= delta, 0.5 * d * d, delta * (size - 0.5 * delta)), reduction)


def binary_cross_entropy_with_logits(logits: Tensor, target: Any, reduction: Reduction = "mean") -> Tensor:
    """Return L = -mean (y ln s + (1 - y) ln(1 - s)) with s = sigmoid(logits), computed as softplus(x) - x y.

    Shapes: logits and target alike; a target lies between 0 and 1.
    """
    target = matching(logits, target, "binary_cross_entropy_with_logits")
    return reduced(ops.softplus(logits) - logits * target, reduction)


def reduced(loss: Tensor, reduction: Reduction) -> Tensor:
    """Return the mean, the sum, or the losses themselves."""
    if reduction == "mean":
        return loss.mean()
    if reduction == "sum":
        return loss.sum()
    if reduction == "none":
        return loss
    raise ConfigError(f"reduction={reduction!r}: expected 'mean', 'sum' or 'none'.")


def matching(prediction: Tensor, target: Any, name: str) -> Any:
    """Return the target; it must not broadcast against the prediction, a silent (n, n) loss is a famous trap."""
    if not (isinstance(target, Tensor) or is_array(target)):
        target = Tensor(target, backend=prediction.backend)
    if target.shape != prediction.shape:
        raise ShapeError(f"{name}: prediction {prediction.shape} and target {target.shape} differ in shape.")
    return target


def array_of(data: Any, backend: str | None) -> Any:
    """Return the array of a tensor, an array as it is, and anything else as an array on a backend."""
    return data.data if isinstance(data, Tensor) else data if is_array(data) else Tensor(data, backend=backend).data


def integers(ids: Any, backend: str | None = None) -> Any:
    """Return ids as an array of whole numbers."""
    data = array_of(ids, backend)
    if data.dtype.kind not in "iu":
        raise DTypeError(f"expected whole numbers as indices, got {data.dtype}.")
    return data


def like_mask(mask: Any, like: Tensor) -> Any:
    """Return a boolean mask as an array on the backend of `like`."""
    data = array_of(mask, like.backend)
    return namespace(data).astype(data, "bool")


def check_range(ids: Any, n: int, name: str) -> None:
    """Raise ShapeError for an id outside 0 .. n - 1; on a device that would wait for it, and is left to the device."""

    def check(ids: Any) -> None:
        low, high = int(ids.min()), int(ids.max())
        if low < 0 or high >= n:
            raise ShapeError(f"{name}: id {low if low < 0 else high} is outside 0 .. {n - 1}, the {n} known.")

    if ids.size:
        owner(ids).look(ids, check)
