"""What the tests of models share."""

from __future__ import annotations

import numpy as np
import pytest

import tinygrad_seq as tg


@pytest.fixture(autouse=True)
def _seed():
    tg.manual_seed(0)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(params=["rnn", "lstm", "gru", "mlstm"])
def cell(request):
    """The name of each recurrent net that a model can be built on."""
    return request.param
