"""The published layout, loaded: our model computes what the paper's equations say, written out here once more."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from tinygrad_seq.analysis.sentiment import cells, features, load_published, model_of_published
from tinygrad_seq.data import prepared
from tinygrad_seq.errors import CheckpointError
from tinygrad_seq.models.inference import inference

I, H, V = 5, 7, 256
TEXTS = ["Loved it &amp; more!", "Not for me.\nNo.", "A film that is, on the whole, neither here nor there: né."]


def arrays(dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    shapes = [(V, I), (I, 4 * H), *[(H, H)] * 4, (I, H), (H, H), *[(4 * H,)] * 3, (H,), (H,), (H, V), (V,)]
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def sigma(z):
    return 1 / (1 + np.exp(-z))


def independent(parameters, text):
    """Scores after every byte and the cell states, from the equations of Krause et al. and of Radford et al.:

    m = (x W_mx) * (h W_mh);  z = x W_x + m W_h + b;  i, f, o, u = z;  c = sigma(f) c + sigma(i) tanh(u);
    h = sigma(o) tanh(c); every column of the four matrices divided by its length, times its gain.
    """
    E, W_x, h0, h1, h2, h3, W_mx, W_mh, b, g_x, g_h, g_mx, g_mh, W, b_out = parameters
    W_h = np.hstack([h0, h1, h2, h3])
    W_x, W_h, W_mx, W_mh = (
        g * M / np.sqrt((M**2).sum(axis=0)) for M, g in ((W_x, g_x), (W_h, g_h), (W_mx, g_mx), (W_mh, g_mh))
    )
    h, c, cs, scores = np.zeros(H), np.zeros(H), [], []
    for byte in text:
        x = E[byte]
        m = (x @ W_mx) * (h @ W_mh)
        z = x @ W_x + m @ W_h + b
        i, f, o, u = z[:H], z[H : 2 * H], z[2 * H : 3 * H], z[3 * H :]
        c = sigma(f) * c + sigma(i) * np.tanh(u)
        h = sigma(o) * np.tanh(c)
        cs.append(c)
        scores.append(h @ W + b_out)
    return np.array(scores), np.array(cs)


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-5), ("float64", 1e-12)])
def test_scores_and_cells_are_those_of_an_independent_mlstm(dtype, tolerance):
    parameters = arrays(dtype)
    model = model_of_published(parameters)
    text = prepared(TEXTS[2])
    scores, cs = independent([p.astype("float64") for p in parameters], text)
    with inference(model):
        ours = model(np.frombuffer(text, np.uint8)[None].astype(np.intp))[0].numpy()[0]
    assert ours.dtype == dtype
    assert np.abs(ours - scores).max() < tolerance * np.abs(scores).max()
    assert np.abs(cells(model, text) - cs).max() < tolerance * np.abs(cs).max()


def test_a_feature_is_the_last_cell_state_of_the_prepared_text_whoever_stands_beside():
    parameters = arrays()
    model = model_of_published(parameters)
    last = [independent(parameters, prepared(text))[1][-1] for text in TEXTS]
    assert np.abs(features(model, TEXTS) - last).max() < 1e-12
    assert np.abs(features(model, TEXTS, batch_size=1) - last).max() < 1e-12


def test_files_are_read_as_arrays_are(tmp_path: Path):
    for i, array in enumerate(arrays("float32")):
        np.save(tmp_path / f"{i}.npy", array)
    loaded, direct = load_published(tmp_path), model_of_published(arrays("float32"))
    for name, weight in direct.named_parameters():
        assert (dict(loaded.named_parameters())[name].detach().numpy() == weight.detach().numpy()).all()


def test_files_that_are_missing_are_named(tmp_path: Path):
    for i, array in enumerate(arrays()):
        if i not in {2, 13}:
            np.save(tmp_path / f"{i}.npy", array)
    with pytest.raises(CheckpointError, match=re.escape("lacks 2.npy, 13.npy.")):
        load_published(tmp_path)


def test_a_damaged_file_is_named(tmp_path: Path):
    for i, array in enumerate(arrays()):
        np.save(tmp_path / f"{i}.npy", array)
    (tmp_path / "4.npy").write_bytes(b"version https://git-lfs.github.com/spec/v1\n")
    with pytest.raises(CheckpointError, match=r"4\.npy is no whole \.npy file"):
        load_published(tmp_path)


@pytest.mark.parametrize("i", [0, 1, 4, 6, 7, 8, 12, 13, 14])
def test_another_shape_is_refused_with_the_shape_expected(i: int):
    given = arrays()
    given[i] = given[i][..., :-1] if i else given[i][:-1]
    with pytest.raises(CheckpointError, match="published layout has shape"):
        model_of_published(given)


def test_another_number_of_arrays_is_refused():
    with pytest.raises(CheckpointError, match="15 arrays; got 12"):
        model_of_published(arrays()[:12])
