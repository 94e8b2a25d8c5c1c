"""The command `mcp`: tools of an assistant over standard input and output, where nothing but the protocol stands."""

from __future__ import annotations

import base64
import importlib.util
import os
import signal
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bridge_server.cli.exit_codes import CommandError, ExitCode
from bridge_server.cli.mcp.assistant import Assistant, ToolError
from bridge_server.cli.mcp.tools import TOOLS, Destination, Tool
from ganmnist import __version__
from ganmnist.remedies import extra_missing

if TYPE_CHECKING:
    from mcp.server import Server, ServerRequestContext
    from mcp_types import CallToolRequestParams, CallToolResult, ListToolsResult, PaginatedRequestParams
    from mcp_types import Tool as Described

_SECONDS = 1.0  # from one look at a training to the next
_INSTRUCTIONS = (
    "Digits of a GAN as geometry, by the ganmnist server of this machine. A digit grows from a latent vector; answers "
    "give vectors names such as z-1, which z takes. Begin with models, or with generate, which needs no training: a "
    "trained model is bundled. Lengths are model units of the CAD program."
)


def serve(home: Path) -> ExitCode:
    """Serve one assistant until it closes its end, or until Ctrl-C.

    Raises:
        CommandError: The package for it is not installed.
    """
    if importlib.util.find_spec("mcp") is None:
        raise CommandError(ExitCode.PROBLEM, extra_missing("mcp"))
    import anyio

    if sys.stdin.isatty():
        print("An assistant's program starts this and speaks to it: docs/server.md says how.", file=sys.stderr)
    # A thread waits for the assistant's next line, which nothing wakes; the server has all that is not to be lost.
    signal.signal(signal.SIGINT, lambda *_: os._exit(ExitCode.OK))
    anyio.run(_serve, Assistant(home))
    return ExitCode.OK


async def _serve(assistant: Assistant) -> None:
    from mcp.server.stdio import stdio_server

    server = made(assistant)
    async with stdio_server() as (come, go):
        await server.run(come, go, server.create_initialization_options())


def made(assistant: Assistant) -> Server[Any]:
    """Return what answers an assistant."""
    from mcp.server import Server
    from mcp.shared.exceptions import MCPError
    from mcp_types import INVALID_PARAMS, ListToolsResult

    async def list_tools(_: ServerRequestContext[Any], __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_described(tool) for tool in TOOLS.values()])

    async def call_tool(context: ServerRequestContext[Any], asked: CallToolRequestParams) -> CallToolResult:
        tool = TOOLS.get(asked.name)
        if tool is None:
            raise MCPError(INVALID_PARAMS, f"There is no tool {asked.name[:80]}; tools/list says which there are.")
        return await _carried_out(assistant, tool, asked.arguments or {}, context)

    return Server(
        "ganmnist",
        version=__version__,
        title="ganmnist",
        instructions=_INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _described(tool: Tool) -> Described:
    from mcp_types import Tool as Described
    from mcp_types import ToolAnnotations

    return Described(
        name=tool.name,
        description=tool.description,
        input_schema=tool.schema(),
        annotations=ToolAnnotations(
            read_only_hint=tool.only_looks,
            destructive_hint=tool.own is Destination,  # if it is told to overwrite
            open_world_hint=False,
        ),
    )


async def _carried_out(
    assistant: Assistant, tool: Tool, arguments: dict[str, Any], context: ServerRequestContext[Any]
) -> CallToolResult:
    from anyio.to_thread import run_sync
    from mcp_types import CallToolResult, ImageContent, TextContent

    try:
        if tool.name == "run_progress":
            await _watch(assistant, arguments, context)
        said = await run_sync(partial(assistant.carry_out, tool, arguments))
    except ToolError as error:
        return CallToolResult(content=[TextContent(text=str(error))], is_error=True)
    pictures = [ImageContent(data=base64.b64encode(each).decode(), mime_type="image/png") for each in said.pictures]
    return CallToolResult(content=[TextContent(text=said.text), *pictures])


async def _watch(assistant: Assistant, arguments: dict[str, Any], context: ServerRequestContext[Any]) -> None:
    """Wait until a training has ended, as long as is wanted, and report meanwhile how it goes on."""
    import anyio
    from anyio.to_thread import run_sync

    run, seconds = await run_sync(assistant.watched, arguments)
    deadline = anyio.current_time() + seconds
    while run.state.is_active and anyio.current_time() < deadline:
        await context.session.report_progress(run.percent, 100, run.text)
        await anyio.sleep(min(_SECONDS, max(deadline - anyio.current_time(), 0)))
        run, _ = await run_sync(assistant.watched, arguments)
