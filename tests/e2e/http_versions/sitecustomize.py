"""Writes down the HTTP version of each answer that this process or a child of it gets.

With the directory of this file in PYTHONPATH, Python imports it when it starts.
"""

import os
from typing import Any

import httpx

_send = httpx.Client.send


def send(client: httpx.Client, request: httpx.Request, **options: Any) -> httpx.Response:
    """Send as ever, and add a line "HTTP/2 200 /path" to the file that $HTTP_ANSWERS names."""
    answer = _send(client, request, **options)
    with open(os.environ["HTTP_ANSWERS"], "a") as file:
        file.write(f"{answer.http_version} {answer.status_code} {request.url.path}\n")
    return answer


httpx.Client.send = send  # type: ignore[method-assign, assignment]
