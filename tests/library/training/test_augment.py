"""Few images are seen shifted and with a hole, real ones and fakes alike, and the generator learns them as they are."""

import torch

from ganmnist.training.augment import augment


def picture():
    image = torch.full((1, 28, 28), -1.0)
    image[0, 10:13, 12:19] = torch.arange(21.0).view(3, 7) / 40
    return image


def test_what_is_seen_is_the_image_shifted_by_a_few_pixels_with_a_black_square():
    torch.manual_seed(1)
    seen = augment(picture().expand(200, 1, 28, 28))
    assert seen.shape == (200, 1, 28, 28)
    places = set()
    for image in seen[:, 0]:
        rows, columns = (image > -1).nonzero().unbind(1)
        values = image[rows, columns] * 40
        tops = rows - (values.round() // 7).long()
        lefts = columns - (values.round() % 7).long()
        assert len(set(tops.tolist())) <= 1
        assert len(set(lefts.tolist())) <= 1
        if len(rows):
            places.add((int(tops[0]), int(lefts[0])))
    assert places <= {(10 + down, 12 + right) for down in range(-3, 4) for right in range(-3, 4)}
    assert len(places) > 40
    assert 0.1 < ((seen > -1).flatten(1).sum(1) < 21).float().mean() < 0.9, "some have their hole elsewhere"


def test_gradients_find_the_pixels_that_were_seen():
    torch.manual_seed(2)
    images = picture().repeat(3, 1, 1, 1).requires_grad_()
    seen = augment(images)
    seen.sum().backward()
    shown = (seen > -1).flatten(1).sum(1)
    assert torch.equal((images.grad[images > -1] > 0).view(3, -1).sum(1), shown)
