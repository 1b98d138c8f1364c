"""Looking inside: what is computed here is drawn by `viz`."""

from .bptt import agreement, cut_edges, truncated_gradient
from .cell import cell
from .credit import credit, credit_vectors
from .hidden import hidden_states
from .race import escape_rates, race
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
    "escape_rates",
    "hidden_states",
    "race",
    "read",
    "spectrum",
    "spectrum_of",
    "step_jacobian",
    "study",
    "truncated_gradient",
]
