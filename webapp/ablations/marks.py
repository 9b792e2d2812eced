"""Writes of what people say of a study: its name, its place, and whether it shows."""

from webapp.ablations.models import KeptStudies, StudyMark
from webapp.accounts.models import User
from webapp.methods.models import Method
from webapp.refusal import Refused, check_one_line

TITLE_LIMIT = 150
LAST_PLACE = 999


def study_mark(
    *,
    actor: User,
    method: Method,
    key: str,
    title: str = "",
    place: int | None = None,
    is_hidden: bool = False,
) -> StudyMark:
    """Name, place or hide a study that was measured here, as one of whom the method is, or as staff.

    Raises Refused.
    """
    if not (actor.is_staff or actor.pk == method.owner_id):
        raise Refused(
            "not-yours", f"{method.name} is not yours.", "Ask its owner or an organiser.", status=403
        )
    kept = next(
        (
            one
            for one in KeptStudies.objects.filter(method=method)
            if any(study["key"] == key for study in one.studies)
        ),
        None,
    )
    if kept is None:
        raise Refused(
            "unknown-study", f"{method.name} has no study {key!r}.", "List them; they may change.", status=404
        )
    title = " ".join(title.split())
    check_one_line("title", title)
    if len(title) > TITLE_LIMIT:
        raise Refused(
            "title-too-long",
            f"title has {len(title)} characters.",
            f"Use at most {TITLE_LIMIT}, or leave it empty for the title as it was found.",
        )
    if place is not None and not 1 <= place <= LAST_PLACE:
        raise Refused("bad-place", f"place is {place}.", f"Choose a number from 1 to {LAST_PLACE}, or none.")
    mark, _ = StudyMark.objects.update_or_create(
        method=method,
        key=key,
        defaults={"split_id": kept.split_id, "title": title, "place": place, "is_hidden": is_hidden},
    )
    return mark
