"""Boards as they are kept: which submission stands for each variant, its numbers, and their ranks.

All of it follows from submissions and scores. `leaderboards.services` writes rows and numbers, in the
transaction that changes a submission; `leaderboards.ranks` writes ranks, in a task of the housekeeper a
moment later.
"""

from django.db import models


class Board(models.Model):
    """One table to show: of a split, or of a subset of its videos.

    A split with published numbers has a second one of these alone (`is_printed`), which everybody but the
    organisers sees while its scores are hidden.
    """

    split = models.ForeignKey("benchmarks.Split", on_delete=models.CASCADE, related_name="boards")
    subset = models.ForeignKey(
        "benchmarks.VideoSubset", null=True, blank=True, on_delete=models.CASCADE, related_name="boards"
    )
    is_printed = models.BooleanField(default=False)
    version = models.PositiveBigIntegerField(default=0, help_text="counts what changed")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["split", "subset", "is_printed"], nulls_distinct=False, name="board_unique"
            )
        ]

    def __str__(self) -> str:
        return f"{self.subset or self.split}{', published numbers' if self.is_printed else ''}"


class BoardRow(models.Model):
    """The best public submission of a variant by the primary metric; or one that is shown besides it.

    Besides it stand second readings of published numbers (`is_secondary`), and private submissions that are
    better (`is_public` is false), which their authors alone see. Neither of them ever has a rank.
    """

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="rows")
    variant = models.ForeignKey("methods.Variant", on_delete=models.CASCADE, related_name="board_rows")
    submission = models.ForeignKey(
        "submissions.Submission", on_delete=models.CASCADE, related_name="board_rows"
    )
    is_public = models.BooleanField()
    is_secondary = models.BooleanField()
    is_measured = models.BooleanField(help_text="off: scored here before the subset was made")
    stand_in = models.PositiveSmallIntegerField(
        null=True, help_text="without the primary metric: which of its others orders the row, from 0"
    )
    stand_in_value = models.FloatField(null=True, help_text="its value; more is better")
    params_m = models.FloatField(null=True, help_text="millions of parameters")
    gmacs = models.FloatField(null=True, help_text="billions of multiply-adds per frame")
    fps = models.FloatField(null=True, help_text="frames per second on `device`")
    device = models.CharField(max_length=120, blank=True, help_text="empty: not named, or several")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["board", "submission"], name="board_row_submission_unique"),
            models.UniqueConstraint(
                fields=["board", "variant"],
                condition=models.Q(is_public=True, is_secondary=False),
                name="board_row_variant_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.submission_id} on {self.board_id}"


class BoardColumn(models.Model):
    """A metric of a board, and how its ranks were made."""

    board = models.ForeignKey(Board, on_delete=models.CASCADE, related_name="columns")
    metric = models.CharField(max_length=40)
    changes = models.PositiveBigIntegerField(default=0, help_text="of numbers that are ranked, counted")
    ranked = models.PositiveBigIntegerField(default=0, help_text="`changes` when the ranks were made")
    power = models.PositiveIntegerField(default=0, help_text="of two: rows for which the threshold is made")
    draws = models.CharField(max_length=100, blank=True, help_text="of which ground truth, and how many")
    counted = models.PositiveIntegerField(default=0, help_text="rows that are compared by their draws")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["board", "metric"], name="board_column_unique"),
        ]

    def __str__(self) -> str:
        return f"{self.metric} on {self.board_id}"

    @property
    def is_ranked(self) -> bool:
        """Whether the ranks are those of today's numbers."""
        return self.ranked == self.changes


class Standing(models.Model):
    """One number of a row, and where it stands among those of all public rows of its board.

    One without a row has left its board: the counts of others still hold its comparisons.
    """

    row = models.ForeignKey(BoardRow, null=True, on_delete=models.CASCADE, related_name="standings")
    column = models.ForeignKey(BoardColumn, on_delete=models.CASCADE, related_name="standings")
    value = models.FloatField(help_text="a fraction, rounded so that equal numbers are equal")
    samples = models.BigIntegerField(
        null=True, help_text="key of its draws, in ScoreSamples or for a subset in SubsetScore"
    )
    is_counted = models.BooleanField(default=False, help_text="`above` and `below` of others hold it")
    rank = models.PositiveIntegerField(null=True, help_text="empty: being computed, or it does not compete")
    is_tied = models.BooleanField(default=False, help_text="another row has the same rank")
    rank_low = models.PositiveIntegerField(null=True)
    rank_high = models.PositiveIntegerField(null=True)
    tie_group = models.PositiveIntegerField(null=True, help_text="rank of the first row of its group")
    above = models.PositiveIntegerField(default=0, help_text="rows that surely beat it")
    below = models.PositiveIntegerField(default=0, help_text="rows that it surely beats")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["row", "column"], name="standing_unique")]
        indexes = [models.Index(fields=["column", "value"])]

    def __str__(self) -> str:
        return f"{self.value} ({self.rank or 'no rank'})"
