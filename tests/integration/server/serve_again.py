"""Serves a directory again and again: a process that has imported everything and forks servers.

usage: serve_again.py DATA PORT; a line on standard input starts a server, the next one kills it
with SIGKILL. Says "ready" once a server answers, and "killed".
"""

import os
import signal
import sys
from pathlib import Path

from pluto.server.serve import serve
from pluto.server.settings import ServerSettings


def main() -> None:
    settings = ServerSettings(Path(sys.argv[1]), auth="off", port=int(sys.argv[2]))
    server = 0
    for _ in sys.stdin:
        if server:
            os.kill(server, signal.SIGKILL)
            os.waitpid(server, 0)
            server = 0
            print("killed", flush=True)
        else:
            server = os.fork()
            if not server:
                serve(settings, lambda _: print("ready", flush=True))
                os._exit(0)
    if server:
        os.kill(server, signal.SIGTERM)
        os.waitpid(server, 0)


main()
