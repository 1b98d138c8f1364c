"""What helps a training whose numbers grow beyond all bounds."""

from __future__ import annotations

from math import inf

__all__ = ["cure"]


def cure(clip_norm: float) -> str:
    """Return what to do, for gradients that are clipped to this norm already; inf and 0 clip none.

    >>> cure(inf)
    "Lower the learning rate, or clip the gradient's norm (--clip 1)."
    >>> cure(5.0)
    "Lower the learning rate, or clip the gradient's norm to less than 5 (--clip 1)."
    """
    lower = "Lower the learning rate, or clip the gradient's norm"
    if clip_norm in (0, inf):
        return f"{lower} (--clip 1)."
    return f"{lower} to less than {clip_norm:g} (--clip {clip_norm / 5:g})."
