"""Wrong answers to every exercise: the solution with one change, and what the grader is to say of it."""

from __future__ import annotations

from typing import NamedTuple


class Slip(NamedTuple):
    """What stands in the solution, what the student wrote in its place, and what the grader says."""

    right: str
    wrong: str
    says: str


LOOP = """    for node in reversed(in_order(output)):
        for parent, derivative in node.parents:
            parent.grad += node.grad * derivative
"""
STACK = """    stack = [output]
    while stack:
        node = stack.pop()
        for parent, derivative in node.parents:
            parent.grad += node.grad * derivative
            stack.append(parent)
"""
QUEUE = """    seen, queue = {output}, [output]
    while queue:
        node = queue.pop(0)
        for parent, derivative in node.parents:
            parent.grad += node.grad * derivative
            if parent not in seen:
                seen.add(parent)
                queue.append(parent)
"""
LATE = """    seen, queue = set(), [output]
    while queue:
        node = queue.pop(0)
        if node not in seen:
            seen.add(node)
            for parent, derivative in node.parents:
                parent.grad += node.grad * derivative
                queue.append(parent)
"""
DEPTH_FIRST = """    seen = set()
    def visit(node):
        if node not in seen:
            seen.add(node)
            for parent, derivative in node.parents:
                parent.grad += node.grad * derivative
                visit(parent)
    visit(output)
"""
FIRST_MET = (
    "a node sent its gradient on as soon as it was first met, before all that read it had sent theirs: the order of a"
    " search with `visited` is not enough. List the nodes, each after all of its parents, and go from the end."
)
TOO_EARLY = (
    "a node sent its gradient on before it had all of it, and then again: wait until all that read it have sent theirs."
)

WRONG = {
    "topological_backward": [
        Slip(
            "parent.grad += node.grad",
            "parent.grad = node.grad",
            "a gradient was overwritten: a node that is read twice gets the sum of both, so add with +=.",
        ),
        Slip(
            "output.grad += 1.0",
            "pass",
            "everything is zero: nothing was put in at the output, whose own derivative is 1.",
        ),
        Slip(
            "node.grad * derivative",
            "node.grad",
            "the local derivatives are missing: what goes to a parent is node.grad times its derivative.",
        ),
        Slip(LOOP, STACK, TOO_EARLY),
        Slip(LOOP, STACK.replace("pop()", "pop(0)"), TOO_EARLY),
        *(
            Slip(LOOP, search, FIRST_MET)
            for search in (QUEUE, LATE, QUEUE.replace("pop(0)", "pop()"), LATE.replace("pop(0)", "pop()"), DEPTH_FIRST)
        ),
        Slip(
            "for node in reversed(in_order(output)):\n",
            "for node in [output]:\n",
            "only the output's own parents were reached: go on from them until there are no parents left.",
        ),
    ],
    "broadcast_sum": [
        Slip(
            "return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)",
            "return g",
            "axes of length 1 were left as they are in g: they were broadcast too, sum over them and keep them.",
        ),
        Slip(
            "g = g.sum(axis=tuple(range(g.ndim - len(shape))))",
            "g = g.mean(axis=tuple(range(g.ndim - len(shape))))",
            "a mean in place of the sum over the axes in front: every use counts in full.",
        ),
        Slip(
            "return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)",
            "return g.mean(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)",
            "a mean in place of the sum over axes of length 1: every use counts in full.",
        ),
        Slip(
            "keepdims=True",
            "keepdims=False",
            "axes of length 1 are gone: the gradient has the operand's own shape, so keep them (keepdims=True).",
        ),
        Slip(
            "range(g.ndim - len(shape))",
            "range(len(shape), g.ndim)",
            "the axes at the end were summed: broadcasting puts new axes in front.",
        ),
    ],
    "rnn_step": [
        Slip(
            "(1 - h_t**2) * dh_t",
            "dh_t",
            "the derivative of tanh is missing: dh_t has to go through tanh first, times 1 - h_t^2.",
        ),
        Slip(
            "da_t.T @ h_prev",
            "da_t.T @ h_t",
            "dW_hh was made with h_t: what was multiplied by W_hh is the state before, h_prev.",
        ),
        Slip(
            "da_t.sum(axis=0)",
            "da_t.mean(axis=0)",
            "db is a mean over the batch: the bias was used by every row, so sum.",
        ),
        Slip(
            "da_t @ W_hh, da_t.T @ x_t",
            "da_t @ W_hh.T, da_t.T @ x_t",
            "dh_prev went through W_hh transposed the wrong way: forward is h_prev W_hh^T, so backward is da_t W_hh.",
        ),
        Slip("h_prev @ W_hh.T + b)", "h_prev @ W_hh.T + b + b)", "the bias is in h_t twice."),
        Slip(
            "return np.tanh(x_t @ W_ih.T + h_prev @ W_hh.T + b)",
            "return np.tanh(np.tanh(x_t @ W_ih.T + h_prev @ W_hh.T + b))",
            "tanh was taken twice: h_t = tanh(a_t).",
        ),
        Slip(
            "(1 - h_t**2)",
            "(1 - np.tanh(h_t) ** 2)",
            "tanh was taken of h_t, which is tanh(a_t) already: its derivative is 1 - h_t^2.",
        ),
    ],
    "unroll": [
        Slip(
            "h, hs = h_0, []",
            "h, hs = np.zeros_like(h_0), []",
            "it starts from zero: the state to begin with is h_0 as given.",
        ),
        Slip(
            "h = np.tanh(x_t @ W_ih.T + h @ W_hh.T + b)\n        hs.append(h)",
            "hs.append(np.tanh(x_t @ W_ih.T + h @ W_hh.T + b))",
            "every step starts from h_0: carry the new state over to the next turn of the loop.",
        ),
        Slip("for x_t in xs:", "for x_t in xs[::-1]:", "the sequence was read backwards."),
        Slip(
            "return np.stack(hs)", "return hs[-1]", "only the last state came back: all of them are wanted, (T, B, H)."
        ),
        Slip("np.tanh(x_t @ W_ih.T + h @ W_hh.T + b)", "x_t @ W_ih.T + h @ W_hh.T + b", "the tanh is missing."),
        Slip(
            "h = np.tanh(x_t @ W_ih.T + h @ W_hh.T + b)\n        hs.append(h)",
            "hs.append(h)\n        h = np.tanh(x_t @ W_ih.T + h @ W_hh.T + b)",
            "it begins with h_0 and ends before the last state: what is wanted is the state after each step.",
        ),
    ],
    "truncated_bptt": [
        Slip(
            "        hs = [h]\n",
            "        h = np.zeros_like(h)\n        hs = [h]\n",
            "the state starts from zero in every chunk: only the gradient is cut there, the state is carried on.",
        ),
        Slip("T = len(xs)", "T = k = len(xs)", "nothing was cut: this is the full gradient whatever k is."),
        Slip(
            "dh_next = da @ W_hh",
            "dh_next = 0.0",
            "the gradient was cut after every step: it goes back to the chunk's first step.",
        ),
        Slip("range(0, T, k)", "range(0, T, T)", "only the first chunk was read: go on to the next, up to the end."),
        Slip("range(0, T, k)", "range(0, T - k + 1)", "the chunks overlap: the next begins where the last one ended."),
        Slip(
            "range(0, T, k)",
            "range(0, T - T % k, k)",
            "the last chunk is missing: it may be shorter than k, and counts.",
        ),
        Slip(
            "dh = hs[t + 1] - ys[begin + t] + dh_next",
            "dh = (hs[t + 1] - ys[begin + t] if t == len(hs) - 2 else 0) + dh_next",
            "only the last loss of each chunk was sent back: every step has a loss of its own.",
        ),
    ],
    "lstm_cell": [
        Slip(
            "i, f, g, o = np.split",
            "i, g, f, o = np.split",
            "f and g stand in the wrong order: the quarters are i, f, g, o.",
        ),
        Slip(
            "i, f, g, o = np.split",
            "f, i, g, o = np.split",
            "i and f stand in the wrong order: the quarters are i, f, g, o.",
        ),
        Slip(
            "i, f, g, o = np.split",
            "i, f, o, g = np.split",
            "g and o stand in the wrong order: the quarters are i, f, g, o.",
        ),
        Slip("return h_t, c_t", "return c_t, h_t", "h_t and c_t came back in the wrong order: h_t first."),
        Slip("np.tanh(g)", "sigma(g)", "the candidate g goes through a sigmoid: it is no gate, and takes tanh."),
        Slip("sigma(o) * np.tanh(c_t)", "sigma(o) * c_t", "h_t shows c_t itself: it shows o_t * tanh(c_t)."),
        Slip("sigma(f) * c_prev + ", "", "the old cell state is lost: c_t keeps f_t * c_prev."),
    ],
    "gru_forms": [
        Slip(
            "(1 - z) * n + z * h_prev",
            "z * n + (1 - z) * h_prev",
            "z_t is the wrong way round: here z_t = 1 keeps the past.",
        ),
        Slip(
            "if reset_after:",
            "if True:",
            "both forms are computed with the reset after the product: look at reset_after.",
        ),
        Slip(
            "if reset_after:",
            "if False:",
            "both forms are computed with the reset before the product: look at reset_after.",
        ),
        Slip(
            "np.tanh(xn + r * hn)",
            "np.tanh(xn + r * (hn - b_hn) + b_hn)",
            "with reset_after=True b_hn stands inside the bracket: r_t multiplies it too.",
        ),
        Slip(
            "r, z = sigma(xr + hr), sigma(xz + hz)",
            "z, r = sigma(xr + hr), sigma(xz + hz)",
            "r and z are exchanged: r comes first.",
        ),
    ],
    "optimizers": [
        Slip(
            "z = beta * z + (1 - beta) * g",
            "z = beta * z + g",
            "momentum adds gradients up: the lecture's form averages them, with 1 - beta before g.",
        ),
        Slip("v = v + g**2", "v = 0.9 * v + g**2", "Adagrad forgets: its v is the sum of all squares, nothing fades."),
        Slip(
            "g / (np.sqrt(v) + eps)\n    return p - lr * step",
            "g / np.sqrt(v + eps)\n    return p - lr * step",
            "RMSProp has eps inside of the root: here it is sqrt(v) + eps.",
        ),
        Slip(
            "m / (1 - b1**t), v / (1 - b2**t)",
            "m, v",
            "Adam without its corrections: m and v start at zero, and are divided by 1 - b^t.",
        ),
        Slip(
            "return p - lr * m_hat / (np.sqrt(v_hat) + eps), m, v",
            "return p - lr * m_hat / (np.sqrt(v_hat) + eps), m_hat, v_hat",
            "Adam hands on the corrected averages: what is kept are m and v as they were before.",
        ),
    ],
    "masked_loss": [
        Slip(
            "count = mask.sum()",
            "count = mask.size * mask.any()",
            "divided by all positions: padding counts neither above nor below.",
        ),
        Slip(
            "(chosen * mask).sum() / count",
            "(chosen * ~mask).sum() / count",
            "the mask is inverted: True is what counts.",
        ),
        Slip(
            "(chosen * mask).sum() / count",
            "(chosen * mask).sum()",
            "a sum, not a mean: divide by how many positions count.",
        ),
        Slip(
            "float(-(chosen",
            "float((chosen",
            "the minus is missing: ln of a probability is below 0, the loss is above.",
        ),
        Slip(
            "axis=-1, keepdims=True))",
            "axis=1, keepdims=True))",
            "the softmax runs over time: the classes are the last axis.",
        ),
        Slip(
            "return float(-(chosen * mask).sum() / count) if count else 0.0",
            "return float(-(chosen * mask).sum() / count)",
            "where no position counts it divides by zero: the loss is 0.0 there.",
        ),
    ],
    "find_a_cell": [
        Slip(
            "return (said[labels].mean() + (~said[~labels]).mean()) / 2",
            "return (said == labels).mean()",
            "plain accuracy: always saying no would score 80 % on a rare label. Take the mean of both shares.",
        ),
        Slip(
            "side = np.where(high > low, 1, -1)",
            "side = np.ones(len(high))",
            "only units that are high on positive steps were considered: the best one here is low on them.",
        ),
        Slip(
            "balanced(said, test_labels)",
            "train[best]",
            "the accuracy is that of the training steps: what was chosen on them must be judged on others.",
        ),
        Slip(
            "threshold = (high + low) / 2",
            "threshold = units.mean(axis=0)",
            "the threshold is the mean of all steps: it lies between the two means.",
        ),
        Slip(
            "int(np.argmax(train))",
            "int(np.argmax(high))",
            "the unit with the highest values was taken: height is not knowledge.",
        ),
    ],
}
