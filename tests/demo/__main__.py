"""`make demo`: CloudSync's services run together and play its story; ends with 1 if it goes wrong.

make demo
make demo ARGS="--all --traces demo.traces.jsonl"
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from demo.play import kept, play
from demo.story import SERVICES
from demo.system import UnhappyError, running, say


def main() -> int:
    """Play; the exit code."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--all", action="store_true", help="all services, not only those it needs")
    parser.add_argument("--traces", type=Path, help="write all spans there, as OTLP JSON")
    options = parser.parse_args()
    started = time.monotonic()
    only = () if options.all else SERVICES
    try:
        with tempfile.TemporaryDirectory(prefix="cloudsync-demo-") as folder:
            say("services come up …")
            with running(Path(folder), only) as found:
                say(f"{len(found.supervisor.all)} run after {time.monotonic() - started:.0f} s")
                play(found, say)
                if options.traces is not None:
                    kept(found, options.traces)
    except UnhappyError as error:
        sys.stderr.write(f"demo: {error}\n")
        return 1
    except KeyboardInterrupt:
        return 130
    say(f"all of it took {time.monotonic() - started:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
