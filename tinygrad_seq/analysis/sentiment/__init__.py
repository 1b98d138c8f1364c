"""The sentiment neuron (Radford et al., 2017): the unit of a language model that tells good from bad, and its use."""

from .features import cells, features
from .few_labels import balanced_subset, few_labels
from .findings import Findings, find_unit, judged
from .probe import CS, Probe, fit_probe
from .published import PUBLISHED_UNIT, load_published, model_of_published
from .unit import Unit

__all__ = [
    "CS",
    "Findings",
    "PUBLISHED_UNIT",
    "Probe",
    "Unit",
    "balanced_subset",
    "cells",
    "features",
    "few_labels",
    "find_unit",
    "fit_probe",
    "judged",
    "load_published",
    "model_of_published",
]
