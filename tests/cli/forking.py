"""Commands of `wxdesk`, each in a process of its own, forked from one that has imported it all.

Importing takes longer than most commands. It reads what to run from its standard input, a line of
JSON each, and answers with the exit code; it ends when its standard input does.
"""

import atexit
import gc
import json
import os
import signal
import sys
import traceback
from pkgutil import resolve_name

from wxdesk.cli import COMMANDS, main

MOST_SECONDS = 60


def await_command() -> None:
    """Returns only in a new process, which then is the one to run the command."""
    while line := sys.stdin.readline():
        child = os.fork()
        if not child:
            become(**json.loads(line))
            return
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()
    sys.exit()


def become(words: list[str], environment: dict[str, str], files: list[str]) -> None:
    """`files` become the standard input, output and error."""
    signal.alarm(MOST_SECONDS)
    os.environ.clear()
    os.environ.update(environment)
    for number, name in enumerate(files):
        os.dup2(os.open(name, os.O_RDWR), number)
    sys.argv = ["wxdesk", *words]


def run() -> int:
    """As Python would end after it, but for taking all the modules to pieces: half a second."""
    code = 1
    try:
        main()
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 -- printed as Python would
        traceback.print_exc()
    atexit._run_exitfuncs()
    sys.stdout.flush()
    sys.stderr.flush()
    return code


if __name__ == "__main__":
    imported = [resolve_name(path) for name, path in COMMANDS.items() if name != "bench"]
    gc.freeze()
    await_command()
    os._exit(run())
