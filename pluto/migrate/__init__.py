"""Imports runs from other trackers: one module for each source, one writer for all of them.

A source reads files (or a service) and yields `pluto.migrate.run.SourceRun`; `pluto.migrate.target`
makes a run directory of each. Another import takes only what is new, so that it can be repeated.
"""
