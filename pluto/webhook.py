"""Posts alerts to the webhook of a chat: Slack, Discord, Mattermost and the like."""

from __future__ import annotations

import logging
import threading
import time
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from pluto.iface import new_client
from pluto.iface_read import transport_errors
from pluto.sets import Settings
from pluto.worker import Worker

logger = logging.getLogger("pluto")

REQUEST_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 3600.0


class Message(NamedTuple):
    """What is posted, where, and when (`time.monotonic()` seconds)."""

    due: float
    url: str
    text: str


class Webhook(Worker):
    """Posts messages from a thread of its own, which begins with the first one.

    What is still waiting for its time when the run ends is posted then.

    Args:
        settings: proxies and certificates.

    Example:
        >>> webhook = Webhook(setup())
        >>> webhook.post("https://hooks.slack.com/services/…", "the loss is NaN")
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__("pluto-webhook")
        self._settings = settings
        self._waiting: list[Message] = []
        self._lock_waiting = threading.Lock()  # guards _waiting and _started
        self._started = False

    def post(self, url: str, text: str, delay: float = 0.0) -> None:
        """Post `text` after `delay` seconds; returns at once."""
        with self._lock_waiting:
            self._waiting.append(Message(time.monotonic() + delay, url, text))
            is_first, self._started = not self._started, True
        if is_first:
            self.start()
        self.wake()

    def step(self) -> float:
        """Post what is due; return the seconds until the next message is."""
        now = time.monotonic()
        with self._lock_waiting:
            due = [each for each in self._waiting if each.due <= now]
            self._waiting = [each for each in self._waiting if each.due > now]
            pause = min((each.due - now for each in self._waiting), default=IDLE_SECONDS)
        for message in due:
            self._send(message)
        return pause

    def last_step(self) -> None:
        """Post everything that waits, whatever its time, as far as the deadline allows."""
        with self._lock_waiting:
            waiting, self._waiting = self._waiting, []
        for message in waiting:
            self._send(message)

    def _send(self, message: Message) -> None:
        host = urlsplit(message.url).hostname or "?"
        field = "content" if "discord" in host else "text"
        seconds = min(REQUEST_SECONDS, self.deadline - time.monotonic())
        if seconds <= 0:
            logger.warning("an alert was not posted to %s: no time was left", host)
            return
        failures: tuple[type[Exception], ...] = (*transport_errors(), OSError, ValueError)
        try:
            with new_client(self._settings, "", http2=False) as client:
                answer = client.post(message.url, json={field: message.text}, timeout=seconds)
        except failures as error:
            # The path of the address is a secret: neither it nor words about it are repeated.
            logger.warning("an alert was not posted to %s: %s", host, type(error).__name__)
            return
        if not answer.is_success:
            logger.warning("an alert was refused by %s: HTTP %d", host, answer.status_code)
