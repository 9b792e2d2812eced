"""Passwords of tests are hashed as the site does it, so that it takes them, but not a million times over."""

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class QuickHasher(PBKDF2PasswordHasher):
    iterations = 1
