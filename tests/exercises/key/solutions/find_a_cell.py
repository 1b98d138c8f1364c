import numpy as np


def balanced(said, labels):
    return (said[labels].mean() + (~said[~labels]).mean()) / 2


def find_cell(units, labels, test_units, test_labels):
    high, low = units[labels].mean(axis=0), units[~labels].mean(axis=0)
    threshold = (high + low) / 2
    side = np.where(high > low, 1, -1)
    train = [balanced(side[k] * (units[:, k] - threshold[k]) > 0, labels) for k in range(units.shape[1])]
    best = int(np.argmax(train))
    said = side[best] * (test_units[:, best] - threshold[best]) > 0
    return best, float(threshold[best]), float(balanced(said, test_labels))
