"""Vocabularies: what is known, in which order, and the way back."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_seq.data import ByteVocab, CharVocab, vocab_from_json
from tinygrad_seq.errors import ConfigError, DataError

# Every code point there is: NUL, combining marks, astral characters, lone surrogates.
nasty_texts = st.text(st.characters(exclude_categories=()), min_size=1)
NASTY = "\0\n\r\t e\u0301é\u200d\ufeff\ufffd\U0001f600\U0010ffff\ud800\udfff\udc80\ud83d\ude00"


@given(nasty_texts)
def test_every_text_comes_back_from_its_own_vocabulary(text):
    vocab = CharVocab.from_text(text)
    ids = vocab.encode(text)
    assert ids.dtype == np.intp
    assert ids.shape == (len(text),)
    assert vocab.decode(ids) == text


def test_lone_surrogates_nul_and_combining_marks_come_back():
    assert CharVocab.from_text(NASTY).decode(CharVocab.from_text(NASTY).encode(NASTY)) == NASTY


@given(nasty_texts)
def test_symbols_are_in_code_point_order_whatever_the_order_of_the_text(text):
    vocab = CharVocab.from_text(text)
    assert vocab.symbols == "".join(sorted(set(text)))
    assert vocab == CharVocab.from_text(text[::-1])


@given(nasty_texts, st.integers(2, 4))
def test_rare_symbols_share_the_last_id(text, min_count):
    vocab = CharVocab.from_text(text, min_count=min_count)
    frequent = {c for c in text if text.count(c) >= min_count and c != "\ufffd"}
    assert set(vocab.symbols) == frequent
    assert len(vocab) == len(frequent) + 1
    assert vocab.decode(vocab.encode(text)) == "".join(c if c in frequent else "\ufffd" for c in text)


@pytest.mark.parametrize("unseen", ["b", "`", "\0", "\xc6", "\U0010ffff", "\ud800"])
def test_an_unseen_character_becomes_the_unknown_symbol_wherever_its_code_point_lies(unseen):
    vocab = CharVocab("ac", has_unknown=True)
    assert vocab.encode("a" + unseen + "c").tolist() == [0, 2, 1]


def test_strict_encoding_names_the_unknown_symbols_and_where_each_comes_first():
    vocab = CharVocab("abc", has_unknown=True)
    message = (
        r"2 symbols are not .* of 4: 'é' \(first at character 2\), '\\ud800' \(first at character 5\).*--vocab bytes"
    )
    with pytest.raises(DataError, match=message):
        vocab.encode("abécé\ud800", strict=True)
    assert vocab.encode("abcab", strict=True).tolist() == [0, 1, 2, 0, 1]


def test_a_vocabulary_without_unknown_symbol_is_always_strict():
    with pytest.raises(DataError, match=r"1 symbol is .* 'd' \(first at character 1\)"):
        CharVocab("abc").encode("ad")


def test_many_unknown_symbols_are_counted_not_listed():
    with pytest.raises(DataError, match=r"26 symbols are .*'e' \(first at character 4\) and 21 more"):
        CharVocab("0").encode("abcdefghijklmnopqrstuvwxyz")


def test_a_vocabulary_of_one_symbol():
    vocab = CharVocab.from_text("aaaa")
    assert len(vocab) == 1
    assert vocab.encode("aa").tolist() == [0, 0]
    assert vocab.decode([0]) == "a"
    only_unknown = CharVocab.from_text("abc", min_count=2)
    assert only_unknown.encode("xyz").tolist() == [0, 0, 0]


def test_the_empty_text_has_ids_but_no_vocabulary():
    assert CharVocab("ab").encode("").shape == (0,)
    assert CharVocab("ab").decode([]) == ""
    with pytest.raises(DataError, match="at least one symbol"):
        CharVocab.from_text("")


@pytest.mark.parametrize(("size", "dtype"), [(1, np.uint8), (256, np.uint8), (257, np.uint16), (65_537, np.uint32)])
def test_the_compact_type_is_the_smallest_that_holds_every_id(size, dtype):
    symbols = "".join(map(chr, range(0x10000, 0x10000 + size)))
    vocab = CharVocab(symbols)
    assert vocab.dtype == dtype
    ids = vocab.encode(symbols, dtype=vocab.dtype)
    assert ids.dtype == dtype
    assert vocab.decode(ids) == symbols


@pytest.mark.parametrize("ids", [[3], [-1], [0.5], [[0, 1]], [True]])
def test_decode_refuses_what_is_no_row_of_ids(ids):
    with pytest.raises(DataError):
        CharVocab("abc").decode(ids)


def test_hostile_vocabularies():
    with pytest.raises(DataError, match="repeat"):
        CharVocab("aba")
    with pytest.raises(DataError, match=r"U\+FFFD"):
        CharVocab("a\ufffd", has_unknown=True)
    with pytest.raises(ConfigError, match="min_count"):
        CharVocab.from_text("abc", min_count=0)


@given(nasty_texts, st.integers(1, 3))
def test_a_character_vocabulary_survives_json(text, min_count):
    vocab = CharVocab.from_text(text, min_count)
    for ascii_only in (True, False):
        saved = json.dumps(vocab.to_json(), ensure_ascii=ascii_only).encode()
        assert vocab_from_json(json.loads(saved)) == vocab


def test_a_byte_vocabulary_survives_json():
    assert vocab_from_json(json.loads(json.dumps(ByteVocab().to_json()))) == ByteVocab()


@pytest.mark.parametrize(
    "saved",
    [
        {},
        {"kind": "words"},
        {"kind": "chars"},
        {"kind": "chars", "code_points": [1, 1], "has_unknown": False},
        {"kind": "chars", "code_points": [-1], "has_unknown": False},
        {"kind": "chars", "code_points": [0x110000], "has_unknown": False},
        {"kind": "chars", "code_points": "ab", "has_unknown": False},
        {"kind": "chars", "code_points": [], "has_unknown": False},
        [],
        None,
    ],
)
def test_a_damaged_vocabulary_is_a_data_error(saved):
    with pytest.raises(DataError):
        vocab_from_json(saved)


@given(st.binary())
def test_bytes_of_every_kind_come_back_and_decoding_never_fails(raw):
    vocab = ByteVocab()
    ids = vocab.encode(raw)
    assert ids.tolist() == list(raw)
    assert vocab.to_bytes(ids) == raw
    assert vocab.decode(ids) == raw.decode("utf-8", errors="replace")


@given(st.text())
def test_text_comes_back_from_its_bytes(text):
    vocab = ByteVocab()
    assert vocab.decode(vocab.encode(text)) == text


def test_lone_surrogates_have_bytes_too():
    assert ByteVocab().decode(ByteVocab().encode(NASTY)).startswith("\0\n\r\t e\u0301é")


def test_kinds_and_sizes():
    assert (CharVocab("ab").kind, len(CharVocab("ab", has_unknown=True))) == ("chars", 3)
    assert (ByteVocab().kind, len(ByteVocab()), ByteVocab().dtype) == ("bytes", 256, np.uint8)
