"""The terms of the field that people meet here: each once, and one sentence that says what it is.

Whoever explains one takes the sentence from here: help texts of settings, messages, tooltips, the page and the docs.
`ganmnist/glossary.py` puts the layers beside them, which explain themselves.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Term:
    """One term.

    Attributes:
        name: The field's word.
        says: What it is, in one sentence for somebody who is new to it.
        also: Other words and forms for the same, as they stand in texts.
    """

    name: str
    says: str
    also: tuple[str, ...] = ()


_ALL = (
    Term(
        "Adam", "The rule by which a step changes weights: each has a step length of its own, from its last gradients."
    ),
    Term("batch", "The images that one training step looks at together.", ("batches",)),
    Term("batch size", "How many images one training step looks at.", ("batch_size",)),
    Term("beta1", "Momentum of Adam: how much of its earlier direction each step keeps, 0 for none."),
    Term(
        "channel",
        "A sheet with a number for each pixel: a grey image has one, a colour image three, a layer one a filter.",
        ("channels",),
    ),
    Term("checkpoint", "All that a training needs to go on later, saved on the disk.", ("checkpoints",)),
    Term("class", "A kind of image that has a name, such as the digit 7.", ("classes",)),
    Term("cluster", "Images that look alike, found without anybody having named them.", ("clusters",)),
    Term("conditional", "Told the class: such a generator draws the one that is asked for.", ("class-conditional",)),
    Term("confident", "Share of images of whose digit the judge is sure."),
    Term(
        "convolution",
        "Weights a small square of pixels into one number, with the same weights at every place.",
        ("convolutions",),
    ),
    Term("data set", "The images that a training learns from.", ("data sets",)),
    Term(
        "discriminator",
        "The network that is shown real and generated images and says how real each looks.",
        ("discriminators",),
    ),
    Term("diversity", "How far the images of a model differ from each other, 1 as much as real ones do."),
    Term("epoch", "One pass of the training over every image of the data.", ("epochs",)),
    Term("fake", "An image of the generator's, as the discriminator is shown it beside real ones.", ("fakes",)),
    Term(
        "feature map",
        "One channel of what leaves a layer: where, and how strongly, a filter finds what it looks for.",
        ("feature maps",),
    ),
    Term(
        "FID",
        "How far generated images are from real ones, as the judge sees both (Frechet distance); less is better.",
        ("Frechet distance",),
    ),
    Term("filters", "How many patterns a convolution looks for: each gives one channel.", ("filter",)),
    Term(
        "GAN",
        "Generative adversarial network: two networks that learn from each other, one by drawing, one by judging.",
        ("GANs",),
    ),
    Term("generator", "The network that turns a latent vector into an image.", ("generators",)),
    Term("gradient", "For every weight, how much the loss would change with it: the way downhill.", ("gradients",)),
    Term("heightfield", "A grid of heights, one for each pixel."),
    Term(
        "inception score",
        "How sure the judge is of each digit and how evenly the digits are spread, 1 to 10; more is better.",
    ),
    Term("judge", "A classifier of our own that looks at generated digits, and has no part in the training."),
    Term("kernel", "Side of the square of pixels that a convolution looks at for each number it gives, pixels."),
    Term(
        "label smoothing",
        "How far below 1 the label of real images lies, so that the discriminator is never quite sure.",
        ("label_smoothing",),
    ),
    Term("latent_dim", "How many numbers a latent vector has."),
    Term(
        "latent space",
        "All latent vectors there may be: neighbours in it make images that look alike.",
        ("latent spaces",),
    ),
    Term(
        "latent vector",
        "The list of numbers, z, that one image grows from.",
        ("latent vectors", "latent numbers", "latents"),
    ),
    Term("layer", "One step of a network, from numbers to numbers.", ("layers",)),
    Term("learning rate", "Step size of Adam: how far one step moves the weights.", ("learning_rate",)),
    Term("likeness", "How alike two images are, and how surely they are of the same class: 0 to 1."),
    Term("logit", "A number before a sigmoid: above 0 for real, below for generated.", ("logits",)),
    Term("loss", "A number for how wrong a network is, which its training makes smaller.", ("losses",)),
    Term(
        "mean squared error",
        "Mean of the squared differences of two images, pixel by pixel, white being 1: alike at 0.",
        ("mse",),
    ),
    Term("MNIST", "70,000 handwritten digits in grey, 28 x 28 pixels each: 60,000 to learn from, 10,000 to test with."),
    Term("mode collapse", "A generator draws the same few images again and again."),
    Term("model", "A trained generator, with what it learned from and how.", ("models",)),
    Term("model units", "The unit of the Rhino document; where a file names none, most slicers read millimetres."),
    Term(
        "momentum",
        "How much is kept at each step of what was before: of Adam's direction, of BatchNorm's running statistics.",
    ),
    Term(
        "novelty",
        "How far generated images are from the nearest that were learned from; 1 is as far as unseen real images are.",
    ),
    Term("output shape", "What leaves a layer: so many numbers, or channels of so many rows and columns."),
    Term(
        "padding",
        "Zeros around an image before a convolution: with same its size stays, divided by the stride and rounded up; "
        "with valid there are none.",
    ),
    Term(
        "parameters", "The numbers of a network that training changes: its weights.", ("parameter", "weights", "weight")
    ),
    Term("precision", "Share of generated images that lie among real ones."),
    Term("preset", "Networks and settings that train well together, under a name.", ("presets",)),
    Term(
        "R1",
        "A penalty on the discriminator's gradient at real images, which keeps its answers from turning too steep.",
        ("R1 penalty",),
    ),
    Term("recall", "Share of real images that lie among generated ones."),
    Term("relief", "A mesh as high as the pixels are white."),
    Term("sample", "One generated image.", ("samples",)),
    Term("seed", "The number that all random choices follow from: the same seed gives the same result.", ("seeds",)),
    Term("snapshot", "The generator as it was at one step of its training, kept for the film.", ("snapshots",)),
    Term(
        "spectral norm",
        "Divides a layer's weights by their largest singular value, so that the layer never steepens.",
        ("spectral_norm", "spectral normalization"),
    ),
    Term(
        "standard deviation",
        "The usual distance from the mean: of the numbers of a latent vector two thirds lie within one.",
        ("standard deviations",),
    ),
    Term("step", "One change of both networks, after a look at one batch.", ("steps",)),
    Term("stride", "How many pixels a kernel moves on between two places: 2 halves the image."),
    Term(
        "truncation",
        "Scale of the random latent vectors (the truncation trick): below 1 digits are more typical and more alike, at "
        "0 all of a class are one.",
    ),
    Term("units", "The numbers that leave a layer such as Dense, which have no place in an image."),
    Term("upsampling", "Makes an image larger by repeating its pixels: it adds no detail."),
)
TERMS = {term.name: term for term in _ALL}


def explain(name: str, more: str = "") -> str:
    """Return the sentence that explains a term, and behind it what else there is to say where it stands."""
    said = TERMS[name].says
    return f"{said[:-1]}; {more}" if more else said
