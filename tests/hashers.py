"""Passwords of tests: hashed as the site does it, so that it takes them, but once instead of a million times."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    iterations = 1
