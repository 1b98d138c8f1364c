"""Exercise 10: find the cell that knows.

Given what every unit of a net said at every step, and a label for every step (inside a string or not, say): which unit
tells the label best? A unit says yes where it is on the positive steps' side of its threshold,

    threshold = (mean over positive steps + mean over negative steps) / 2,

and how well it tells is its balanced accuracy, (share of positive steps told right + share of negative ones) / 2.
Everything is chosen on the training steps; the accuracy that is reported is that on the test steps.
Shapes: training and test units (T, H), labels (T,), True or False.
"""

from __future__ import annotations

import numpy as np


def find_cell(
    units: np.ndarray, labels: np.ndarray, test_units: np.ndarray, test_labels: np.ndarray
) -> tuple[int, float, float]:
    """Return the number of the best unit on the training steps, its threshold, its balanced accuracy on the test steps.

    Hint: for some units the positive steps are the lower ones.
    """
    raise NotImplementedError
