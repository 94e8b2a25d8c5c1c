"""How good are generated digits? Figures from the features and probabilities of the judge, beside real images."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ganmnist.class_names import DIGITS
from ganmnist.dataset import Dataset
from ganmnist.errors import DataError
from ganmnist.evaluation.judge import FEATURES, OnProgress, extract_features
from ganmnist.evaluation.judgement import Judgement
from ganmnist.evaluation.metrics import Vectors, confident, coverage, frechet_distance, inception_score, knn_radii
from ganmnist.models.figures import Estimate, Evaluation

_REPORTED_SAMPLES = 10_000  # what an FID is usually given for
_ESTIMATE_SAMPLES = 1000
_LEAST = FEATURES + 1  # images to compare: the covariance of fewer has no meaning
_AMPLE = 300  # pictures of which nine tenths, the training images, can be halved
_MIN_CLASS_SAMPLES = 20  # images of a class, to tell how far they differ
_MIN_DIGIT_ACCURACY = 0.9  # share of real images in which the judge sees what their label says


class Evaluator:
    """Compares images with the test images of a data set, whose features are extracted once.

    Where those are too few, half of the training images stand in for them, and the other half for images unseen.

    Attributes:
        remark: What to know of the comparison, a sentence; empty where test images are compared with.
    """

    def __init__(self, data: Dataset, on_progress: OnProgress | None = None) -> None:
        """Extract the features of the test images.

        Args:
            data: The real images.
            on_progress: Called with the fraction that is done; what it raises ends the work.

        Raises:
            DataError: They are too few.
        """
        compared, self._unseen, self.remark = _reference(data)
        self._name = data.name
        self._real, _ = extract_features(compared, on_progress)
        self._radii = knn_radii(self._real)

    def evaluate(self, images: NDArray[np.uint8], on_progress: OnProgress | None = None) -> Evaluation:
        """Compare images with the test images.

        Args:
            images: uint8 (N, 28, 28). Figures are comparable only for equal N.
            on_progress: As in the constructor.

        Raises:
            DataError: They are too few.
        """
        _require_enough(images, "the samples", "make more of them")
        features, probabilities = extract_features(images, on_progress)
        return Evaluation(
            images=len(images),
            frechet=frechet_distance(features, self._real),
            inception=inception_score(probabilities),
            confident=confident(probabilities),
            precision=coverage(features, self._real, self._radii),
            recall=coverage(self._real, features, knn_radii(features)),
            classes=tuple((np.bincount(probabilities.argmax(1), minlength=10) / len(probabilities)).tolist()),
        )

    def real_baseline(self, count: int, on_progress: OnProgress | None = None) -> Evaluation:
        """Evaluate real training images: what a perfect generator would score with as many samples.

        They are fewer where there are not so many.
        """
        _require_enough(self._unseen, f"{self._name}: its training images", "import more pictures")
        chosen = np.random.default_rng(0).permutation(len(self._unseen))[:count]
        return self.evaluate(self._unseen[chosen], on_progress)


class Estimator:
    """Estimates from a thousand samples the Frechet distance that ten thousand would show, in half a second.

    The FID of finite samples is biased upwards, by about c (1/N + 1/M) (Chong and Forsyth 2020, section 3). What real
    images show against other real ones tells c.
    """

    def __init__(
        self,
        images: NDArray[np.uint8],
        labels: NDArray[np.uint8] | None = None,
        classes: tuple[str, ...] = (),
        on_progress: OnProgress | None = None,
    ) -> None:
        """Extract the features of some of the real images.

        Args:
            images: uint8 (N, 28, 28).
            labels: The number of each image's class, (N,); none where they have no classes.
            classes: Names of the classes.
            on_progress: Called with the fraction that is done.

        Raises:
            DataError: They are too few.
        """
        if not self.can_judge(images):
            raise DataError(f"images: {len(images)} are too few to compare with, at least {3 * _LEAST}")
        chosen = np.random.default_rng(0).permutation(len(images))[: 3 * _ESTIMATE_SAMPLES]
        features, probabilities = extract_features(images[chosen], on_progress)
        self._reference = _ReferenceStats(
            features, probabilities.argmax(1), labels if labels is None else labels[chosen], classes
        )
        self._real = features[len(chosen) // 3 :]
        others = features[: len(chosen) // 3]
        self._bias_factor = frechet_distance(others, self._real) / (1 / len(others) + 1 / len(self._real))

    @staticmethod
    def can_judge(images: NDArray[np.uint8]) -> bool:
        """Tell whether there are enough real images to compare with."""
        return len(images) >= 3 * _LEAST

    def estimate(self, images: NDArray[np.uint8]) -> Estimate:
        """Estimate from generated images, uint8 (N, 28, 28)."""
        return self._estimate(*extract_features(images))

    def judge(
        self,
        images: NDArray[np.uint8],
        asked: NDArray[np.int64] | None = None,
        on_progress: OnProgress | None = None,
    ) -> Judgement:
        """Estimate generated images, and tell whether all is among them that is among the real ones.

        Args:
            images: uint8 (N, 28, 28).
            asked: The class that each was to be, (N,); none of a model without classes.
            on_progress: Called with the fraction that is done.
        """
        features, probabilities = extract_features(images, on_progress)
        return self._reference.compare(
            self._estimate(features, probabilities), features, probabilities.argmax(1), asked
        )

    def _estimate(self, features: Vectors, probabilities: Vectors) -> Estimate:
        bias = self._bias_factor * (1 / len(features) + 1 / len(self._real) - 2 / _REPORTED_SAMPLES)
        distance = frechet_distance(features, self._real) - bias
        return Estimate(frechet=max(distance, 0.0), confident=confident(probabilities))


class _ReferenceStats:
    """Statistics of the real images: how many of each class there are, and how far they differ."""

    def __init__(
        self,
        features: Vectors,
        predicted: NDArray[np.int64],
        labels: NDArray[np.uint8] | None,
        classes: tuple[str, ...],
    ) -> None:
        self._classes = classes
        self._digits = np.array([int(name) if name in DIGITS else -1 for name in classes], np.int64)
        right = self._digits[labels] == predicted if labels is not None and classes else np.zeros(1)
        self._are_digits = right.mean() >= _MIN_DIGIT_ACCURACY
        self._digit_variances = _variances(features, predicted, len(DIGITS))
        self._class_variances = None if labels is None else _variances(features, labels, len(classes))
        self._digit_shares = _shares(predicted)

    def compare(
        self, estimate: Estimate, features: Vectors, predicted: NDArray[np.int64], asked: NDArray[np.int64] | None
    ) -> Judgement:
        """Compare generated images with the real ones."""
        if asked is None or self._class_variances is None:
            diversity = _ratios(_variances(features, predicted, len(DIGITS)), self._digit_variances)
            known = (_shares(predicted), self._digit_shares) if self._are_digits else (None, None)
            return Judgement(estimate, DIGITS, diversity, *known)
        diversity = _ratios(_variances(features, asked, len(self._classes)), self._class_variances)
        accuracy = [_accuracy(predicted[asked == place] == digit) for place, digit in enumerate(self._digits)]
        return Judgement(
            estimate, self._classes, diversity, class_accuracy=tuple(accuracy) if self._are_digits else None
        )


def _shares(predicted: NDArray[np.int64]) -> tuple[float, ...]:
    return tuple((np.bincount(predicted, minlength=len(DIGITS)) / len(predicted)).tolist())


def _accuracy(right: NDArray[np.bool_]) -> float | None:
    return float(right.mean()) if len(right) >= _MIN_CLASS_SAMPLES else None


def _variances(features: Vectors, groups: NDArray[np.integer[Any]], count: int) -> list[float | None]:
    """Return the variance of the features within each group, all features together; None of one that is too small."""
    members = [features[groups == group] for group in range(count)]
    return [float(one.var(0, ddof=1).sum()) if len(one) >= _MIN_CLASS_SAMPLES else None for one in members]


def _ratios(ours: list[float | None], real: list[float | None]) -> tuple[float | None, ...]:
    return tuple(one / other if one is not None and other else None for one, other in zip(ours, real, strict=True))


def _reference(data: Dataset) -> tuple[NDArray[np.uint8], NDArray[np.uint8], str]:
    """Return the images to compare with, real ones besides, and what to know of that.

    Raises:
        DataError: There are too few of either.
    """
    test, train = data.test_images, data.train_images
    if len(test) >= _LEAST:
        return test, train, ""
    if len(train) < 2 * _LEAST:
        raise DataError(
            f"{data.name}: {len(train)} training and {len(test)} test images are too few to compare with, expected at "
            f"least {_LEAST} to test with or {2 * _LEAST} to train with: import more pictures, {_AMPLE} or more in all"
        )
    shuffled = train[np.random.default_rng(0).permutation(len(train))]
    halves = np.array_split(shuffled, 2)
    remark = (
        f"{data.name} has {len(test)} test images, too few to compare with (at least {_LEAST}), so half of its "
        "training images stand in for them: a model that only copies what it learned from looks better than it is."
    )
    return halves[0][:_REPORTED_SAMPLES], halves[1], remark


def _require_enough(images: NDArray[np.uint8], what: str, remedy: str) -> None:
    """Raise DataError for fewer images than the judge has features: their covariance would say nothing."""
    if len(images) < _LEAST:
        raise DataError(
            f"{what}: {len(images)} are too few to compare, at least {_LEAST}: {remedy}; thousands say more"
        )


def read_samples(path: Path) -> NDArray[np.uint8]:
    """Read samples from a .npy file.

    Raises:
        DataError: Not a .npy file of uint8 (N, 28, 28).
    """
    try:
        images = np.load(path, mmap_mode="r", allow_pickle=False)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file: name a .npy file of samples") from None
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"{path}: cannot be read as .npy ({error})") from None
    if images.dtype != np.uint8 or images.ndim != 3 or images.shape[1:] != (28, 28):
        raise DataError(f"{path}: expected uint8 (N, 28, 28), got {images.dtype} {images.shape}")
    return np.asarray(images)
