"""Messages about how good the digits of a model are."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from bridge_server.contract.base import Message
from bridge_server.contract.told import Told
from ganmnist.config import EvaluateConfig, ModelName
from ganmnist.fields import Number, Whole
from ganmnist.models.figures import Evaluation

MAX_SAMPLES = 10_000
EXPLANATIONS = {name: field.description or "" for name, field in Evaluation.model_fields.items() if name != "images"}
# The figures that tell which digits the judge sees: of other pictures it knows no classes.
OF_DIGITS = ("inception", "confident", "classes")


class EvaluationState(StrEnum):
    """Where an evaluation stands."""

    WAITING = "waiting"
    RUNNING = "running"
    READY = "ready"
    FAILED = "failed"
    STOPPED = "stopped"

    @property
    def is_active(self) -> bool:
        """Whether there are figures to come."""
        return self in (EvaluationState.WAITING, EvaluationState.RUNNING)


class EvaluateRequest(EvaluateConfig):
    """Digits of a model to be measured."""

    model: ModelName | None = Field(None, description="Name of the model; the bundled one unless given.")
    count: Whole = Field(
        1000,
        description="Number of digits to measure; more say more. Figures are comparable only for equal counts.",
        ge=129,  # the judge has 128 features
        le=MAX_SAMPLES,
    )
    step: Whole | None = Field(
        None,
        description="Step that an answer has said, to ask how far that evaluation is; the model as it is now unless "
        "given.",
        ge=0,
        le=2**53,
    )


class Evaluated(Message):
    """How good the digits of a model are, or how far it is found out."""

    state: EvaluationState = Field(
        description="One is running, the others are waiting for their turn. Ask again with the same model, count and "
        "step, until it is ready, failed or stopped."
    )
    model: str = Field(description="Name of the model.")
    step: Whole = Field(description="Training step of the model that is measured: send it when asking again.")
    count: Whole = Field(description="Number of digits.")
    percent: Number = Field(0.0, description="How much is done.")
    data: str | None = Field(None, description="Name of the data set whose images the digits are compared with.")
    samples: Evaluation | None = Field(None, description="Figures of the digits, once it is ready.")
    real_baseline: Evaluation | None = Field(
        None, description="The same figures of as many real images: what a perfect generator would have."
    )
    explanations: dict[str, str] = Field({}, description="What each of the figures says, a sentence each.")
    problem: Told | None = Field(None, description="Why it failed, and what to do.")
