"""A corpus: one text, its ids, and a held-out part the model has not read."""

from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_seq.data import ByteVocab, CharVocab, Corpus
from tinygrad_seq.errors import ConfigError, DataError

many_files = st.lists(st.integers(0, 60), min_size=1, max_size=40).filter(lambda sizes: sum(sizes) >= 30)


def of_files(sizes):
    """One document for each size, whose text says which one it is."""
    return Corpus.from_documents([(f"{i}.py", chr(0x100 + i) * size) for i, size in enumerate(sizes)], source="files")


def test_ids_are_encoded_once_in_the_smallest_type():
    corpus = Corpus.from_text("hello")
    assert corpus.ids.dtype == np.uint8
    assert corpus.ids.tolist() == [1, 0, 2, 2, 3]
    assert corpus.ids is corpus.ids
    assert len(corpus) == len(corpus.ids) == 5


def test_the_hash_is_of_the_text_whatever_the_vocabulary():
    expected = hashlib.sha256("né\n".encode()).hexdigest()
    assert Corpus.from_text("né\n").sha256 == Corpus.from_text("né\n", vocab="bytes").sha256 == expected
    assert Corpus.from_text("né\n", min_count=2).sha256 == expected
    assert Corpus.from_text("a\ud800").sha256 != expected


def test_bytes_need_not_be_text():
    corpus = Corpus.from_text(b"ab\xff\x00", vocab="bytes")
    assert corpus.ids.tolist() == [97, 98, 255, 0]
    assert corpus.text == "ab\ufffd\0"
    assert isinstance(corpus.vocab, ByteVocab)
    with pytest.raises(DataError, match="vocab='bytes'"):
        Corpus.from_text(b"ab")


def test_places_of_documents_are_counted_in_symbols():
    documents = [("a.txt", "né"), ("empty.txt", ""), ("b.txt", "xyz")]
    chars = Corpus.from_documents(documents, source="files")
    assert chars.documents == (("a.txt", 0, 2), ("empty.txt", 2, 2), ("b.txt", 2, 5))
    in_bytes = Corpus.from_documents(documents, vocab="bytes", source="files")
    assert in_bytes.documents == (("a.txt", 0, 3), ("empty.txt", 3, 3), ("b.txt", 3, 6))


def test_a_trained_models_vocabulary_reads_another_text():
    vocab = CharVocab.from_text("aabbc", min_count=2)
    assert Corpus.from_text("abz", vocab=vocab).ids.tolist() == [0, 1, 2]
    with pytest.raises(DataError, match="'z'"):
        _ = Corpus.from_text("abz", vocab=CharVocab("ab")).ids


def test_the_repr_does_not_print_the_text():
    assert repr(Corpus.from_text("abc" * 1000, source="poems.txt")) == "Corpus(3,000 symbols of 3: poems.txt)"


@pytest.mark.parametrize("vocab", ["chars", "bytes"])
def test_no_text_is_a_data_error(vocab):
    with pytest.raises(DataError, match=r"no text in empty\.txt"):
        Corpus.from_text("", vocab=vocab, source="empty.txt")
    with pytest.raises(DataError, match="no text"):
        Corpus.from_documents([], vocab=vocab, source="nothing")


def test_an_unknown_kind_of_vocabulary_is_a_config_error():
    with pytest.raises(ConfigError, match="'words'"):
        Corpus.from_text("abc", vocab="words")


@given(st.text(min_size=40, max_size=200), st.floats(0.06, 0.94))
def test_one_text_is_cut_and_its_end_is_held_out(text, validation):
    whole = Corpus.from_text(text)
    train, held_out = whole.split(validation)
    assert train.text + held_out.text == text
    assert train.vocab is held_out.vocab is whole.vocab
    assert np.concatenate([train.ids, held_out.ids]).tolist() == whole.ids.tolist()
    assert abs(len(held_out) - validation * len(text)) <= 1


@given(many_files, st.floats(0.1, 0.9), st.integers(0, 3))
def test_a_split_loses_nothing_and_comes_near_the_share(sizes, validation, seed):
    whole = of_files(sizes)
    train, held_out = whole.split(validation, seed)
    assert len(train) + len(held_out) == len(whole)
    assert sorted(train.text + held_out.text) == sorted(whole.text)
    assert abs(len(held_out) - validation * len(whole)) <= max(1, min(validation, 1 - validation) * len(whole) / 2)
    for part in (train, held_out):
        assert all(
            part.text[start:stop] == chr(0x100 + int(name[:-3])) * (stop - start)
            for name, start, stop in part.documents
        )


@given(st.integers(20, 60), st.integers(0, 9))
def test_many_files_are_held_out_whole(count, seed):
    train, held_out = of_files([7] * count).split(0.1, seed)
    assert not set(train.text) & set(held_out.text)
    assert {d.name for d in train.documents} | {d.name for d in held_out.documents} == {f"{i}.py" for i in range(count)}
    assert len(held_out.documents) == round(0.1 * count) or count % 10 == 5


def test_small_files_are_not_picked_to_make_the_share_exact():
    sizes = [100] * 100 + [1] * 100
    small = [sum(d.stop - d.start == 1 for d in of_files(sizes).split(0.1435, seed)[1].documents) for seed in range(10)]
    assert 8 < np.mean(small) < 22


def test_files_are_drawn_under_the_seed_and_keep_their_order():
    whole = of_files([10] * 50)
    names = [[d.name for d in whole.split(0.2, seed)[1].documents] for seed in (1, 1, 2)]
    assert names[0] == names[1] != names[2]
    assert names[0] == sorted(names[0], key=lambda name: int(name[:-3]))


def test_two_large_files_are_cut_where_whole_ones_would_be_far_from_the_share():
    train, held_out = of_files([50, 50]).split(0.1)
    assert [len(train), len(held_out)] == [90, 10]
    assert train.documents == (("0.py", 0, 50), ("1.py", 50, 90))
    assert held_out.documents == (("1.py", 0, 10),)
    assert held_out.source == "the last 10.0 % of files"


def test_half_of_two_files_is_one_file():
    train, held_out = of_files([50, 50]).split(0.5)
    assert len(train.documents) == len(held_out.documents) == 1
    assert held_out.source == "the held-out part (1 file) of files"


def test_a_text_too_short_to_split_says_so():
    with pytest.raises(DataError, match=r"15 symbols: too few to split, a part would have 1.*--validation"):
        Corpus.from_text("x" * 15).split(0.06)
    with pytest.raises(ConfigError, match="between 0 and 1"):
        Corpus.from_text("x" * 15).split(1.0)


def test_bytes_are_split_like_characters():
    train, held_out = Corpus.from_text("né" * 10, vocab="bytes").split(0.5)
    assert train.content + held_out.content == ("né" * 10).encode()


def test_batches_and_evaluation_read_the_ids():
    corpus = Corpus.from_text("abcabcabc")
    x, y = corpus.batches(batch_size=2, seq_len=4).at(0)
    assert [corpus.vocab.decode(row) for row in (*x, *y)] == ["abca", "bcab", "bcab", "cabc"]
    (window,) = corpus.evaluation_batches(batch_size=1, seq_len=10)
    assert corpus.vocab.decode(window.y[0]) == "bcabcabc"
