"""A stand-in that is called by gRPC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from cloudsync_gen.model.standins import StandIn

Say = Callable[[str], None]

_GRACE = 1.0


@contextmanager
def serving(standin: StandIn, say: Say) -> Iterator[str]:
    """Answer on a free port of this machine; its URL. `say` is told of every call.

    A stream gets the one message that it is good for.
    """
    import grpc

    answers = {each.key: each for each in standin.answers}

    class Handler(grpc.GenericRpcHandler):
        def service(self, details: Any) -> Any:
            answer = answers.get(details.method)
            if answer is None:
                return None
            say(f"{standin.service} {answer.operation}")

            def stream(requests: Any, context: Any) -> Iterator[bytes]:
                for _ in requests:
                    break
                yield answer.content

            # the wire of a single answer and of a stream of one message is the same
            return grpc.stream_stream_rpc_method_handler(stream)

    server = grpc.server(ThreadPoolExecutor(max_workers=4))
    server.add_generic_rpc_handlers((Handler(),))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop(_GRACE).wait()
