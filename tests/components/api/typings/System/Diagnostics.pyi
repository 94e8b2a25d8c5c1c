# ruff: noqa: N802, N803 - the names that .NET has
"""Starting programs."""

from typing import overload

from System import Object
from System.Collections.Specialized import StringDictionary

class ProcessStartInfo(Object):
    Arguments: str
    CreateNoWindow: bool
    FileName: str
    RedirectStandardError: bool
    RedirectStandardInput: bool
    RedirectStandardOutput: bool
    UseShellExecute: bool
    WorkingDirectory: str
    @overload
    def __init__(self) -> None: ...
    @overload
    def __init__(self, fileName: str) -> None: ...
    @overload
    def __init__(self, fileName: str, arguments: str) -> None: ...
    @property
    def EnvironmentVariables(self) -> StringDictionary: ...

class Process(Object):
    @property
    def ExitCode(self) -> int: ...
    @property
    def HasExited(self) -> bool: ...
    @property
    def Id(self) -> int: ...
    def Kill(self) -> None: ...
    @overload
    @staticmethod
    def Start(startInfo: ProcessStartInfo) -> Process: ...
    @overload
    @staticmethod
    def Start(fileName: str) -> Process: ...
    @overload
    @staticmethod
    def Start(fileName: str, arguments: str) -> Process: ...
