"""Messages about one training step, taken apart."""

from __future__ import annotations

from pydantic import Field

from bridge_server.contract.base import Message, Pixels
from bridge_server.contract.networks import LayerMaps
from bridge_server.contract.told import Told
from ganmnist.config import AnatomyConfig, LossName, ModelName
from ganmnist.fields import Flag, Number, Whole
from ganmnist.terms import explain


class AnatomyRequest(AnatomyConfig):
    """A training step of a model, to be taken apart."""

    model: ModelName | None = Field(None, description="Name of the model; the bundled one unless given.")


class RealSample(Message):
    """An image of the data that the model learns from."""

    image: Pixels
    digit: Whole | None = Field(description="Number of its class; none where the data has no classes.")
    class_name: str | None = Field(description="What that class is called.")


class Verdict(Message):
    """What the discriminator says of an image."""

    logit: Number = Field(description=explain("logit"))
    probability: Number = Field(
        description="The sigmoid of the logit, 0 to 1: how sure the discriminator is that the image is real."
    )
    layers: list[LayerMaps] = Field([], description="What leaves each of its layers.")


class Lesson(Message):
    """What the generator learns of its fake."""

    loss: Number = Field(description="Loss of the generator, for this fake.")
    gradient: Pixels = Field(
        description="How the loss changes with each pixel of the fake: 128 for not at all, 1 and 255 for `steepest` "
        "downwards and upwards. Below 128 a brighter pixel would have passed more easily, above a darker one."
    )
    steepest: Number = Field(description="The largest of these numbers, in loss per unit; black is -1, white 1.")
    followed: Pixels = Field(description="The fake a little way down the gradient, by a quarter of white at most.")
    verdict: Verdict = Field(description="What the same discriminator says of that.")


class Judging(Message):
    """The discriminator's side of a step."""

    step: Whole = Field(description="Training step at which the discriminator was like this.")
    loss_name: LossName = Field(description="The loss that both networks make smaller.")
    fake: Verdict
    real: Verdict | None = Field(description="None where there is no real image.")
    loss: Number | None = Field(description="Loss of the discriminator, for these two; without its penalties.")
    lesson: Lesson | None = Field(description="None where the loss compares with a real image, and there is none.")


class Anatomy(Message):
    """One training step, taken apart for one fake and one real image."""

    model: str = Field(description="Name of the model.")
    step: Whole = Field(description="Training step the generator had reached; grows while it trains.")
    training: Flag = Field(False, description="True while the model is being trained: ask again in two seconds.")
    latent_dim: Whole = Field(description="How many numbers of the vector are latent; the others weigh the classes.")
    z: str = Field(description="Base64 of float32, little endian: the latent vector, then a weight for each class.")
    digit: Whole | None = Field(description="Number of the fake's class; none if the model knows no classes.")
    class_name: str | None = Field(description="What that class is called.")
    layers: list[LayerMaps] = Field(description="What leaves each layer of the generator.")
    fake: Pixels = Field(description="What the generator makes of the vector.")
    real: RealSample | None = Field(description="None where there are no real images here; a remark says why.")
    judging: Judging | None = Field(description="None where there is no discriminator here; a remark says why.")
    remarks: list[Told] = Field([], description="What is missing, and what to do about it, a sentence each.")
