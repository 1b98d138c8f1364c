"""Looking inside: what is computed here is drawn by `viz`."""

from .bptt import agreement, cut_edges, truncated_gradient
from .cell import cell
from .credit import credit, credit_vectors
from .hidden import hidden_states
from .reading import read
from .spectrum import Spectrum, spectrum, spectrum_of, step_jacobian
from .study import study

__all__ = [
    "Spectrum",
    "agreement",
    "cell",
    "credit",
    "credit_vectors",
    "cut_edges",
    "hidden_states",
    "read",
    "spectrum",
    "spectrum_of",
    "step_jacobian",
    "study",
    "truncated_gradient",
]
