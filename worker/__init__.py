"""The workers: the only place where site, evaluator and model meet. Importing the package sets Django up."""

import os

import django

# Every module here imports models. The name is also what makes Celery care for Django's connections.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "webapp.settings")
django.setup()
