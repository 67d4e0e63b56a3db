"""A teacher's share of the targets, against numbers worked out by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from qa.reader.session import Logits
from qa.reader.windows import Window
from qa.training.distillation import taught
from qa.training.losses import span_loss, targets
from qa.training.reader_features import Feature

LENGTH = 4


class Teacher:
    """Three times as sure of position 2 as of each other one as a start; undecided on ends."""

    def logits(self, windows: Sequence[Window]) -> list[Logits]:
        start, end = np.zeros(LENGTH, np.float32), np.zeros(LENGTH, np.float32)
        start[2] = np.log(3.0)
        return [(start, end) for _ in windows]


def feature(somewhere: bool = False) -> Feature:
    window = Window(0, 0, np.arange(LENGTH), 1, np.array([[0, 1], [2, 3]]))
    one = np.array([1])
    return Feature(window, one, one, np.ones(1, np.float32), somewhere)


def test_of_what_nobody_has_read_the_teacher_says_all() -> None:
    unread = replace(feature(), unlabelled=True)
    start, end = targets(taught([unread], [Teacher()], 0.6), LENGTH)[:, 0]
    torch.testing.assert_close(start, torch.tensor([1.0, 1.0, 3.0, 1.0]) / 6)
    torch.testing.assert_close(end, torch.full((LENGTH,), 0.25))


def test_targets_are_mixed_by_the_share() -> None:
    start, end = targets(taught([feature()], [Teacher()], 0.6), LENGTH)[:, 0]
    torch.testing.assert_close(start, torch.tensor([0.1, 0.4 + 0.1, 0.3, 0.1]))
    torch.testing.assert_close(end, torch.tensor([0.15, 0.4 + 0.15, 0.15, 0.15]))


class Undecided:
    """Nothing is likelier than anything else."""

    def logits(self, windows: Sequence[Window]) -> list[Logits]:
        nothing = np.zeros(LENGTH, np.float32)
        return [(nothing, nothing) for _ in windows]


def test_several_teachers_give_their_mean() -> None:
    start, end = targets(taught([feature()], [Teacher(), Undecided()], 0.6), LENGTH)[:, 0]
    torch.testing.assert_close(start, torch.tensor([0.125, 0.4 + 0.125, 0.225, 0.125]))
    torch.testing.assert_close(end, torch.tensor([0.15, 0.4 + 0.15, 0.15, 0.15]))


def test_the_loss_is_the_cross_entropy_against_the_mixture() -> None:
    batch = taught([feature()], [Teacher()], 0.6)
    start, end = torch.tensor([[0.3, -1.0, 2.0, 0.0]]), torch.tensor([[1.0, 0.5, 0.0, -2.0]])
    wanted = targets(batch, LENGTH)[:, 0]
    expected = (
        -(
            (wanted[0] * torch.log_softmax(start[0], 0)).sum()
            + (wanted[1] * torch.log_softmax(end[0], 0)).sum()
        )
        / 2
    )
    torch.testing.assert_close(span_loss(start, end, batch), expected)


def test_an_answer_somewhere_needs_no_teacher() -> None:
    item = feature(somewhere=True)
    assert taught([item], [Teacher()], 0.6) == [item]
