"""Bootstrap intervals, paired comparisons and subsets of videos."""
