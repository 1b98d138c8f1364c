"""The parameters of the published sentiment neuron, in the layout that they were published in."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ...data import ByteVocab
from ...errors import CheckpointError
from ...models import CharLM
from ...tensor import Tensor

__all__ = ["FILES", "PUBLISHED_UNIT", "load_published", "model_of_published"]

FILES = 15
PUBLISHED_UNIT = 2388
"""The sentiment unit of the published model, by the authors' own code."""


def load_published(folder: str | Path) -> CharLM:
    """Read `0.npy` .. `14.npy` of a folder into a model.

    The large ones of these files are in no public mirror that we know of: this is for those who have them.
    Raises CheckpointError where a file is missing or damaged, or a shape is not the layout's; see `model_of_published`.
    """
    paths = [Path(folder) / f"{i}.npy" for i in range(FILES)]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise CheckpointError(
            f"{folder} lacks {', '.join(missing)}. All of 0.npy to {FILES - 1}.npy are needed: the folder model/ of "
            "openai/generating-reviews-discovering-sentiment, with its large files."
        )
    arrays = []
    for path in paths:
        try:
            arrays.append(np.load(path, allow_pickle=False))
        except (OSError, ValueError, EOFError) as error:
            raise CheckpointError(f"{path} is no whole .npy file: {error}. Copy it again.") from error
    return model_of_published(arrays)


def model_of_published(arrays: Sequence[np.ndarray]) -> CharLM:
    r"""Return a model with the published parameters: products are x W there, gates stand in the order i, f, o, u.

         0      E            (256, I)   the embedding
         1      W_x          (I, 4 H)
         2-5    W_h          (H, H)     four times: the columns of (H, 4 H), a block a gate
         6, 7   W_mx, W_mh   (I, H), (H, H)
         8      b            (4 H,)
         9-12   g_x, g_h, g_mx, g_mh    (4 H,), (4 H,), (H,), (H,), the gains
        13, 14  W, b         (H, 256), (256,)   the output

    Their u is our g; a column of theirs is a row of ours, and keeps its gain. In the published files I = 64 and
    H = 4096. Source: Radford et al., 2017, and the code beside that paper.
    Raises CheckpointError for other shapes.
    """
    if len(arrays) != FILES:
        raise CheckpointError(f"The published layout has {FILES} arrays; got {len(arrays)}.")
    V, H = len(ByteVocab()), arrays[7].shape[-1]
    I = arrays[0].shape[-1]
    shapes = [(V, I), (I, 4 * H), *[(H, H)] * 4, (I, H), (H, H), *[(4 * H,)] * 3, (H,), (H,), (H, V), (V,)]
    for i, (array, shape) in enumerate(zip(arrays, shapes, strict=True)):
        if array.shape != shape:
            raise CheckpointError(f"Array {i} of the published layout has shape {array.shape}; expected {shape}.")
    E, W_x, *W_h, W_mx, W_mh, b, g_x, g_h, g_mx, g_mh, W_out, b_out = arrays
    model = CharLM(ByteVocab(), H, cell="mlstm", embedding_size=I, weight_norm=True, dtype=E.dtype)
    weights: dict[str, Any] = {
        "embedding.weight": E,
        "rnn.weight_ih_l0": ifgo(W_x).T,
        "rnn.weight_hh_l0": ifgo(np.concatenate(W_h, axis=1)).T,
        "rnn.weight_mx_l0": W_mx.T,
        "rnn.weight_mh_l0": W_mh.T,
        "rnn.bias_ih_l0": ifgo(b),
        "rnn.gain_ih_l0": ifgo(g_x),
        "rnn.gain_hh_l0": ifgo(g_h),
        "rnn.gain_mx_l0": g_mx,
        "rnn.gain_mh_l0": g_mh,
        "head.weight": W_out.T,
        "head.bias": b_out,
    }
    model.load_state_dict({name: Tensor(np.ascontiguousarray(W)) for name, W in weights.items()})
    return model


def ifgo(columns: np.ndarray) -> np.ndarray:
    """Return columns in the order i, f, o, u of the gates in our order i, f, g, o."""
    i, f, o, u = np.split(columns, 4, axis=-1)
    return np.concatenate([i, f, u, o], axis=-1)
