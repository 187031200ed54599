"""A process of its own with a part of the crowd: each lane delivers its pushes one after the other.

Standard input: one line of JSON, {"port", "lanes": [[[who, path, body], ...], ...]}; then, when all
such processes are ready, a line "go". A line of JSON to standard output for each push: [number of
the lane, who, the answer's body, or null when it was given up]. It knows nothing of wxdesk, so that
it starts in a moment.
"""

import http.client
import json
import sys
import threading
import time

REDELIVERIES = 100
PAUSE_SECONDS = 0.3
_printing = threading.Lock()


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def deliver(connection: http.client.HTTPConnection, path: str, body: str) -> str | None:
    """As WeChat does: again until it is answered."""
    for _ in range(REDELIVERIES):
        try:
            connection.request("POST", path, body.encode())
            answer = connection.getresponse()
            text = answer.read().decode()
            if answer.status == 200:
                return text
        except (OSError, http.client.HTTPException):
            connection.close()
        time.sleep(PAUSE_SECONDS)
    return None


def run(port: int, number: int, pushes: list[list[str]], ready: threading.Barrier) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    ready.wait()
    for who, path, body in pushes:
        line = json.dumps([number, who, deliver(connection, path, body)])
        with _printing:
            say(line)
    connection.close()


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    ready = threading.Barrier(len(asked["lanes"]) + 1)
    threads = [
        threading.Thread(target=run, args=(asked["port"], number, pushes, ready))
        for number, pushes in enumerate(asked["lanes"])
    ]
    for thread in threads:
        thread.start()
    say("ready")
    sys.stdin.readline()
    ready.wait()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
