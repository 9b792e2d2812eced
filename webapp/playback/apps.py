from django.apps import AppConfig


class PlaybackConfig(AppConfig):
    """Stores follow the submissions whose masks they hold, which do not know of them."""

    name = "webapp.playback"

    def ready(self) -> None:
        from webapp.playback import services  # models are loaded only now
        from webapp.submissions.signals import numbers_changed

        numbers_changed.connect(services.ring_for_stores, dispatch_uid="playback")
