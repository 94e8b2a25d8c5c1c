"""Normalising layers: of a batch, or of each sample for itself."""

from __future__ import annotations

import re
from math import prod

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st
from torch.nn.functional import layer_norm

from ganmnist.errors import NetworkError
from ganmnist.layers import BatchNorm, GroupNorm

SHAPES = st.one_of(st.tuples(st.integers(1, 12)), st.tuples(st.integers(1, 12), st.integers(1, 3), st.integers(1, 3)))


def test_batch_norm_keeps_the_share_of_its_statistics_that_momentum_says():
    module = BatchNorm(momentum=0.75).build((1,))
    module(torch.tensor([[3.0], [5.0]]))
    assert module.running_mean.item() == pytest.approx(0.25 * 4)


@pytest.mark.parametrize("shape", [(5,), (3, 2, 4), (2, 1, 1)])
def test_one_group_is_layer_normalisation(shape):
    samples = torch.randn(3, *shape, generator=torch.Generator().manual_seed(0)) * 4 + 7
    found = GroupNorm().build(shape)(samples)
    torch.testing.assert_close(found, layer_norm(samples, shape))


def test_each_group_of_channels_is_normalised_by_itself_and_each_sample_too():
    samples = torch.tensor([[0.0, 2, 100, 300], [5.0, 5, 9, 7]])
    found = GroupNorm(2).build((4,))(samples)
    torch.testing.assert_close(found, torch.tensor([[-1.0, 1, -1, 1], [0, 0, 1, -1]]), atol=1e-4, rtol=0)


def test_groups_are_of_neighbouring_channels():
    image = torch.tensor([1.0, 3, 10, 30]).view(1, 4, 1, 1)
    assert GroupNorm(2).build((4, 1, 1))(image).flatten().sign().tolist() == [-1, 1, -1, 1]


@given(shape=SHAPES, groups=st.integers(1, 14))
def test_groups_that_do_not_fit_are_refused_with_the_nearest_that_do(shape, groups):
    fitting = [g for g in range(1, 15) if shape[0] % g == 0 and prod(shape) > g]
    if groups in fitting:
        assert GroupNorm(groups).output_shape(shape) == shape
        return
    with pytest.raises(NetworkError) as caught:
        GroupNorm(groups).output_shape(shape)
    if fewer := [g for g in fitting if g < groups]:
        assert re.search(r"take (\d+)$", str(caught.value)).group(1) == str(max(fewer))
    else:
        assert str(caught.value).endswith("leave it out")


@given(shape=SHAPES, data=st.data())
def test_what_fits_keeps_some_of_what_arrives(shape, data):
    """A group of one number would always be 0."""
    fitting = [groups for groups in range(1, 13) if shape[0] % groups == 0 and prod(shape) > groups]
    assume(fitting)
    groups = data.draw(st.sampled_from(fitting), "groups")
    samples = torch.arange(2.0 * prod(shape)).view(2, *shape)
    assert GroupNorm(groups).build(shape)(samples).abs().max() > 0.5
