"""`python -m ngoma run main.py`: runs a service over the line protocol."""

from __future__ import annotations

import os
import sys

#: Set by the engine for a worker it started.
_WORKER = "NGOMA_WORKER"
_USAGE = "usage: python -m ngoma run FILE.py"


def main(arguments: list[str]) -> int:
    """Runs a command; gives the exit code."""
    if len(arguments) != 2 or arguments[0] != "run":
        print(_USAGE, file=sys.stderr)
        return 2
    settings = os.environ.pop(_WORKER, None)
    if settings is not None:
        # Only here: what a worker needs is not there on every system.
        from ngoma.worker import Settings, Worker

        Worker(Settings.read(settings)).run(arguments[1])
        return 0
    from ngoma import standalone

    code, name = os.path.split(os.path.abspath(arguments[1]))
    return standalone.run(code, name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
