"""What others may follow."""

from django.dispatch import Signal

numbers_changed = Signal()
"""Submissions got, changed or lost numbers that others see. Sent with `submissions`, in the transaction that
changes them, after everything else in it was locked; submissions without their keys (`no_key`), since others
may write rows that refer to them."""
