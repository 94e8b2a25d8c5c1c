"""Texts that are the same under every Python and in every country: JSON in ASCII, numbers with a point."""

import json
import re

LONGEST_TAG = 50  # letters below a component: epoch 123/1000 - 41 % - 1:02:03 left - FID 12

_LETTER = re.compile(r"[^\x00-\x7f]")


def to_json(value, sort_keys=False):
    """Return a value as JSON in ASCII. The escapes are ours, since IronPython fails at an umlaut."""
    return _LETTER.sub(_escaped, json.dumps(value, ensure_ascii=False, sort_keys=sort_keys))


def _escaped(letter):
    code = ord(letter.group())
    if code < 0x10000:
        return "\\u{0:04x}".format(code)
    code -= 0x10000  # two units of UTF-16, as JSON wants it
    return "\\u{0:04x}\\u{1:04x}".format(0xD800 | code >> 10, 0xDC00 | code & 0x3FF)


def decimal(number, places):
    """Return a number with so many places behind a point; IronPython writes the comma of the country it is in."""
    return "{0:.{1}f}".format(number, places).replace(",", ".")


def plain(number, digits=6):
    """Return a number as short as it can be told with so many digits: 0.25, 3, 1e-05."""
    return "{0:.{1}g}".format(number, digits).replace(",", ".")


def tag(sentence):
    """Return a sentence as short as what stands below a component may be: as it is, or its beginning."""
    if len(sentence) <= LONGEST_TAG:
        return sentence
    beginning = re.split(r" \(|: |; |\. ", sentence)[0]
    if len(beginning) <= LONGEST_TAG - 10:
        return beginning
    return beginning[: LONGEST_TAG - 13].rsplit(" ", 1)[0] + "..."


def counted(count, noun):
    """Return how many there are, in words: 1 layer, 14 layers."""
    return "{0} {1}{2}".format(grouped(count), noun, "" if count == 1 else "s")


def grouped(number):
    """Return a whole number with its thousands apart: 1,661,825."""
    digits = "{0}".format(number)
    return ",".join([digits[max(0, end - 3) : end] for end in range(len(digits), 0, -3)][::-1])
