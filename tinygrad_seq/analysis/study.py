"""All that the page of a language model can show of its gradients, computed."""

from __future__ import annotations

from collections.abc import Sequence

from ..models import CharLM
from ..viz import Panels, Window
from .bptt import agreement, cut_edges, powers
from .credit import credit
from .reading import encoded, read
from .spectrum import Spectrum, spectrum_of

__all__ = ["study"]

LONGEST = 64  # steps: the credit matrix costs their square
BESIDE = ("rnn", "lstm", "gru")


def study(model: CharLM, text: str, beside: Sequence[tuple[str, CharLM]] | None = None) -> Panels:
    """Return the panels of a page: credit matrix, spectra of Jacobians, truncated BPTT.

    Matrix and spectra are of the last 64 steps of a longer text. `beside` are other models whose spectra are drawn next
    to the model's own, by name; without it fresh, untrained ones: an RNN, an LSTM and a GRU of the same size.
    Raises ConfigError for a text of fewer than four symbols.
    """
    T = len(encoded(model, text, at_least=4)) - 1
    end = text[-LONGEST - 1 :]
    reading = read(model, end)
    losses = [reading.losses[s] for s in range(reading.losses.shape[0])]
    others = fresh(model) if beside is None else beside
    spectra = [spectrum_of(model, end), *(spectrum_of(other, end, name) for name, other in others)]
    pairs = [(k1, k2) for k1 in powers(T) for k2 in powers(T) if k1 == k2 or (k1 < k2 and T <= LONGEST)]
    return Panels(
        credit={path: credit(losses, reading.hidden.of(path)) for path in reading.hidden.paths()},
        spectra={spectrum.name: curves(spectrum) for spectrum in spectra},
        windows=[
            Window(k1, k2, cut_edges(T, k1, k2), cosine) for (k1, k2), cosine in agreement(model, text, pairs).items()
        ],
        note=f"Here for the last {LONGEST} steps." if len(end) < len(text) else "",
    )


def fresh(model: CharLM) -> list[tuple[str, CharLM]]:
    """Return untrained models like this one, with each kind of net."""
    config = model.config() | {"weight_norm": False}
    return [(f"{cell}, untrained", CharLM(model.vocab, **{**config, "cell": cell})) for cell in BESIDE]


def curves(spectrum: Spectrum) -> dict[str, list[tuple[float, float]]]:
    """Return the curves of a spectrum by their names on the page; J_t stands at t, what is of a state at its step."""
    named = {
        "largest singular value": enumerate(spectrum.sigma_max, 1),
        "spectral radius": enumerate(spectrum.radius, 1),
        "bound": enumerate(spectrum.bound),
        "product": enumerate(spectrum.product),
        "gradient": enumerate(spectrum.gradient),
    }
    return {name: [(float(t), float(y)) for t, y in pairs] for name, pairs in named.items()}
