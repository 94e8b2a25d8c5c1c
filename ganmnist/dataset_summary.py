"""What is in a data set, and what its reader made of what lay there: for people, without the images. No numpy."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field

from ganmnist.errors import counted
from ganmnist.fields import Settings, Whole


class ClassSize(Settings):
    """One class, and how many images it has."""

    name: str
    train: Whole = Field(description="Number of its training images.")
    test: Whole = Field(description="Number of its test images.")


class LeftOut(Settings):
    """What was not read, for one reason."""

    reason: str = Field(description="Why, in a few words: .heic is not read, save it as PNG.")
    count: Whole = Field(description="Number of files.", ge=1)
    example: str = Field(description="One of them.")

    def sentence(self) -> str:
        """Say so."""
        return f"left out {counted(self.count, 'file')}, {self.example} for one: {self.reason}"


class ReadReport(Settings):
    """What a reader made of what lay there, beside the images themselves."""

    split: str = Field("", description="How the test images were told from the others, in a few words.")
    dark_on_light: Whole = Field(0, description="Number of pictures that were turned about, their ink being dark.")
    left_out: tuple[LeftOut, ...] = ()
    remarks: tuple[str, ...] = Field((), description="What else was decided in reading them, a sentence each.")


NO_REPORT = ReadReport()


class DatasetSummary(Settings):
    """What is in a data set."""

    name: str
    source: str = Field(description="Where it came from.")
    train: Whole = Field(description="Number of training images.")
    test: Whole = Field(description="Number of test images.")
    classes: tuple[ClassSize, ...] = Field((), description="Its classes by number; none if the images have none.")
    report: ReadReport = NO_REPORT

    def sentences(self) -> Iterator[str]:
        """Say what is in it and what was left out, a line each, as everybody is told it."""
        count = self.train + self.test
        kinds = counted(len(self.classes), "class", "es") if self.classes else "no classes"
        yield f"{counted(count, 'image')} in {kinds}"
        if self.classes:
            yield ", ".join(f"{size.name}: {size.train + size.test:,}" for size in self.classes)
        split = f" ({self.report.split})" if self.report.split else ""
        yield f"{self.train:,} to train on, {self.test:,} kept for the test{split}"
        if self.report.dark_on_light:
            yield f"{self.report.dark_on_light:,} had dark ink on light paper: made light on dark, as digits are"
        yield from (left.sentence() for left in self.report.left_out)
        yield from self.report.remarks
