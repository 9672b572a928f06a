"""Names that only scripts and tests of the earlier client ask for; nothing here shapes the design.

`pluto` and `pluto.sync` have these directories at the end of their search paths: `pluto.util` is
`legacy/util.py`, `pluto.sync.retry` is `legacy/sync/retry.py`. Nothing is imported
until somebody does. docs/compatibility.md says what is offered.
"""
