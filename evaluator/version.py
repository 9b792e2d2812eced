"""The version that every report and digest carries; a change of any number changes it."""

__version__ = "1.0.0"
