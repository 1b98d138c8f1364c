"""`race`: the page, the picture, who came lowest."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest


def tracks(path):
    return json.loads(re.search(r'id="data">(.*?)</script>', Path(path).read_text("utf-8"))[1])


def test_race_writes_a_page_says_who_came_lowest_and_what_to_try(call):
    done = call("race", "--surface", "beale", "-s", "trap", "--steps", "5", "--lr", "0.01", "--noise", "1")
    assert done.code == 0, done
    assert re.search(r"^beale, noise 1: .* \(lr 0.01\), .* \(lr 0.01\)$", done.out, re.MULTILINE)
    assert "Wrote: race.html: open it in a browser." in done.out
    assert "Next:  tinygrad-seq race " in done.out
    assert [track["title"] for track in tracks("race.html")] == ["beale, noise 1", "trap, noise 1"]


def test_without_a_surface_all_are_there_with_noise_and_the_clipped_net(call):
    assert call("race", "--steps", "2", "--lr", "0.01").code == 0
    titles = [track["title"] for track in tracks("race.html")]
    assert titles[:5] == ["beale", "rosenbrock", "saddle", "valley", "trap"]
    assert titles[5:] == ["beale, noise 0.5", "valley, noise 0.5", "rnn", "rnn, clipped to 0.2"]


def test_race_draws_a_picture_too(call):
    pytest.importorskip("matplotlib")
    assert call("race", "-s", "valley", "--steps", "3", "--lr", "0.01", "-o", "valley.png").code == 0
    assert Path("valley.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(("-s", "everest"), "expected one of beale"), (("-s", "beale", "--steps", "2", "-o", "race.pdf"), ".svg or .png")],
)
def test_a_wrong_call_says_what_is_right(call, arguments, said):
    done = call("race", *arguments)
    assert done.code == 1
    assert said in done.err
