"""What others may follow."""

from django.dispatch import Signal

numbers_changed = Signal()
"""Submissions got, changed or lost numbers that others see. Sent with `submissions`, in the transaction that
changes them, after everything else in it was locked."""
