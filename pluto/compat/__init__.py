"""Hooks into frameworks and stand-ins for other trackers: one module each, imported on request.

Importing a module whose framework is missing raises an ImportError that names what to install.
"""
