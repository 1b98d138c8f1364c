"""Errors that teach: each says the operation, where it happened, what came, what was expected, and the cure.

Every class inherits `TinygradSeqError` and the built-in error a Python programmer would expect: `except` either.
"""

from __future__ import annotations


class TinygradSeqError(Exception):
    """The base of every error raised by this package on purpose."""


class ShapeError(TinygradSeqError, ValueError):
    """Shapes that do not fit together, or an argument of the wrong length."""


class DTypeError(TinygradSeqError, TypeError):
    """A number type that the operation cannot take, such as a gradient of integers."""


class SpellingError(TinygradSeqError, TypeError):
    """Another library's name for something we have; the message gives ours."""


class BackendError(TinygradSeqError, TypeError):
    """Arrays of two backends in one operation, or of a backend nobody registered."""


class BackendUnavailableError(TinygradSeqError, RuntimeError):
    """A backend that exists but cannot run here; the message says what to install."""


class GradientError(TinygradSeqError, RuntimeError):
    """A gradient was asked for where none can be had."""


class GraphFreedError(GradientError):
    """A backward pass reached a graph that an earlier one has already freed."""


class StaleReadError(GradientError):
    """A tensor that the backward pass needs was changed after the forward pass read it."""


class AnomalyError(TinygradSeqError, FloatingPointError):
    """A value or a gradient is not finite; raised under `detect_anomaly` and by training."""


class DataError(TinygradSeqError, ValueError):
    """Text, files or series that cannot be used as they are."""


class ConfigError(TinygradSeqError, ValueError):
    """Settings that contradict each other or lie out of range."""


class OutOfMemoryError(TinygradSeqError, MemoryError):
    """Something that needs more memory than there is; nothing of it was taken."""


class RenderError(TinygradSeqError, RuntimeError):
    """A picture that cannot be drawn here; the message says what to install."""


class FolderInUseError(TinygradSeqError, RuntimeError):
    """A folder that another process is writing in."""


class CheckpointError(TinygradSeqError, ValueError):
    """A saved file that is damaged, or belongs to another model."""
