"""`wxdesk up` with the named children only, which start in seconds on a busy machine.

`python part_of_up.py web worker-intake scheduler`: the same supervisor, Redis and commands. With
a hyphen, so that who looks for a worker's command line does not find this process.
"""

from __future__ import annotations

import sys

from wxdesk.commands.beginning import read_settings, say
from wxdesk.supervisor import Supervisor, process_tree, redis_child, wait_for_redis


def run(names: list[str]) -> None:
    settings = read_settings()
    redis = redis_child(settings)
    children = {child.name.replace(" ", "-"): child for child in process_tree(settings)}
    tree = Supervisor([redis, *(children[name] for name in names)], say)
    tree.listen_to_signals()
    try:
        tree.start(redis)
        wait_for_redis(settings, redis.process)
        tree.start_all()
        code = tree.watch()
    finally:
        tree.stop_all()
    sys.exit(code)


if __name__ == "__main__":
    run(sys.argv[1:])
