"""The Celery application: one beat entry, `tick`, and tasks that carry nothing but a run's id."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "finops.settings")

app = Celery("finops")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.imports = ("finops.tasks",)
app.conf.beat_schedule = {"tick": {"task": "finops.tick", "schedule": 60.0}}
