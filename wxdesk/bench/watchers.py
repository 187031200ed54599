"""Many open browsers that only listen, and how much memory a process takes for them."""

from __future__ import annotations

import contextlib
import selectors
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path

from wxdesk.bench.clients import TopicStream

KIB_A_MB = 1024


@contextlib.contextmanager
def watching(port: int, cookies: Sequence[str], count: int) -> Iterator[list[int]]:
    """`count` streams that read all they get; gives a list with how many the server has ended."""
    streams = [TopicStream(port, cookies[number % len(cookies)]) for number in range(count)]
    stop = threading.Event()
    ended: list[int] = []
    reader = threading.Thread(target=_read, args=(streams, stop, ended), daemon=True)
    reader.start()
    try:
        yield ended
    finally:
        stop.set()
        reader.join()
        for stream in streams:
            stream.close()


def _read(streams: Sequence[TopicStream], stop: threading.Event, ended: list[int]) -> None:
    with selectors.DefaultSelector() as selector:
        for number, stream in enumerate(streams):
            selector.register(stream.socket, selectors.EVENT_READ, number)
        while not stop.is_set():
            for key, _events in selector.select(timeout=0.5):
                if not streams[key.data].socket.recv(65_536):
                    selector.unregister(key.fileobj)
                    ended.append(key.data)


def largest_mb(root: int, *words: str) -> int | None:
    """Resident memory of the largest process below `root` whose command has these words.

    None where there is no /proc.
    """
    sizes = [_resident(pid) for pid in _family(root) if _is_named(pid, words)]
    return max(sizes) // KIB_A_MB if sizes else None


def _family(root: int) -> list[int]:
    parents = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            fields = (folder / "stat").read_text().rpartition(")")[2].split()
            parents[int(folder.name)] = int(fields[1])
    family = [root]
    for pid in family:
        family += [child for child, parent in parents.items() if parent == pid]
    return family


def _is_named(pid: int, words: Sequence[str]) -> bool:
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace")
    except OSError:
        return False
    return all(word in command for word in words)


def _resident(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1])
    return 0
