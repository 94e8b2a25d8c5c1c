"""The base of every message of the contract."""

from ganmnist.fields import Settings


class Message(Settings):
    """Base of all messages: unknown fields are refused, numbers are finite."""
