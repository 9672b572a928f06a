"""Modules of the earlier client's `pluto.sync`, beside what is in `pluto/sync`."""
