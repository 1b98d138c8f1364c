"""Scenes of two shapes: pictures that fit their captions, none of them twice."""

from __future__ import annotations

import numpy as np
import pytest

from tinygrad_seq.data import scenes
from tinygrad_seq.errors import ConfigError, DataError


@pytest.fixture(scope="module")
def task():
    return scenes(train=400, test=100, seed=3)


def halves(image, caption):
    """The ink of the shape that is named first and of the other, where a caption says they are."""
    first = {"left": image[:, :10], "right": image[:, 10:], "above": image[:10], "below": image[10:]}
    other = {"left": image[:, 10:], "right": image[:, :10], "above": image[10:], "below": image[:10]}
    place = next(word for word in caption.split() if word in first)
    return first[place], other[place]


def test_each_shape_lies_in_its_half_and_has_its_size(task):
    for image, caption in zip(task.test_images, task.test_captions, strict=True):
        words = caption.split()
        for part, size in zip(halves(image, caption), (words[1], words[-2]), strict=True):
            assert ((part > 0).sum() > 20) == (size == "large")
            assert part.max() > 0


def test_the_shape_named_first_is_in_ink_and_the_other_in_grey_so_one_caption_alone_is_true(task):
    for image, caption in zip(task.test_images, task.test_captions, strict=True):
        first, other = halves(image, caption)
        assert (first.max(), other.max()) == (1.0, 0.5)
    by_picture = {}
    for image, caption in zip(task.train_images, task.train_captions, strict=True):
        by_picture.setdefault(image.tobytes(), set()).add(caption)
    assert all(len(captions) == 1 for captions in by_picture.values())


def test_shapes_are_told_apart_by_their_ink(task):
    ink = {}
    for image, caption in zip(task.train_images, task.train_captions, strict=True):
        words = caption.split()
        first, other = halves(image, caption)
        ink.setdefault((words[1], words[2]), set()).add(int((first > 0).sum()))
        ink.setdefault((words[-2], words[-1]), set()).add(int((other > 0).sum()))
    assert len(ink) == 6
    assert all(len(counts) == 1 for counts in ink.values())
    assert len({next(iter(counts)) for counts in ink.values()}) == 6


def test_no_picture_occurs_twice_and_every_caption_has_one_length(task):
    images = np.concatenate([task.train_images, task.test_images])
    assert len({image.tobytes() for image in images}) == 500
    assert set(np.unique(images)) == {0.0, 0.5, 1.0}
    assert task.encode(task.test_captions).shape == (100, 42)
    assert task.vocab.decode(task.encode(task.test_captions)[0]) == task.test_captions[0]


def test_the_seed_decides(task):
    assert scenes(train=400, test=100, seed=3).train_captions == task.train_captions
    assert scenes(train=400, test=100, seed=4).train_captions != task.train_captions


def test_most_captions_occur(task):
    assert len({caption.rstrip() for caption in scenes(train=2000, test=1).train_captions}) > 140


def test_too_many_or_none_are_refused():
    with pytest.raises(DataError, match="50,000"):
        scenes(train=50_000, test=1)
    with pytest.raises(ConfigError, match="at least"):
        scenes(train=0, test=1)
