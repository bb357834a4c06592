"""The house itself as an application: its outbox, its reconcilers' leases, its check that every view has a rule."""

from django.apps import AppConfig


class House(AppConfig):
    """What all rooms share."""

    name = "twain_web"
    label = "house"
    verbose_name = "Twain"
