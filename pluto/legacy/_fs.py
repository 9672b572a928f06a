"""`pluto._fs` of the earlier client: which file systems are on a network."""

from pluto.file_system import is_on_network

__all__ = ["is_on_network"]
