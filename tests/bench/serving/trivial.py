"""An ASGI application that does nothing: how many requests server and load generator can exchange.

python -m bench.serving.trivial PORT
"""

from __future__ import annotations

import sys

import uvicorn
from starlette.types import Message, Receive, Scope, Send

_BODY = b'{"status":"pass"}'
_ANSWER: tuple[Message, ...] = (
    {
        "type": "http.response.start",
        "status": 200,
        "headers": [(b"content-length", str(len(_BODY)).encode())],
    },
    {"type": "http.response.body", "body": _BODY},
)


async def app(_: Scope, receive: Receive, send: Send) -> None:
    await receive()
    for each in _ANSWER:
        await send(each)


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[1]), log_config=None, access_log=False, lifespan="off")
