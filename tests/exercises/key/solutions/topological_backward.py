from __future__ import annotations


class Node:
    def __init__(self, value, parents=()):
        self.value = value
        self.parents = parents
        self.grad = 0.0


def in_order(output):
    """Return the nodes that lead to `output`, each after all of its parents."""
    order, seen, stack = [], set(), [(output, False)]
    while stack:
        node, is_done = stack.pop()
        if is_done:
            order.append(node)
        elif id(node) not in seen:
            seen.add(id(node))
            stack.append((node, True))
            stack.extend((parent, False) for parent, _ in node.parents)
    return order


def backward(output):
    output.grad += 1.0
    for node in reversed(in_order(output)):
        for parent, derivative in node.parents:
            parent.grad += node.grad * derivative
