"""A server that takes every request and answers `{}`: what receiving costs at least.

Enters: --latency, seconds that each answer takes. Leaves: its address on standard output, as ours
do; SIGTERM ends it.
"""

import argparse
import asyncio
import socket

import uvicorn
from starlette.types import Receive, Scope, Send

parser = argparse.ArgumentParser(description=__doc__)
parser.add_argument("--latency", type=float, default=0.0)
LATENCY = parser.parse_args().latency


async def app(_scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.sleep(LATENCY)
    more = True
    while more:
        more = (await receive()).get("more_body", False)
    headers = [(b"content-length", b"2")]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": b"{}"})


if __name__ == "__main__":
    listening = socket.create_server(("127.0.0.1", 0), backlog=512)
    print(f"receiving: http://127.0.0.1:{listening.getsockname()[1]}/", flush=True)
    config = uvicorn.Config(app, lifespan="off", log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listening])
