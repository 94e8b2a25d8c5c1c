"""The networks and settings of Keras' DCGAN tutorial for MNIST. Run by `training.py`; needs tensorflow alone."""

from __future__ import annotations

import os
from functools import partial

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import numpy as np
import tensorflow as tf
from keras import Model, Sequential, layers, losses, optimizers, utils
from numpy.typing import NDArray
from stopwatch import Stopwatch

SAMPLES = 10_000
LATENT = 100
BATCH = 256
RATE = 1e-4


def main() -> None:
    watch = Stopwatch()
    utils.set_random_seed(watch.seed)
    generator, discriminator = build_generator(), build_discriminator()
    step = build_step(generator, discriminator)
    pixels = (watch.images[..., None] / np.float32(127.5) - np.float32(1)).astype(np.float32)  # (N, 28, 28, 1)
    data = tf.data.Dataset.from_tensor_slices(pixels).shuffle(len(pixels)).batch(BATCH, drop_remainder=True)
    while True:
        for real in data:
            step(real)
            if not watch.step(partial(draw, generator, watch.seed), len(pixels) // BATCH):
                return


def build_generator() -> Model:
    return Sequential(
        [
            layers.Input((LATENT,)),
            layers.Dense(7 * 7 * 256, use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Reshape((7, 7, 256)),
            layers.Conv2DTranspose(128, 5, strides=1, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(64, 5, strides=2, padding="same", use_bias=False),  # (14, 14, 64)
            layers.BatchNormalization(),
            layers.LeakyReLU(),
            layers.Conv2DTranspose(1, 5, strides=2, padding="same", use_bias=False, activation="tanh"),
        ]
    )


def build_discriminator() -> Model:
    return Sequential(
        [
            layers.Input((28, 28, 1)),
            layers.Conv2D(64, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Conv2D(128, 5, strides=2, padding="same"),
            layers.LeakyReLU(),
            layers.Dropout(0.3),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )


def build_step(generator: Model, discriminator: Model) -> tf.types.experimental.PolymorphicFunction:
    """Return one step of a GAN, compiled: both networks learn at once."""
    entropy = losses.BinaryCrossentropy(from_logits=True)
    adam_g, adam_d = optimizers.Adam(RATE), optimizers.Adam(RATE)

    @tf.function
    def step(real: tf.Tensor) -> None:
        z = tf.random.normal((BATCH, LATENT))
        with tf.GradientTape() as tape_g, tf.GradientTape() as tape_d:
            fake = generator(z, training=True)
            told_real, told_fake = discriminator(real, training=True), discriminator(fake, training=True)
            loss_g = entropy(tf.ones_like(told_fake), told_fake)
            loss_d = entropy(tf.ones_like(told_real), told_real) + entropy(tf.zeros_like(told_fake), told_fake)
        for adam, tape, loss, network in (
            (adam_g, tape_g, loss_g, generator),
            (adam_d, tape_d, loss_d, discriminator),
        ):
            weights = network.trainable_variables
            adam.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))

    return step


def draw(generator: Model, seed: int) -> NDArray[np.uint8]:
    z = np.random.default_rng((seed, 1)).standard_normal((SAMPLES, LATENT)).astype(np.float32)
    grown = [generator(part, training=False).numpy() for part in np.array_split(z, SAMPLES // 250)]
    return ((np.concatenate(grown)[..., 0] + 1) * 127.5).round().clip(0, 255).astype(np.uint8)


if __name__ == "__main__":
    main()
