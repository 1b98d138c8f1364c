"""What all timings start from: the same random numbers. What is in `peers` imports other libraries."""

import pytest

import tinygrad_seq as tg

collect_ignore = ["peers"]


@pytest.fixture(autouse=True)
def seed():
    tg.manual_seed(0)
