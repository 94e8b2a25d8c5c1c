"""Networks and how they are to be trained, checked before anybody trains them."""

from __future__ import annotations

from bridge_server.contract.networks import CheckedNetworks, NetworksCheck, NetworkTable, PlannedTraining
from ganmnist.config import OptimizationConfig, PresetName, TrainConfig
from ganmnist.networks.spec import FollowedNetwork, ModelConfig, Sequential, training_memory
from ganmnist.training.advice import remarks
from ganmnist.training.presets import recipe
from ganmnist.training.recipe import Recipe


def checked(request: NetworksCheck, base: ModelConfig, preset: PresetName | None) -> CheckedNetworks:
    """Check what a request asks about.

    Args:
        request: The parts that differ from `base`.
        base: The networks that fill in the rest.
        preset: Whose settings hold unless the request names one.

    Raises:
        ValidationError: They do not fit together, and the request does not ask for its misfits.
        SettingError: They cannot be trained so.
    """
    game = {**dict(OptimizationConfig.part_of(request)), "preset": request.preset or preset}
    if request.misfits:
        networks = request.unchecked_over(base)
        generator, discriminator = networks.follow()
        if generator.misfit or discriminator.misfit:
            return CheckedNetworks(
                gan="",
                generator=_table(networks.generator, generator),
                discriminator=_table(networks.discriminator, discriminator),
                plan=_planned(recipe(TrainConfig(**game, networks=base)), game["preset"]),
                memory=0,
                remarks=[],
            )
    networks = request.over(base)
    config = TrainConfig(**game, networks=networks)
    plan = recipe(config)
    generator, discriminator = networks.follow()
    return CheckedNetworks(
        gan=config.to_text(),
        generator=_table(networks.generator, generator),
        discriminator=_table(networks.discriminator, discriminator),
        plan=_planned(plan, config.base),
        memory=training_memory(networks, plan.batch_size),
        remarks=remarks(plan),
    )


def _table(network: Sequential, followed: FollowedNetwork) -> NetworkTable:
    return NetworkTable(
        text=network.to_text(),
        rows=followed.rows,
        misfit=followed.misfit,
        parameters=sum(row.parameters for row in followed.rows),
        multiply_adds=sum(row.multiply_adds for row in followed.rows),
    )


def _planned(plan: Recipe, preset: PresetName | None) -> PlannedTraining:
    return PlannedTraining(
        preset=preset,
        loss=plan.loss,
        batch_size=plan.batch_size,
        learning_rate=plan.learning_rate,
        beta1=plan.beta1,
        r1=plan.r1,
        label_smoothing=plan.label_smoothing,
        epochs=plan.epochs,
        steps=plan.steps,
        seconds=plan.seconds,
    )
