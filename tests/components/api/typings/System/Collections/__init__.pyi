"""Collections."""

from . import Generic as Generic
from . import Specialized as Specialized
