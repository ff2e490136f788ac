"""Steps of a test: asked for on standard input, answered on standard output, JSON-RPC 2.0 with one message a line."""

import json
import os
import sys
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import anyio

Step = Callable[..., Awaitable[Any]]


async def serve(steps: dict[str, Step]) -> None:
    """Runs each step when it is asked for, with the request's params as keyword arguments, until standard input ends."""
    # Libraries may print. Standard output carries the protocol alone.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    async for line in anyio.wrap_file(sys.stdin):
        request = json.loads(line)
        answer: dict[str, Any] = {"jsonrpc": "2.0", "id": request["id"]}
        try:
            answer["result"] = await steps[request["method"]](**request["params"])
        except BaseException as error:
            traceback.print_exception(error)
            answer["error"] = {"code": -32000, "message": describe(error)}
        print(json.dumps(answer), file=answers)


def describe(error: BaseException) -> str:
    """The errors themselves, where a task group has wrapped them."""
    if isinstance(error, BaseExceptionGroup):
        return "; ".join(describe(inner) for inner in error.exceptions)
    return f"{type(error).__name__}: {error}"


def run(steps: dict[str, Step]) -> None:
    anyio.run(serve, steps)
