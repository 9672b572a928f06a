"""`pluto._fd_capture` of the earlier client: what hears the console at its descriptors."""

from pluto.console_taps import DescriptorTap, StreamTap

__all__ = ["DescriptorTap", "StreamTap"]
