from django.apps import AppConfig


class AnalysesConfig(AppConfig):
    """Analyses follow the submissions that they explain, which do not know of them."""

    name = "webapp.submissions.analyses"

    def ready(self) -> None:
        from webapp.submissions.analyses import services  # models are loaded only now
        from webapp.submissions.signals import numbers_changed

        numbers_changed.connect(services.ring_for_analyses, dispatch_uid="analyses")
