from django.apps import AppConfig


class LeaderboardsConfig(AppConfig):
    """Boards follow the submissions and subsets below them, which do not know of boards."""

    name = "webapp.leaderboards"

    def ready(self) -> None:
        from webapp.leaderboards import follow  # models are loaded only now

        follow.connect()
