"""Modules: what counts as theirs, by which names, and what happens when they are saved, moved, copied and printed."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest

import tinygrad_seq as tg
from tinygrad_seq import nn, scope
from tinygrad_seq.errors import AnomalyError, CheckpointError, ShapeError, StaleReadError


class Encoder(nn.Module):
    def __init__(self, net=nn.LSTM, **options):
        self.lstm = net(3, 4, **options)

    def forward(self, x):
        return self.lstm(x).output


class Model(nn.Module):
    def __init__(self, **options):
        self.encoder = Encoder(**options)
        self.head = nn.Linear(4, 2)

    def forward(self, x):
        return self.head(self.encoder(x))


class Tied(nn.Module):
    """An output layer that is the embedding, read the other way round."""

    def __init__(self):
        self.table = nn.Embedding(5, 3)
        self.head = nn.Linear(3, 5, bias=False)
        self.head.weight = self.table.weight


# what counts


def test_parameters_and_modules_are_registered_by_assignment_in_order():
    assert [name for name, _ in Model().named_parameters()] == [
        "encoder.lstm.weight_ih_l0",
        "encoder.lstm.weight_hh_l0",
        "encoder.lstm.bias_ih_l0",
        "encoder.lstm.bias_hh_l0",
        "head.weight",
        "head.bias",
    ]


def test_members_of_lists_tuples_and_dicts_count_however_deep():
    class Deep(nn.Module):
        def __init__(self):
            self.layers = [nn.Linear(1, 1, bias=False)]
            self.layers.append(nn.Linear(1, 1, bias=False))
            self.gains = (nn.Parameter(1.0), nn.Parameter(2.0))
            self.heads = {"left": nn.Linear(1, 1, bias=False), "right": [nn.Parameter(3.0)]}

    assert list(Deep().state_dict()) == [
        "gains.0",
        "gains.1",
        "heads.right.0",
        "layers.0.weight",
        "layers.1.weight",
        "heads.left.weight",
    ]


def test_plain_tensors_numbers_and_strings_are_no_parameters():
    class Plain(nn.Module):
        def __init__(self):
            self.constant = tg.ones(3)
            self.name = "x"
            self.sizes = [1, 2]

    assert not list(Plain().parameters())


def test_an_attribute_assigned_again_is_the_new_one():
    model = Model()
    model.head = nn.Linear(4, 7)
    assert dict(model.named_parameters())["head.weight"].shape == (7, 4)
    model.head = None
    assert "head.weight" not in dict(model.named_parameters())


def test_arithmetic_with_a_parameter_gives_a_plain_tensor():
    w = nn.Parameter([1.0, 2.0])
    assert w.requires_grad
    assert type(w * 2) is tg.Tensor


def test_a_tied_parameter_is_one_parameter_with_two_names_in_the_state():
    model = Tied()
    assert [name for name, _ in model.named_parameters()] == ["table.weight"]
    assert len(list(model.parameters())) == 1
    assert list(model.state_dict()) == ["table.weight", "head.weight"]


def test_the_gradient_of_a_tied_parameter_is_the_sum_of_both_uses():
    model = Tied()
    model.head(model.table([2])).sum().backward()
    w = model.table.weight.detach().numpy()
    expected = np.tile(w[2], (5, 1))
    expected[2] += w.sum(axis=0)
    np.testing.assert_allclose(model.table.weight.grad.numpy(), expected, rtol=1e-6)


def test_named_modules_have_dotted_paths():
    assert [path for path, _ in Model().named_modules()] == ["", "encoder", "encoder.lstm", "head"]


def test_a_module_without_forward_says_so():
    with pytest.raises(TypeError, match=r"Tied has no forward\(\)"):
        Tied()(1)


# switches


def test_train_and_eval_reach_every_module_and_return_the_model():
    model = nn.Sequential(nn.Dropout(0.5), nn.Sequential(nn.Dropout(0.5)))
    assert model.eval() is model
    assert [m.training for _, m in model.named_modules()] == [False] * 4
    assert model.train() is model
    assert [m.training for _, m in model.named_modules()] == [True] * 4


def test_zero_grad_forgets_gradients_and_passes_over_frozen_parameters():
    model = Model()
    model.head.bias.requires_grad_(False)
    model(np.ones((2, 1, 3))).sum().backward()
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


# state dicts


def test_a_state_dict_is_a_copy():
    layer = nn.Linear(2, 2)
    state = layer.state_dict()
    before = state["weight"].copy()
    nn.init.constant_(layer.weight, 9)
    np.testing.assert_array_equal(state["weight"], before)
    layer.load_state_dict(state)
    state["weight"][:] = 7
    np.testing.assert_array_equal(layer.weight.detach().numpy(), before)


def test_loading_takes_arrays_lists_and_tensors_and_keeps_type_and_identity():
    layer = nn.Linear(2, 1)
    weight = layer.weight
    layer.load_state_dict({"weight": [[1.0, 2.0]], "bias": nn.Parameter(np.array([3.0]))})
    assert layer.weight is weight
    assert (weight.tolist(), layer.bias.tolist()) == ([[1.0, 2.0]], [3.0])
    assert weight.dtype == layer.bias.dtype == np.float32


def test_loading_lists_every_problem_and_changes_nothing():
    model = Model()
    before = model.state_dict()
    state = {name: array + 1 for name, array in before.items()}
    del state["head.bias"]
    state["head.weight"] = np.zeros((9, 9))
    state["encoder.lstm.weight_ih_l1"] = np.zeros(3)
    with pytest.raises(CheckpointError) as e:
        model.load_state_dict(state)
    assert str(e.value).splitlines() == [
        "the saved weights do not fit this Model:",
        "    head.bias: missing",
        "    encoder.lstm.weight_ih_l1: unknown",
        "    head.weight: shape (9, 9), the model has (2, 4)",
    ]
    for name, array in model.state_dict().items():
        np.testing.assert_array_equal(array, before[name])


def test_loading_what_is_no_number_changes_nothing():
    layer = nn.Linear(1, 1)
    before = layer.state_dict()
    with pytest.raises(ValueError, match="could not convert"):
        layer.load_state_dict({"weight": [[1.0]], "bias": ["one"]})
    assert layer.state_dict() == before


def test_loading_without_strict_takes_what_fits_by_name_but_never_another_shape():
    layer = nn.Linear(2, 1)
    layer.load_state_dict({"weight": [[5.0, 6.0]], "other": [1.0]}, strict=False)
    assert layer.weight.tolist() == [[5.0, 6.0]]
    with pytest.raises(CheckpointError, match=r"weight: shape \(1,\)"):
        layer.load_state_dict({"weight": [5.0]}, strict=False)


def test_loading_between_forward_and_backward_is_a_stale_read():
    model = Model()
    loss = model(np.ones((2, 1, 3))).sum()
    model.load_state_dict(model.state_dict())
    with pytest.raises(StaleReadError, match=r"load_state_dict\(\)"):
        loss.backward()


# another backend


@pytest.mark.host("moves from NumPy to the device")
def test_a_module_moves_its_parameters_and_computes_the_same_there():
    model = Model()
    x = np.random.default_rng(0).standard_normal((3, 2, 3)).astype(np.float32)
    here = model(x)
    here.sum().backward()
    gradients = {name: p.grad.numpy() for name, p in model.named_parameters()}
    parameters = list(model.parameters())

    assert model.to("fake") is model
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))
    assert {p.device for p in model.parameters()} == {"fake:0"}
    assert all(p.grad is None and p.requires_grad for p in model.parameters())
    there = model(x)
    there.sum().backward()
    np.testing.assert_allclose(there.detach().numpy(), here.detach().numpy(), rtol=1e-5, atol=1e-6)
    for name, p in model.named_parameters():
        assert p.grad.backend == "fake"
        np.testing.assert_allclose(p.grad.numpy(), gradients[name], rtol=1e-5, atol=1e-6)
        assert isinstance(model.state_dict()[name], np.ndarray)
    assert {p.backend for p in model.to("numpy").parameters()} == {"numpy"}


def test_moving_keeps_ties_frozen_parameters_and_names():
    model = Tied()
    frozen = model.frozen = nn.Parameter([1.0], requires_grad=False)
    model.to("fake")
    assert model.head.weight is model.table.weight
    assert not frozen.requires_grad
    assert model.table.weight.name == "weight"


def test_a_module_made_inside_use_backend_lives_there():
    with tg.use_backend("fake"):
        model = Model()
    assert {p.backend for p in model.parameters()} == {"fake"}


def test_every_recurrent_module_runs_on_the_device_with_host_lengths_masks_and_resets(net_of):
    x = np.random.default_rng(0).standard_normal((4, 2, 3)).astype(np.float32)
    ids, mask, reset = np.array([[0, 1], [2, 2], [1, 0], [2, 1]]), np.ones((4, 2), bool), np.zeros((4, 2), bool)
    mask[0, 1], reset[2] = False, True
    net = net_of(3, 2, 2, bidirectional=True)
    calls = [(x, {"mask": mask, "reset": reset}), (x, {"lengths": [4, 2]}), (ids, {"mask": mask})]
    here = [net(inputs, **options).last for inputs, options in calls]
    net.to("fake")
    for (inputs, options), expected in zip(calls, here, strict=True):
        last = net(inputs, **options).last
        last.sum().backward()
        assert last.backend == "fake"
        np.testing.assert_allclose(last.detach().numpy(), expected.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_initial_values_are_the_same_on_every_backend(net_of, backend_name):
    tg.manual_seed(5)
    expected = net_of(3, 2).state_dict()
    tg.manual_seed(5)
    with tg.use_backend(backend_name):
        for name, array in net_of(3, 2).state_dict().items():
            np.testing.assert_array_equal(array, expected[name])


# copies


def pickled(model):
    return pickle.loads(pickle.dumps(model))  # noqa: S301  our own bytes


each_copy = pytest.mark.parametrize("copied", [copy.deepcopy, pickled])


@each_copy
def test_a_copy_computes_the_same_and_shares_nothing(copied):
    model = nn.Sequential(Encoder(), nn.Dropout(0.5), nn.Linear(4, 2)).eval()
    x = np.ones((2, 1, 3))
    other = copied(model)
    np.testing.assert_array_equal(model(x).detach().numpy(), other(x).detach().numpy())
    assert not any(m.training for _, m in other.named_modules())
    nn.init.constant_(other.layers[2].weight, 0)
    assert not np.array_equal(model(x).detach().numpy(), other(x).detach().numpy())


@each_copy
def test_a_copy_keeps_ties_names_and_what_is_frozen(copied):
    model = Tied()
    model.frozen = nn.Parameter([1.0], requires_grad=False)
    other = copied(model)
    assert other.head.weight is other.table.weight
    assert other.table.weight is not model.table.weight
    assert other.table.weight.name == model.table.weight.name == "weight"
    assert not other.frozen.requires_grad


# print


def test_repr_is_a_tree():
    model = nn.Sequential(
        nn.Embedding(65, 8), nn.LSTM(8, 16, 2, dropout=0.1, batch_first=True), tg.relu, nn.Dropout(0.5), Encoder()
    )
    assert repr(model).splitlines() == [
        "Sequential(",
        "  (0): Embedding(65, 8)",
        "  (1): LSTM(8, 16, num_layers=2, batch_first=True, dropout=0.1)",
        "  (3): Dropout(p=0.5)",
        "  (4): Encoder(",
        "    (lstm): LSTM(3, 4)",
        "  )",
        ")",
    ]


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        (
            nn.RNN(2, 3, bias=False, bidirectional=True),
            "RNN(2, 3, bias=False, nonlinearity='tanh', bidirectional=True)",
        ),
        (nn.GRU(2, 3, reset_after=False), "GRU(2, 3, reset_after=False)"),
        (nn.MLSTM(2, 3, weight_norm=True), "MLSTM(2, 3, weight_norm=True)"),
        (nn.RNNCell(2, 3, nonlinearity="relu"), "RNNCell(2, 3, nonlinearity='relu')"),
        (nn.GRUCell(2, 3), "GRUCell(2, 3, reset_after=True)"),
        (nn.LSTMCell(2, 3, bias=False), "LSTMCell(2, 3, bias=False)"),
        (nn.Linear(2, 3, bias=False), "Linear(2, 3, bias=False)"),
        (nn.LayerNorm(4), "LayerNorm(4, eps=1e-05)"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_repr_says_what_is_not_the_default_and_which_equations_it_computes(module, expected):
    assert repr(module) == expected


# where am I


def test_errors_name_the_module_path():
    with pytest.raises(ShapeError, match=re.escape("'Model.encoder.lstm': expected (time, batch, feature) with 3")):
        Model()(np.ones((2, 1, 5)))
    with pytest.raises(ShapeError, match=re.escape("'Sequential.1.encoder.lstm': expected")):
        nn.Sequential(tg.tanh, Model())(tg.ones((2, 1, 5)))


def test_errors_in_the_loop_name_layer_and_step():
    """h_t is about 10^(10 t): beyond float32 at t = 4."""
    model = Model(net=nn.RNN, nonlinearity="relu")
    nn.init.constant_(model.encoder.lstm.weight_ih_l0, 1.0)
    nn.init.eye_(model.encoder.lstm.weight_hh_l0, 1e10)
    with (
        np.errstate(over="ignore"),
        tg.detect_anomaly(),
        pytest.raises(AnomalyError, match=re.escape("linear in 'Model.encoder.lstm.l0' (t=4)")),
    ):
        model(np.full((9, 1, 3), 0.3))


def test_errors_in_a_loop_over_a_cell_name_the_step():
    cell = nn.LSTMCell(3, 4)

    def run(xs):
        state = None
        for x_t in scope.steps(xs):
            state = cell(x_t, state)

    with pytest.raises(ShapeError, match=re.escape("'LSTMCell' (t=2): expected (batch, feature) with 3 features")):
        run([np.ones((1, 3)), np.ones((1, 3)), np.ones((1, 4))])


def test_every_operation_of_the_loop_knows_its_layer_and_step():
    class Places(scope.Watcher):
        expand = True

        def __init__(self):
            self.seen = set()

        def made(self, call):
            self.seen.add(str(call.where))

        def sent(self, node, i, gradient):
            self.seen.add("backward " + str(node.where))

    places = Places()
    with scope.switched(watcher=places):
        Model(num_layers=2)(np.ones((3, 1, 3))).sum().backward()
    for k in range(2):
        for t in range(3):
            assert f"'Model.encoder.lstm.l{k}' (t={t})" in places.seen
            assert f"backward 'Model.encoder.lstm.l{k}' (t={t})" in places.seen
    assert "'Model.head'" in places.seen
    assert scope.current() == scope.Where()


# Sequential


def test_sequential_passes_through_modules_and_functions_in_order():
    model = nn.Sequential(nn.Linear(2, 3), tg.tanh, nn.Linear(3, 1))
    x = tg.ones((4, 2))
    first, last = model.layers[0], model.layers[2]
    np.testing.assert_array_equal(model(x).detach().numpy(), last(tg.tanh(first(x))).detach().numpy())
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


def test_a_model_with_a_function_between_its_layers_can_be_pickled():
    net = nn.Sequential(nn.Linear(2, 3), tg.tanh, nn.Linear(3, 1))
    x = tg.ones((1, 2))
    copied = pickle.loads(pickle.dumps(net))  # noqa: S301  our own bytes
    assert copied(x).item() == net(x).item()
