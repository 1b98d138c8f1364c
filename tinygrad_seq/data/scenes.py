"""Small pictures of two shapes, and what is to be said of them: "a small circle left of a large square".

The shape that is named first is drawn in ink, the other in grey. Without that two captions would be true of every
picture, for what is left of the other has the other on its right; no net could guess which one is wanted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tinygrad_seq.data.pairs import check_counts
from tinygrad_seq.data.vocab import CharVocab, Ids
from tinygrad_seq.errors import DataError

SIDE = 20
SIZES = {"small": 2, "large": 4}
SHAPES = ("circle", "square", "triangle")
PLACES = {"left of": (-1, 0), "right of": (1, 0), "above": (0, -1), "below": (0, 1)}
INK, GREY = 1.0, 0.5
COUNT = 50_000
LONGEST = len("a small triangle right of a small triangle")

Images = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Scenes:
    """A captioning task: pictures, shape (N, 20, 20), and their captions, filled up with spaces.

    The shape named first is 1, the other 0.5, the paper 0.

    `vocab` encodes captions; all have one length, so that a decoder needs no end symbol.
    """

    train_images: Images
    train_captions: list[str]
    test_images: Images
    test_captions: list[str]
    vocab: CharVocab

    def encode(self, captions: list[str]) -> Ids:
        """The ids of captions, shape (len(captions), length)."""
        return self.vocab.encode("".join(captions), strict=True).reshape(len(captions), -1)


def scenes(*, train: int = 2000, test: int = 500, seed: int = 0) -> Scenes:
    """Pictures of two shapes of two sizes, one left of, right of, above or below the other; no picture occurs twice.

    There are 144 captions; the shapes are moved about at random, so that a caption fits many pictures.

    Args:
        train: how many training pictures.
        test: how many test pictures; none of them is a training picture.
        seed: the same seed draws the same pictures.

    Raises:
        DataError: more are asked for than can be drawn in reasonable time.

    >>> task = scenes(train=3, test=1, seed=0)
    >>> task.train_images.shape, [caption.rstrip() for caption in task.test_captions]
    ((3, 20, 20), ['a large square right of a large circle'])
    """
    check_counts(train, test)
    if train + test > COUNT:
        raise DataError(f"train={train:,} and test={test:,}: there are {COUNT:,} pictures to draw from. Lower one.")
    rng = np.random.default_rng(seed)
    found: dict[bytes, tuple[Images, str]] = {}
    while len(found) < train + test:
        image, caption = one(rng)
        found.setdefault(image.tobytes(), (image, caption.ljust(LONGEST)))
    images = np.stack([image for image, _ in found.values()])
    captions = [caption for _, caption in found.values()]
    symbols = sorted(set(" a" + "".join((*SIZES, *SHAPES, *PLACES))))
    return Scenes(images[test:], captions[test:], images[:test], captions[:test], CharVocab("".join(symbols)))


def one(rng: np.random.Generator) -> tuple[Images, str]:
    """One picture and its caption."""
    names = [(str(rng.choice(list(SIZES))), str(rng.choice(SHAPES))) for _ in range(2)]
    place = str(rng.choice(list(PLACES)))
    image = np.zeros((SIDE, SIDE), np.float32)
    for (size, shape), side, shade in zip(names, (1, -1), (INK, GREY), strict=True):
        r = SIZES[size]
        centre = [SIDE / 2 - 0.5 + 5 * side * along for along in PLACES[place]]
        free = [4 - r if along else 8 - r for along in PLACES[place]]  # within its half, and across it
        x, y = (c + int(rng.integers(-most, most + 1)) for c, most in zip(centre, free, strict=True))
        image = np.maximum(image, shade * drawn(shape, r, x, y))
    (size, shape), (other_size, other_shape) = names
    return image, f"a {size} {shape} {place} a {other_size} {other_shape}"


def drawn(shape: str, r: int, x: float, y: float) -> Any:
    """A shape of radius r around (x, y), y counted downwards, 1 inside and 0 outside."""
    dy, dx = np.mgrid[:SIDE, :SIDE] - np.array([y, x])[:, None, None]
    if shape == "circle":
        inside = dx**2 + dy**2 <= r**2
    elif shape == "square":
        inside = np.maximum(abs(dx), abs(dy)) <= r
    else:
        inside = (abs(dx) <= (dy + r) / 2) & (dy <= r)
    return inside.astype(np.float32)
