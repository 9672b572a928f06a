"""What the public media classes of `pluto.file` are made of, one kind a module.

A value goes through three steps. Constructing it looks at its shape and raises for mistakes.
`snapshot` (on the thread that logs) stages its bytes as they are now, as plainly as possible, and
describes them as `Part`s. `encode` (on the uploader thread, or in a later process after a crash)
turns every part into one file of the blob store.
"""
